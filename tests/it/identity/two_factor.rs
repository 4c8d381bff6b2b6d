//! A second factor is set up, ended, and gets other recovery codes.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use entity::{recovery_code, two_factor};
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::harness::{Authenticator, Customer, PASSWORD, TestApp, both_ways, top_code, user_errors};

const EMAIL: &str = "anna@example.com";

async fn begin(customer: &Customer) -> Value {
    let input = json!({ "stepUp": { "password": PASSWORD } });
    customer.mutate("beginTwoFactor", "secret otpauthUri qrSvg expiresAt", input).await
}

async fn confirm(customer: &Customer, code: &str) -> Value {
    customer.mutate("confirmTwoFactor", "viewer { email } recoveryCodes", json!({ "code": code })).await
}

async fn regenerate(customer: &Customer, code: &str) -> Value {
    let input = json!({ "stepUp": { "password": PASSWORD, "twoFactorCode": code } });
    customer.mutate("regenerateRecoveryCodes", "viewer { email } recoveryCodes", input).await
}

async fn disable(customer: &Customer, code: &str) -> Value {
    let input = json!({ "stepUp": { "password": PASSWORD, "twoFactorCode": code } });
    customer.mutate("disableTwoFactor", "viewer { email twoFactor { enabled } }", input).await
}

async fn status(customer: &Customer) -> Value {
    let query = "{ viewer { twoFactor { enabled confirmedAt recoveryCodesLeft } } }";
    customer.ask(query, json!({})).await["viewer"]["twoFactor"].take()
}

async fn last_event(customer: &Customer) -> Value {
    let data = customer.ask("{ viewer { auditEvents(first: 1) { edges { node { kind } } } } }", json!({})).await;
    data["viewer"]["auditEvents"]["edges"][0]["node"]["kind"].clone()
}

fn off() -> Value {
    json!({ "enabled": false, "confirmedAt": null, "recoveryCodesLeft": 0 })
}

fn one(code: &str, field: &Value) -> Vec<(String, Value)> {
    vec![(code.to_owned(), field.clone())]
}

/// The one letter since the last.
async fn told(app: &TestApp, subject: &str, says: &str) {
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.iter().map(|letter| letter.subject.as_str()).collect::<Vec<_>>(), [subject]);
    for text in [&letters[0].text, &letters[0].html] {
        assert!(text.contains(says) && text.contains("2026-06-20 12:") && text.contains("127.0.0.1"), "{text}");
    }
}

both_ways!(a_factor_is_set_up_by_its_first_code_and_the_owner_is_told, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    assert_eq!(status(&customer).await, off());
    let begun = begin(&customer).await;
    assert_eq!(begun["userErrors"], json!([]));
    let secret = begun["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32, "160 bits");
    let uri = format!("otpauth://totp/127.0.0.1:anna%40example.com?secret={secret}&issuer=127.0.0.1");
    assert_eq!(begun["otpauthUri"], uri);
    assert!(begun["qrSvg"].as_str().unwrap().starts_with("<svg "));
    assert_eq!(begun["expiresAt"], "2026-06-20T09:15:00Z");
    // Nothing is asked for yet.
    assert_eq!(status(&customer).await, off());
    assert!(app.customer().try_to_sign_in(EMAIL, PASSWORD).await);

    let phone = Authenticator::new(secret, &app.clock);
    let rejected = confirm(&customer, &phone.wrong_code()).await;
    assert_eq!(user_errors(&rejected), one("TWO_FACTOR_REJECTED", &json!(["code"])));
    assert_eq!(rejected["recoveryCodes"], Value::Null);
    let confirmed = confirm(&customer, &phone.code()).await;
    assert_eq!(confirmed["viewer"]["email"], EMAIL);
    let codes: BTreeSet<_> = confirmed["recoveryCodes"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(codes.len(), 10);
    let on = json!({ "enabled": true, "confirmedAt": "2026-06-20T09:00:00Z", "recoveryCodesLeft": 10 });
    assert_eq!(status(&customer).await, on);
    assert_eq!(last_event(&customer).await, "SECOND_FACTOR_ENABLED");
    told(&app, "A second factor was set up", "needs a code of your app").await;
    app.finish().await;
});

both_ways!(a_secret_waits_a_quarter_of_an_hour_and_the_latest_one_counts, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    assert_eq!(user_errors(&confirm(&customer, "123456").await), one("TWO_FACTOR_NOT_BEGUN", &Value::Null));
    let first = Authenticator::new(begin(&customer).await["secret"].as_str().unwrap(), &app.clock);
    let second = Authenticator::new(begin(&customer).await["secret"].as_str().unwrap(), &app.clock);
    let rejected = confirm(&customer, &first.code()).await;
    assert_eq!(user_errors(&rejected), one("TWO_FACTOR_REJECTED", &json!(["code"])));
    app.advance(TimeDelta::minutes(15));
    assert_eq!(user_errors(&confirm(&customer, &second.code()).await), one("TWO_FACTOR_NOT_BEGUN", &Value::Null));
    let third = Authenticator::new(begin(&customer).await["secret"].as_str().unwrap(), &app.clock);
    app.advance(TimeDelta::seconds(899));
    assert_eq!(confirm(&customer, &third.code()).await["viewer"]["email"], EMAIL);
    for payload in [begin(&customer).await, confirm(&customer, &third.code()).await] {
        assert_eq!(user_errors(&payload), one("TWO_FACTOR_ALREADY_ENABLED", &Value::Null));
    }
    told(&app, "A second factor was set up", "set up").await;
    app.finish().await;
});

both_ways!(a_factor_half_set_up_is_not_guessed_into_force, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let phone = Authenticator::new(begin(&customer).await["secret"].as_str().unwrap(), &app.clock);
    for _ in 0..5 {
        let rejected = confirm(&customer, &phone.wrong_code()).await;
        assert_eq!(user_errors(&rejected), one("TWO_FACTOR_REJECTED", &json!(["code"])));
    }
    assert_eq!(user_errors(&confirm(&customer, &phone.code()).await), one("TOO_MANY_TRIES", &json!(["code"])));
    app.finish().await;
});

both_ways!(of_many_confirmations_at_once_one_gets_the_codes, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let phone = Authenticator::new(begin(&customer).await["secret"].as_str().unwrap(), &app.clock);
    let code = phone.code();
    let payloads = join_all((0..5).map(|_| confirm(&customer, &code))).await;
    assert_eq!(payloads.iter().filter(|payload| payload["recoveryCodes"].is_array()).count(), 1, "{payloads:?}");
    assert_eq!(status(&customer).await["recoveryCodesLeft"], 10);
    told(&app, "A second factor was set up", "set up").await;
    app.finish().await;
});

both_ways!(a_factor_that_is_ended_asks_for_nothing_and_the_owner_is_told, |app| {
    let (customer, phone, codes) = app.two_factor_customer(EMAIL).await;
    let code = phone.code();
    let disabled = disable(&customer, &code).await;
    assert_eq!(disabled["viewer"], json!({ "email": EMAIL, "twoFactor": { "enabled": false } }));
    told(&app, "The second factor was disabled", "the password is enough").await;
    assert_eq!(last_event(&customer).await, "SECOND_FACTOR_DISABLED");
    assert_eq!(status(&customer).await, off());
    assert!(customer.is_signed_in().await);
    assert!(app.customer().try_to_sign_in(EMAIL, PASSWORD).await);
    for payload in [disable(&customer, &code).await, regenerate(&customer, &codes[0]).await] {
        assert_eq!(user_errors(&payload), one("TWO_FACTOR_NOT_ENABLED", &Value::Null));
    }
    assert_eq!(begin(&customer).await["userErrors"], json!([]), "another one may be set up");
    app.finish().await;
});

both_ways!(new_recovery_codes_make_the_old_ones_void_and_the_owner_is_told, |app| {
    let (customer, phone, old) = app.two_factor_customer(EMAIL).await;
    let new = regenerate(&customer, &phone.code()).await["recoveryCodes"].take();
    told(&app, "The recovery codes were replaced", "The old ones work no more").await;
    assert_eq!(last_event(&customer).await, "RECOVERY_CODES_REPLACED");
    let rejected = regenerate(&customer, &old[0]).await;
    assert_eq!(user_errors(&rejected), one("TWO_FACTOR_REJECTED", &json!(["stepUp", "twoFactorCode"])));
    // Two at once leave one set.
    let payloads = join_all([&new[0], &new[1]].map(|code| regenerate(&customer, code.as_str().unwrap()))).await;
    assert!(payloads.iter().any(|payload| payload["recoveryCodes"].is_array()), "{payloads:?}");
    assert_eq!(status(&customer).await["recoveryCodesLeft"], 10);
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_copy_of_the_database_tells_no_secret_and_no_code, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let begun = begin(&customer).await;
    let secret = begun["secret"].as_str().unwrap();
    let confirmed = confirm(&customer, &Authenticator::new(secret, &app.clock).code()).await;
    let db = app.app.mechanisms.db.read();
    let factor = two_factor::Entity::find().one(db).await.unwrap().unwrap();
    assert!(!factor.secret.contains(secret) && factor.secret.len() > 60, "{}", factor.secret);
    let kept = recovery_code::Entity::find().all(db).await.unwrap();
    assert_eq!(kept.len(), 10);
    let shown = confirmed["recoveryCodes"].to_string().to_lowercase();
    assert!(kept.iter().all(|code| code.code_hash.len() == 64 && !shown.contains(&code.code_hash)));
    told(&app, "A second factor was set up", "set up").await;
    app.finish().await;
});

both_ways!(only_a_confirmed_person_has_a_second_factor_and_nobody_sees_anothers, |app| {
    let acts = [
        ("beginTwoFactor", json!({ "stepUp": { "password": PASSWORD } })),
        ("confirmTwoFactor", json!({ "code": "123456" })),
        ("disableTwoFactor", json!({ "stepUp": { "password": PASSWORD } })),
        ("regenerateRecoveryCodes", json!({ "stepUp": { "password": PASSWORD } })),
    ];
    let mut customer = app.customer();
    for (act, input) in &acts {
        let name = format!("{}{}", act[..1].to_uppercase(), &act[1..]);
        let query = format!("mutation($input: {name}Input!) {{ {act}(input: $input) {{ userErrors {{ code }} }} }}");
        let (_, answer) = customer.post(&query, json!({ "input": input })).await;
        assert_eq!(top_code(&answer), "UNAUTHENTICATED", "{act}");
    }
    customer.register(EMAIL).await;
    app.drain().await;
    let token = app.confirmation_token(EMAIL);
    customer.sign_in(EMAIL).await;
    for (act, input) in &acts {
        let payload = customer.mutate(act, "__typename", input.clone()).await;
        assert_eq!(user_errors(&payload), one("EMAIL_NOT_CONFIRMED", &Value::Null), "{act}");
    }
    // Whoever holds a link reads whose it is, and nothing more.
    let query = "mutation($token: String!) { confirmEmail(input: { token: $token }) {
        user { email twoFactor { enabled } } userErrors { code } } }";
    let (_, answer) = app.customer().post(query, json!({ "token": token })).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    app.finish().await;
});
