//! Neither the work that is done before an answer nor the moment of what follows tells whether an address is known.

use chrono::TimeDelta;
use entity::user;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, TestApp, Way, agreements, both_ways};

const CONFIRMED: &str = "anna@example.com";
const UNCONFIRMED: &str = "boris@example.com";
const NEW: &str = "clara@example.com";

async fn register(customer: &Customer, email: &str, password: &str, captcha: String) -> Value {
    let input = json!({ "email": email, "password": password, "captcha": captcha, "locale": "EN",
        "acceptedAgreements": agreements() });
    customer.mutate("register", "email", input).await
}

async fn sign_in(customer: &Customer, email: &str, password: &str) -> Value {
    customer.mutate("signIn", "token", json!({ "email": email, "password": password })).await
}

both_ways!(every_address_costs_as_many_statements, |app| {
    app.confirmed_customer(CONFIRMED).await;
    app.customer().register(UNCONFIRMED).await;
    app.drain().await;
    let mut costs = Vec::new();
    for email in [CONFIRMED, UNCONFIRMED, NEW] {
        let mut customer = app.customer();
        customer.device = "stranger/1";
        let (failed, _) = app.statements(sign_in(&customer, email, "a wrong password 7")).await;
        let captcha = customer.solve_captcha().await;
        let (registered, _) = app.statements(register(&customer, email, "another password 9", captcha)).await;
        customer.token = sign_in(&customer, email, "another password 9").await["token"].as_str().map(str::to_owned);
        app.advance(TimeDelta::minutes(1));
        let letter = "mutation { resendConfirmation { userErrors { code } } }";
        let (resent, _) = app.statements(customer.ask(letter, json!({}))).await;
        let captcha = customer.solve_captcha_for("RESET_PASSWORD").await;
        let wish = json!({ "email": email, "captcha": captcha });
        let (forgotten, _) = app.statements(app.customer().mutate("requestPasswordReset", "email", wish)).await;
        costs.push((email, [failed, registered, resent, forgotten]));
    }
    assert_eq!(costs[0].1, costs[2].1, "{costs:?}");
    assert_eq!(costs[1].1, costs[2].1, "{costs:?}");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_registration_with_the_owners_password_costs_as_many_statements, |app| {
    app.customer().register(CONFIRMED).await;
    app.drain().await;
    app.customer().confirm(&app.confirmation_token(CONFIRMED)).await;
    let customer = app.customer();
    let mut costs = Vec::new();
    for email in [CONFIRMED, NEW] {
        let captcha = customer.solve_captcha().await;
        costs.push(app.statements(register(&customer, email, PASSWORD, captcha)).await.0);
    }
    assert_eq!(costs[0], costs[1]);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_session_from_before_the_cabinet_goes_on_in_it, |app| {
    let mut customer = app.customer();
    customer.register(NEW).await;
    customer.sign_in(NEW).await;
    let me = "{ viewer { id email confirmationExpiresAt } }";
    let before = customer.ask(me, json!({})).await;
    assert_eq!(user::Entity::find().count(app.app.mechanisms.db.read()).await.unwrap(), 0);
    app.drain().await;
    assert_eq!(user::Entity::find().count(app.app.mechanisms.db.read()).await.unwrap(), 1);
    assert_eq!(customer.ask(me, json!({})).await, before);
    customer.confirm(&app.confirmation_token(NEW)).await;
    let mut confirmed = app.customer();
    confirmed.sign_in(NEW).await;
    assert_eq!(confirmed.ask("{ viewer { id } }", json!({})).await["viewer"]["id"], before["viewer"]["id"]);
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_an_answer_waits_for_a_random_moment() {
    for way in [Way::Embedded, Way::Full] {
        let app = TestApp::start_with(way, &[("KABINET__IDENTITY__DISCRETION_SECONDS", "60")]).await;
        let made = async || user::Entity::find().count(app.app.mechanisms.db.read()).await.unwrap();
        let customer = app.customer();
        for number in 0..6 {
            customer.register(&format!("person{number}@example.com")).await;
        }
        let mut by_second = Vec::new();
        for _ in 0..=60 {
            app.drain().await;
            by_second.push(made().await);
            app.advance(TimeDelta::seconds(1));
        }
        assert_eq!(by_second.last(), Some(&6));
        by_second.dedup();
        assert!(by_second.len() > 2, "they come one by one: {by_second:?}");
        assert!(app.customer().try_to_sign_in("person0@example.com", PASSWORD).await);
        app.discard_letters();
        app.finish().await;
    }
}
