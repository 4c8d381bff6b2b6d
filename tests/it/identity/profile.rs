//! `updateProfile`: what is taken, what is cleared, every refusal.

use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, both_ways, top_code, user_errors};

const EMAIL: &str = "anna@example.com";
const FIELDS: &str = "viewer { fullName phone locale }";

async fn update(customer: &Customer, input: Value) -> Value {
    customer.mutate("updateProfile", FIELDS, input).await
}

async fn profile(customer: &Customer) -> Value {
    customer.ask("{ viewer { fullName phone locale } }", json!({})).await["viewer"].take()
}

/// Nothing may come of it.
async fn refused(customer: &Customer, input: Value) -> Vec<(String, Value)> {
    let before = profile(customer).await;
    let payload = update(customer, input).await;
    assert_eq!(payload["viewer"], Value::Null);
    assert_eq!(profile(customer).await, before);
    user_errors(&payload)
}

both_ways!(name_phone_and_language_are_kept_in_one_form_and_null_clears, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let input = json!({ "fullName": " Анна Ёлкина ", "phone": "8 (912) 345-67-89", "locale": "RU" });
    let expected = json!({ "fullName": "Анна Ёлкина", "phone": "+79123456789", "locale": "RU" });
    let done = json!({ "viewer": expected, "userErrors": [] });
    assert_eq!(update(&customer, input.clone()).await, done);
    assert_eq!(update(&customer, input).await, done, "a second time changes nothing");
    assert_eq!(profile(&customer).await, expected);

    for unchanged in [json!({}), json!({ "locale": null })] {
        assert_eq!(update(&customer, unchanged).await, done, "what is not given stays");
    }
    let payload = update(&customer, json!({ "phone": null })).await;
    assert_eq!(payload["viewer"], json!({ "fullName": "Анна Ёлкина", "phone": null, "locale": "RU" }));
    let payload = update(&customer, json!({ "fullName": null, "locale": "EN" })).await;
    assert_eq!(payload["viewer"], json!({ "fullName": null, "phone": null, "locale": "EN" }));
    let events = customer.ask("{ viewer { auditEvents(first: 20) { nodes { kind } } } }", json!({})).await;
    let kinds = events["viewer"]["auditEvents"]["nodes"].as_array().unwrap().clone();
    let written = kinds.iter().filter(|event| event["kind"] == "PROFILE_CHANGED").count();
    assert_eq!(written, 4, "an empty change is no act: {kinds:?}");
    app.finish().await;
});

both_ways!(what_is_no_name_or_no_number_is_refused_and_changes_nothing, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    update(&customer, json!({ "fullName": "Anna", "phone": "+7 912 345-67-89" })).await;
    let one = |code: &str, field: &str| vec![(code.to_owned(), json!([field]))];
    for name in ["", " ", "Anna\nB", "\u{0}", &"ё".repeat(201)] {
        let input = json!({ "fullName": name, "phone": "89990000000", "locale": "RU" });
        assert_eq!(refused(&customer, input).await, one("NAME_MALFORMED", "fullName"), "{name:?}");
    }
    for phone in ["", "112", "+7 912 345", "+0 123 456 78 90", "anna"] {
        let input = json!({ "fullName": "Boris", "phone": phone });
        assert_eq!(refused(&customer, input).await, one("PHONE_MALFORMED", "phone"), "{phone:?}");
    }
    app.finish().await;
});

both_ways!(only_a_confirmed_person_has_a_profile_and_nobody_changes_anothers, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    update(&boris, json!({ "fullName": "Boris" })).await;
    assert_eq!(profile(&anna).await["fullName"], Value::Null);

    let query = "mutation { updateProfile(input: { fullName: \"Eve\" }) { userErrors { code } } }";
    let mut customer = app.customer();
    assert_eq!(top_code(&customer.post(query, json!({})).await.1), "UNAUTHENTICATED");
    customer.register("vera@example.com").await;
    app.drain().await;
    app.take_letters("vera@example.com");
    customer.sign_in("vera@example.com").await;
    let expected = [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)];
    assert_eq!(refused(&customer, json!({ "fullName": "Vera" })).await, expected);
    app.finish().await;
});

both_ways!(letters_follow_the_language_that_was_chosen, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    update(&customer, json!({ "locale": "RU" })).await;
    letter_begins(&app, "Здравствуйте!").await;
    update(&customer, json!({ "locale": "EN" })).await;
    letter_begins(&app, "Hello!").await;
    app.finish().await;
});

async fn letter_begins(app: &TestApp, greeting: &str) {
    let customer = app.customer();
    let captcha = customer.solve_captcha_for("RESET_PASSWORD").await;
    customer.mutate("requestPasswordReset", "email", json!({ "email": EMAIL, "captcha": captcha })).await;
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.starts_with(greeting), "{}", letters[0].text);
}
