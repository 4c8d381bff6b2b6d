//! What goes on without Redis, and what does not.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Customer, PASSWORD, TestApp, sample, top_code};

async fn status(app: &TestApp, path: &str) -> u16 {
    reqwest::get(format!("{}{path}", app.url)).await.unwrap().status().as_u16()
}

async fn send_reading(customer: &Customer, account: &str, key: &str) -> serde_json::Value {
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount {
        meters { id lastReading { values { register value } } } } } }";
    let data = customer.ask(query, json!({ "id": account })).await;
    let meter = &data["node"]["meters"][0];
    let values = &meter["lastReading"]["values"];
    let reading = json!({ "meterId": meter["id"], "values": values, "confirmWarnings": true });
    let input = json!({ "readings": [reading], "idempotencyKey": key });
    customer.mutate("submitMeterReadings", "readings { id }", input).await
}

async fn pay(app: &TestApp, customer: &Customer, account: &str, key: &str) {
    let input = json!({ "personalAccountId": account, "amount": { "custom": "100" }, "idempotencyKey": key });
    let payload = customer.mutate("startPayment", "payment { id confirmationUrl }", input).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    app.bank(payload["payment"]["confirmationUrl"].as_str().unwrap(), "pay").await;
    app.advance(TimeDelta::seconds(11));
    app.drain().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { status } } }";
    let data = customer.ask(query, json!({ "id": payload["payment"]["id"] })).await;
    assert_eq!(data["node"]["status"], "SUCCEEDED");
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_in_person_goes_on_reading_submitting_and_paying() {
    let (app, redis) = TestApp::start_behind_proxy().await;
    let customer = app.confirmed_customer("anna@example.com").await;
    let debtor = sample("debt");
    let account = customer.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;

    redis.cut();
    // Beyond the moment for which a session is taken as fresh.
    app.advance(TimeDelta::seconds(2));
    assert_eq!(customer.balance(&account).await, debtor.debt);
    assert_eq!(send_reading(&customer, &account, "lost").await["userErrors"], json!([]));
    pay(&app, &customer, &account, "lost").await;

    // Not for ever: a session that was ended elsewhere must not live on.
    app.advance(TimeDelta::minutes(16));
    let (_, answer) = customer.post("{ viewer { email } }", json!({})).await;
    assert_eq!(top_code(&answer), "UNAVAILABLE");

    redis.restore();
    assert_eq!(customer.ask("{ viewer { email } }", json!({})).await["viewer"]["email"], "anna@example.com");
    pay(&app, &customer, &account, "back").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_and_confirmation_are_unavailable_and_work_again_without_a_restart() {
    let (app, redis) = TestApp::start_behind_proxy().await;
    let mut customer = app.customer();
    customer.register("anna@example.com").await;
    app.drain().await;
    let token = app.confirmation_token("anna@example.com");

    redis.cut();
    let confirm =
        "mutation($token: String!) { confirmEmail(input: { token: $token }) { user { id } userErrors { code } } }";
    let (_, answer) = customer.post(confirm, json!({ "token": token })).await;
    assert_eq!(top_code(&answer), "UNAVAILABLE");
    let page = app.confirm_on_page(&token).await;
    assert_eq!(page.as_u16(), 503);
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }";
    let right = json!({ "input": { "email": "anna@example.com", "password": PASSWORD } });
    let (_, answer) = customer.post(sign_in, right).await;
    assert_eq!(top_code(&answer), "UNAVAILABLE");

    redis.restore();
    let payload = customer.confirm(&token).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    customer.sign_in("anna@example.com").await;
    let data = customer.ask("{ viewer { emailConfirmedAt } }", json!({})).await;
    assert!(data["viewer"]["emailConfirmedAt"].is_string());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_sign_in_and_registration_after_redis_is_back_succeed() {
    let (app, redis) = TestApp::start_behind_proxy().await;
    let mut customer = app.confirmed_customer("anna@example.com").await;
    customer.token = None;
    redis.cut();
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }";
    let right = json!({ "input": { "email": "anna@example.com", "password": PASSWORD } });
    let (_, answer) = customer.post(sign_in, right).await;
    assert_eq!(top_code(&answer), "UNAVAILABLE");
    redis.restore();
    customer.sign_in("anna@example.com").await;

    redis.cut();
    assert_eq!(status(&app, "/health/ready").await, 503);
    redis.restore();
    customer.token = None;
    customer.register("boris@example.com").await;
    app.drain().await;
    app.confirmation_token("boris@example.com");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_alive_but_not_ready_while_redis_is_away() {
    let (app, redis) = TestApp::start_behind_proxy().await;
    assert_eq!(status(&app, "/health/ready").await, 200);
    redis.cut();
    assert_eq!(status(&app, "/health/ready").await, 503);
    assert_eq!(status(&app, "/health/live").await, 200);
    // What needs no key goes on, for people who are not signed in too.
    let data = app.customer().ask("{ providers(first: 1) { edges { node { code } } } }", json!({})).await;
    assert!(data["providers"]["edges"][0]["node"]["code"].is_string());
    redis.restore();
    assert_eq!(status(&app, "/health/ready").await, 200);
    app.finish().await;
}
