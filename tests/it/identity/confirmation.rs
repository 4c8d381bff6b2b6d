//! `confirmEmail`, its page, the repeated letter, and what becomes of cabinets that nobody confirms.

use chrono::TimeDelta;
use entity::{agreement_acceptance, user};
use futures_util::future::join_all;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, both_ways, sample, top_code, user_errors};

const EMAIL: &str = "anna@example.com";

/// Registered, not confirmed, signed in; with the token of the letter.
async fn unconfirmed(app: &TestApp) -> (Customer, String) {
    let mut customer = app.customer();
    customer.register(EMAIL).await;
    app.drain().await;
    let token = app.confirmation_token(EMAIL);
    customer.sign_in(EMAIL).await;
    (customer, token)
}

async fn is_confirmed(app: &TestApp) -> bool {
    let user = user::Entity::find().one(app.app.mechanisms.db.read()).await.unwrap().unwrap();
    assert_eq!(user.email_confirmed_at.is_some(), user.confirmation_expires_at.is_none());
    user.email_confirmed_at.is_some()
}

async fn resend(customer: &Customer) -> Value {
    let query = "mutation { resendConfirmation { confirmationExpiresAt userErrors {
        code field ... on RetryLaterError { retryAfterSeconds } } } }";
    customer.ask(query, json!({})).await["resendConfirmation"].take()
}

fn invalid() -> Vec<(String, Value)> {
    vec![("TOKEN_INVALID".to_owned(), json!(["token"]))]
}

both_ways!(a_link_confirms_the_address_once, |app| {
    let (_, token) = unconfirmed(&app).await;
    app.advance(TimeDelta::days(6));
    let payload = app.customer().confirm(&token).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["user"], json!({ "email": EMAIL, "emailConfirmedAt": "2026-06-26T09:00:00Z" }));
    assert!(is_confirmed(&app).await);
    let payload = app.customer().confirm(&token).await;
    assert_eq!((user_errors(&payload), &payload["user"]), (invalid(), &Value::Null));
    app.advance(TimeDelta::days(2));
    app.drain().await;
    assert!(is_confirmed(&app).await);
    app.finish().await;
});

both_ways!(an_unknown_token_confirms_nothing, |app| {
    let (customer, _) = unconfirmed(&app).await;
    let session = customer.token.unwrap();
    for token in ["", "nonsense", session.as_str(), session.trim_start_matches("sess_")] {
        assert_eq!(user_errors(&app.customer().confirm(token).await), invalid(), "{token}");
    }
    assert!(!is_confirmed(&app).await);
    app.finish().await;
});

both_ways!(an_expired_token_confirms_nothing, |app| {
    let (_, token) = unconfirmed(&app).await;
    app.advance(TimeDelta::days(7));
    assert_eq!(user_errors(&app.customer().confirm(&token).await), invalid());
    assert!(!is_confirmed(&app).await);
    app.drain().await;
    app.finish().await;
});

both_ways!(opening_the_page_never_confirms_and_its_button_does_once, |app| {
    let (_, token) = unconfirmed(&app).await;
    for _ in 0..3 {
        let page = reqwest::get(format!("{}/confirm-email?token={token}", app.url)).await.unwrap();
        assert_eq!(page.status().as_u16(), 200);
        assert!(page.text().await.unwrap().contains(&token));
    }
    assert!(!is_confirmed(&app).await);
    assert_eq!(app.confirm_on_page(&token).await.as_u16(), 200);
    assert!(is_confirmed(&app).await);
    assert_eq!(app.confirm_on_page(&token).await.as_u16(), 410);
    app.finish().await;
});

both_ways!(of_two_hundred_uses_of_one_link_at_once_one_succeeds, |app| {
    let (_, token) = unconfirmed(&app).await;
    let uses = vec![json!({ "token": token }); 200];
    assert_eq!(app.customer().use_at_once("confirmEmail", uses).await.len(), 1);
    assert_eq!(user_errors(&app.customer().confirm(&token).await), invalid());
    app.finish().await;
});

both_ways!(every_link_of_a_person_is_dead_after_one_was_used, |app| {
    let (customer, first) = unconfirmed(&app).await;
    app.advance(TimeDelta::minutes(1));
    assert_eq!(resend(&customer).await["userErrors"], json!([]));
    app.drain().await;
    let second = app.confirmation_token(EMAIL);
    assert_ne!(first, second);
    assert_eq!(app.customer().confirm(&first).await["userErrors"], json!([]));
    assert_eq!(user_errors(&app.customer().confirm(&second).await), invalid());
    app.finish().await;
});

both_ways!(confirming_ends_the_sessions_that_began_before, |app| {
    let (customer, token) = unconfirmed(&app).await;
    assert_eq!(customer.ask("{ viewer { email } }", json!({})).await["viewer"]["email"], EMAIL);
    app.customer().confirm(&token).await;
    assert_eq!(customer.ask("{ viewer { email } }", json!({})).await["viewer"], Value::Null);
    app.customer().sign_in(EMAIL).await;
    app.finish().await;
});

both_ways!(a_cabinet_nobody_confirmed_is_deleted_on_its_date_and_its_sessions_end, |app| {
    let (mut customer, _) = unconfirmed(&app).await;
    app.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    app.drain().await;
    customer.sign_in(EMAIL).await;
    assert_eq!(customer.ask("{ viewer { email } }", json!({})).await["viewer"]["email"], EMAIL);

    app.advance(TimeDelta::seconds(1));
    app.drain().await;
    let db = app.app.mechanisms.db.read();
    assert_eq!(user::Entity::find().count(db).await.unwrap(), 0);
    assert_eq!(agreement_acceptance::Entity::find().count(db).await.unwrap(), 0);
    let person = app.app.services.identity.sessions.find(customer.token.as_deref().unwrap()).await.unwrap();
    assert_eq!(person, None);
    assert_eq!(customer.ask("{ viewer { email } }", json!({})).await["viewer"], Value::Null);
    // The address is free again.
    app.customer().register(EMAIL).await;
    app.drain().await;
    app.confirmation_token(EMAIL);
    app.finish().await;
});

both_ways!(the_letter_comes_again_once_a_minute, |app| {
    let (customer, _) = unconfirmed(&app).await;
    app.advance(TimeDelta::seconds(20));
    let error = resend(&customer).await["userErrors"][0].take();
    assert_eq!(error, json!({ "code": "TOO_SOON", "field": null, "retryAfterSeconds": 40 }));
    app.advance(TimeDelta::seconds(40));
    let payload = resend(&customer).await;
    assert_eq!(payload, json!({ "confirmationExpiresAt": "2026-06-27T09:00:00Z", "userErrors": [] }));
    assert_eq!(resend(&customer).await["userErrors"][0]["retryAfterSeconds"], 60);
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("2026-06-27 12:00"), "{}", letters[0].text);
    app.finish().await;
});

both_ways!(the_letter_comes_five_times_a_day_the_one_of_the_registration_included, |app| {
    let (customer, _) = unconfirmed(&app).await;
    for _ in 0..4 {
        app.advance(TimeDelta::minutes(1));
        assert_eq!(resend(&customer).await["userErrors"], json!([]));
        app.drain().await;
    }
    app.advance(TimeDelta::minutes(1));
    let day = TimeDelta::days(1) - TimeDelta::minutes(5);
    let error = resend(&customer).await["userErrors"][0].take();
    assert_eq!(error, json!({ "code": "TOO_SOON", "field": null, "retryAfterSeconds": day.num_seconds() }));
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 4);

    app.advance(day);
    let mut customer = app.customer();
    customer.sign_in(EMAIL).await;
    assert_eq!(resend(&customer).await["userErrors"], json!([]));
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1);
    app.finish().await;
});

both_ways!(of_ten_requests_for_the_letter_at_once_one_is_granted, |app| {
    let (customer, _) = unconfirmed(&app).await;
    app.advance(TimeDelta::minutes(1));
    let payloads = join_all((0..10).map(|_| resend(&customer))).await;
    assert_eq!(payloads.iter().filter(|payload| payload["userErrors"] == json!([])).count(), 1);
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1);
    app.finish().await;
});

both_ways!(a_confirmed_person_gets_no_further_letter, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    app.advance(TimeDelta::minutes(2));
    assert_eq!(user_errors(&resend(&customer).await), [("ALREADY_CONFIRMED".to_owned(), Value::Null)]);
    app.drain().await;
    app.finish().await;
});

both_ways!(nobody_gets_a_letter_again_without_signing_in, |app| {
    let (_, answer) = app.customer().post("mutation { resendConfirmation { userErrors { code } } }", json!({})).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    app.finish().await;
});

both_ways!(an_unconfirmed_person_sees_an_empty_list_and_cannot_attach, |app| {
    let (customer, _) = unconfirmed(&app).await;
    let query = "{ viewer { emailConfirmedAt confirmationExpiresAt balance { owed { amount } }
        personalAccounts { edges { cursor } pageInfo { hasNextPage } } } }";
    let viewer = customer.ask(query, json!({})).await["viewer"].take();
    let expected = json!({ "emailConfirmedAt": null, "confirmationExpiresAt": "2026-06-27T09:00:00Z",
        "balance": { "owed": { "amount": "0.00" } },
        "personalAccounts": { "edges": [], "pageInfo": { "hasNextPage": false } } });
    assert_eq!(viewer, expected);

    let debtor = sample("debt");
    let provider = customer.provider_id(&debtor.provider_code).await;
    let input = json!({ "providerId": provider, "number": debtor.number, "proof": { "pin": debtor.pin } });
    let payload = customer.mutate("attachPersonalAccount", "personalAccount { id }", input).await;
    assert_eq!(user_errors(&payload), [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)]);
    assert_eq!(payload["personalAccount"], Value::Null);
    app.finish().await;
});
