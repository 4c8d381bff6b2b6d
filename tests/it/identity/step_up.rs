//! The proof that is asked again before a risky act.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, both_ways, user_errors};

const EMAIL: &str = "anna@example.com";
const NEW: &str = "a new password 8";

async fn change(customer: &Customer, current: &str, new: &str) -> Value {
    let input = json!({ "currentPassword": current, "newPassword": new });
    customer.mutate("changePassword", "viewer { email }", input).await
}

both_ways!(right_proofs_cost_no_try_and_give_no_wrong_one_back, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let mut passwords = [PASSWORD, NEW];
    for _ in 0..4 {
        let [old, new] = passwords;
        let wrong = change(&customer, "a guess 1234", new).await;
        assert_eq!(user_errors(&wrong), [("WRONG_PASSWORD".to_owned(), json!(["currentPassword"]))]);
        for (from, to) in [(old, new), (new, old), (old, new)] {
            assert_eq!(change(&customer, from, to).await["viewer"]["email"], EMAIL);
        }
        passwords = [new, old];
    }
    let [now, new] = passwords;
    let wrong = change(&customer, "a guess 1234", new).await;
    assert_eq!(user_errors(&wrong), [("WRONG_PASSWORD".to_owned(), json!(["currentPassword"]))]);
    let refused = change(&customer, now, new).await;
    assert_eq!(user_errors(&refused), [("TOO_MANY_TRIES".to_owned(), json!(["currentPassword"]))]);
    app.advance(TimeDelta::minutes(15));
    assert_eq!(change(&customer, now, new).await["viewer"]["email"], EMAIL);
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

/// The refusal's code with its field, of an act that asks for proof; none when it was done.
async fn prove(customer: &Customer, password: Option<&str>, code: Option<&str>) -> Option<(String, Value)> {
    let input = json!({ "stepUp": { "password": password, "twoFactorCode": code } });
    let payload = customer.mutate("regenerateRecoveryCodes", "recoveryCodes", input).await;
    let refusal = user_errors(&payload).pop();
    assert_eq!(refusal.is_some(), payload["recoveryCodes"].is_null(), "{payload}");
    refusal
}

#[expect(clippy::unnecessary_wraps, reason = "what `prove` answers is compared with it")]
fn refused(code: &str, field: &[&str]) -> Option<(String, Value)> {
    Some((code.to_owned(), json!(field)))
}

both_ways!(the_password_and_a_code_are_asked_for_when_a_factor_is_set_up, |app| {
    let (customer, phone, codes) = app.two_factor_customer(EMAIL).await;
    let code = phone.code();
    for password in [None, Some("a guess 1234")] {
        assert_eq!(prove(&customer, password, Some(&code)).await, refused("WRONG_PASSWORD", &["stepUp", "password"]));
    }
    let missing = prove(&customer, Some(PASSWORD), None).await;
    assert_eq!(missing, refused("TWO_FACTOR_REQUIRED", &["stepUp", "twoFactorCode"]));
    let rejected = refused("TWO_FACTOR_REJECTED", &["stepUp", "twoFactorCode"]);
    assert_eq!(prove(&customer, Some(PASSWORD), Some(&phone.wrong_code())).await, rejected);
    // None of that has spent the code.
    assert_eq!(prove(&customer, Some(PASSWORD), Some(&code)).await, None);
    assert_eq!(prove(&customer, Some(PASSWORD), Some(&code)).await, rejected);
    assert_eq!(prove(&customer, Some(PASSWORD), Some(&codes[0])).await, rejected, "replaced by the act");
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(wrong_codes_cost_tries_and_missing_ones_none, |app| {
    let (customer, phone, _) = app.two_factor_customer(EMAIL).await;
    for _ in 0..7 {
        let missing = prove(&customer, Some(PASSWORD), None).await;
        assert_eq!(missing, refused("TWO_FACTOR_REQUIRED", &["stepUp", "twoFactorCode"]));
    }
    for _ in 0..5 {
        let rejected = prove(&customer, Some(PASSWORD), Some(&phone.wrong_code())).await;
        assert_eq!(rejected, refused("TWO_FACTOR_REJECTED", &["stepUp", "twoFactorCode"]));
    }
    let query = "mutation($input: DisableTwoFactorInput!) { disableTwoFactor(input: $input) {
        userErrors { code field ... on RetryLaterError { retryAfterSeconds } } } }";
    let input = json!({ "input": { "stepUp": { "password": PASSWORD, "twoFactorCode": phone.code() } } });
    let error = customer.ask(query, input).await["disableTwoFactor"]["userErrors"][0].take();
    assert_eq!(error, json!({ "code": "TOO_MANY_TRIES", "field": ["stepUp"], "retryAfterSeconds": 900 }));
    app.advance(TimeDelta::minutes(15));
    assert_eq!(prove(&customer, Some(PASSWORD), Some(&phone.code())).await, None);
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_code_proves_one_act_or_one_sign_in, |app| {
    let (customer, phone, _) = app.two_factor_customer(EMAIL).await;
    let code = phone.code();
    assert_eq!(prove(&customer, Some(PASSWORD), Some(&code)).await, None);
    let input = json!({ "email": EMAIL, "password": PASSWORD, "twoFactorCode": code });
    let payload = app.customer().mutate("signIn", "token", input).await;
    assert_eq!(user_errors(&payload), [("TWO_FACTOR_REJECTED".to_owned(), json!(["twoFactorCode"]))]);
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});
