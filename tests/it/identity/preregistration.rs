//! Somebody registers an address that is not theirs: whoever reads its mail must not keep a stranger's password.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, agreements, both_ways, user_errors};

const EMAIL: &str = "anna@example.com";
const STRANGERS: &str = "the stranger knows 7";

async fn register_with(app: &TestApp, password: &str) {
    register_at(app, EMAIL, password).await;
}

async fn register_at(app: &TestApp, email: &str, password: &str) {
    let person = app.customer();
    let captcha = person.solve_captcha().await;
    let input = json!({ "email": email, "password": password, "captcha": captcha, "locale": "EN",
        "acceptedAgreements": agreements() });
    assert_eq!(person.mutate("register", "email", input).await["userErrors"], json!([]));
    app.drain().await;
}

async fn confirm_with(app: &TestApp, token: &str, password: Value) -> Value {
    let input = json!({ "token": token, "password": password });
    app.customer().mutate("confirmEmail", "user { email }", input).await
}

/// A stranger's password may begin a session of an unconfirmed person, who has no cabinet.
async fn opens_the_cabinet(app: &TestApp, email: &str, password: &str) -> bool {
    let mut person = app.customer();
    if !person.try_to_sign_in(email, password).await {
        return false;
    }
    !person.ask("{ viewer { emailConfirmedAt } }", json!({})).await["viewer"]["emailConfirmedAt"].is_null()
}

both_ways!(the_password_typed_on_the_page_replaces_the_one_of_whoever_registered, |app| {
    register_with(&app, STRANGERS).await;
    let mut stranger = app.customer();
    assert!(stranger.try_to_sign_in(EMAIL, STRANGERS).await);
    let token = app.confirmation_token(EMAIL);
    assert_eq!(app.post_link("/confirm-email", &token, "short").await.as_u16(), 422);
    assert_eq!(app.post_link("/confirm-email", &token, "").await.as_u16(), 422);
    assert_eq!(app.post_link("/confirm-email", &token, PASSWORD).await.as_u16(), 200);
    assert!(!stranger.is_signed_in().await);
    assert!(!stranger.try_to_sign_in(EMAIL, STRANGERS).await);
    app.customer().sign_in(EMAIL).await;
    app.finish().await;
});

both_ways!(an_address_registered_twice_is_confirmed_only_with_a_password, |app| {
    for (email, first, second) in
        [("anna@example.com", STRANGERS, PASSWORD), ("boris@example.com", PASSWORD, STRANGERS)]
    {
        register_at(&app, email, first).await;
        app.advance(TimeDelta::minutes(1));
        register_at(&app, email, second).await;
        let token = app.confirmation_token(email);
        let payload = confirm_with(&app, &token, Value::Null).await;
        assert_eq!(user_errors(&payload), [("PASSWORD_NEEDED".to_owned(), json!(["password"]))]);
        let payload = confirm_with(&app, &token, json!("short")).await;
        assert_eq!(user_errors(&payload), [("PASSWORD_TOO_SHORT".to_owned(), json!(["password"]))]);
        let payload = confirm_with(&app, &token, json!(PASSWORD)).await;
        assert_eq!(payload, json!({ "user": { "email": email }, "userErrors": [] }));
        assert!(!opens_the_cabinet(&app, email, STRANGERS).await);
        assert!(opens_the_cabinet(&app, email, PASSWORD).await);
    }
    app.finish().await;
});

both_ways!(of_two_hundred_confirmations_with_passwords_one_sets_its_own, |app| {
    register_with(&app, STRANGERS).await;
    let token = app.confirmation_token(EMAIL);
    let input = |number| json!({ "token": token, "password": format!("word of guest {number}") });
    let done = app.customer().use_at_once("confirmEmail", (0..200).map(input).collect()).await;
    assert_eq!(done.len(), 1);
    for number in [done[0], (done[0] + 1) % 200] {
        let opens = app.customer().try_to_sign_in(EMAIL, &format!("word of guest {number}")).await;
        assert_eq!(opens, number == done[0]);
    }
    app.finish().await;
});
