//! `requestPasswordReset`, `resetPassword`, their page, and `changePassword`.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kabinet::platform::keyvalue::{Key, Space};
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, TestApp, both_ways, top_code, user_errors};

const EMAIL: &str = "anna@example.com";
const NEW: &str = "a new password 8";

async fn request(app: &TestApp, email: &str) -> Value {
    let person = app.customer();
    let captcha = person.solve_captcha_for("RESET_PASSWORD").await;
    let input = json!({ "email": email, "captcha": captcha });
    let payload = person.mutate("requestPasswordReset", "email", input).await;
    app.drain().await;
    payload
}

/// The token of a fresh letter.
async fn asked(app: &TestApp) -> String {
    assert_eq!(request(app, EMAIL).await["userErrors"], json!([]));
    app.confirmation_token(EMAIL)
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Value {
    let input = json!({ "token": token, "password": password });
    app.customer().mutate("resetPassword", "user { email }", input).await
}

async fn change(customer: &Customer, current: &str, new: &str) -> Value {
    let input = json!({ "currentPassword": current, "newPassword": new });
    customer.mutate("changePassword", "viewer { email }", input).await
}

fn one(code: &str, field: &str) -> Vec<(String, Value)> {
    vec![(code.to_owned(), json!([field]))]
}

/// The one letter that tells of a change.
async fn told(app: &TestApp) {
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "The password of your cabinet was changed");
    for text in [&letters[0].text, &letters[0].html] {
        assert!(text.contains("2026-06-20 12:") && text.contains("127.0.0.1"), "{text}");
    }
}

both_ways!(a_letters_link_sets_the_password_once_ends_the_sessions_and_tells_the_owner, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let token = asked(&app).await;
    let done = json!({ "user": { "email": EMAIL }, "userErrors": [] });
    assert_eq!(reset(&app, &token, NEW).await, done);
    assert!(!customer.is_signed_in().await);
    assert!(!app.customer().try_to_sign_in(EMAIL, PASSWORD).await);
    assert!(app.customer().try_to_sign_in(EMAIL, NEW).await);
    assert_eq!(user_errors(&reset(&app, &token, PASSWORD).await), one("TOKEN_INVALID", "token"));
    told(&app).await;
    app.finish().await;
});

both_ways!(an_unknown_address_gets_the_same_answer_and_nobody_a_letter, |app| {
    app.confirmed_customer(EMAIL).await;
    let known = request(&app, " ANNA@example.com").await;
    assert_eq!(known, json!({ "email": EMAIL, "userErrors": [] }));
    let unknown = request(&app, "nobody@example.com").await;
    assert_eq!(unknown, json!({ "email": "nobody@example.com", "userErrors": [] }));
    assert_eq!(app.take_letters(EMAIL).len(), 1);
    assert!(app.take_letters("nobody@example.com").is_empty());
    app.finish().await;
});

both_ways!(what_is_no_address_and_a_captcha_of_another_act_are_refused, |app| {
    app.confirmed_customer(EMAIL).await;
    assert_eq!(user_errors(&request(&app, "anna").await), one("EMAIL_MALFORMED", "email"));
    let customer = app.customer();
    let other = customer.solve_captcha().await;
    for captcha in [Value::Null, json!("nonsense"), json!(other)] {
        let input = json!({ "email": EMAIL, "captcha": captcha });
        let payload = customer.mutate("requestPasswordReset", "email", input).await;
        assert_eq!(user_errors(&payload), one("CAPTCHA_REJECTED", "captcha"));
    }
    app.drain().await;
    app.finish().await;
});

both_ways!(an_address_gets_three_letters_an_hour, |app| {
    app.confirmed_customer(EMAIL).await;
    for _ in 0..5 {
        assert_eq!(request(&app, EMAIL).await, json!({ "email": EMAIL, "userErrors": [] }));
    }
    assert_eq!(app.take_letters(EMAIL).len(), 3);
    app.advance(TimeDelta::hours(1));
    asked(&app).await;
    app.finish().await;
});

both_ways!(a_reset_link_ends_after_half_an_hour_and_with_the_next_password, |app| {
    let mut customer = app.confirmed_customer(EMAIL).await;
    let late = asked(&app).await;
    app.advance(TimeDelta::minutes(30));
    assert_eq!(user_errors(&reset(&app, &late, NEW).await), one("TOKEN_INVALID", "token"));
    let (first, second) = (asked(&app).await, asked(&app).await);
    assert!(reset(&app, &second, NEW).await["user"].is_object());
    assert_eq!(user_errors(&reset(&app, &first, PASSWORD).await), one("TOKEN_INVALID", "token"));
    app.drain().await;
    app.take_letters(EMAIL);

    app.advance(TimeDelta::minutes(31));
    let before = asked(&app).await;
    assert!(customer.try_to_sign_in(EMAIL, NEW).await);
    assert!(change(&customer, NEW, PASSWORD).await["viewer"].is_object());
    assert_eq!(user_errors(&reset(&app, &before, NEW).await), one("TOKEN_INVALID", "token"));
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_password_that_is_not_taken_leaves_the_link_as_it_was, |app| {
    app.confirmed_customer(EMAIL).await;
    let token = asked(&app).await;
    for (password, code) in [
        ("short", "PASSWORD_TOO_SHORT"),
        ("password1", "PASSWORD_TOO_COMMON"),
        ("anna@example.com!", "PASSWORD_CONTAINS_LOGIN"),
    ] {
        assert_eq!(user_errors(&reset(&app, &token, password).await), one(code, "password"));
    }
    let page = reqwest::get(format!("{}/reset-password?token={token}", app.url)).await.unwrap();
    assert!(page.text().await.unwrap().contains(&token));
    assert_eq!(app.post_link("/reset-password", &token, "short").await.as_u16(), 422);
    assert_eq!(app.post_link("/reset-password", &token, NEW).await.as_u16(), 200);
    assert_eq!(app.post_link("/reset-password", &token, NEW).await.as_u16(), 410);
    assert!(app.customer().try_to_sign_in(EMAIL, NEW).await);
    told(&app).await;
    app.finish().await;
});

both_ways!(tokens_of_other_kinds_reset_nothing, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let session = customer.token.clone().unwrap();
    for token in ["", "nonsense", &session, session.trim_start_matches("sess_")] {
        assert_eq!(user_errors(&reset(&app, token, NEW).await), one("TOKEN_INVALID", "token"));
    }
    let token = asked(&app).await;
    assert_eq!(user_errors(&customer.confirm(&token).await), one("TOKEN_INVALID", "token"));
    app.finish().await;
});

both_ways!(of_two_hundred_uses_of_one_reset_link_one_succeeds, |app| {
    app.confirmed_customer(EMAIL).await;
    let token = asked(&app).await;
    let uses = vec![json!({ "token": token, "password": NEW }); 200];
    assert_eq!(app.customer().use_at_once("resetPassword", uses).await.len(), 1);
    assert_eq!(user_errors(&reset(&app, &token, NEW).await), one("TOKEN_INVALID", "token"));
    told(&app).await;
    app.finish().await;
});

both_ways!(an_unconfirmed_person_who_forgot_gets_the_confirmation_link, |app| {
    app.customer().register(EMAIL).await;
    app.drain().await;
    app.take_letters(EMAIL);
    app.advance(TimeDelta::minutes(1));
    let token = asked(&app).await;
    assert_eq!(user_errors(&reset(&app, &token, NEW).await), one("TOKEN_INVALID", "token"));
    assert_eq!(app.post_link("/confirm-email", &token, NEW).await.as_u16(), 200);
    assert!(app.customer().try_to_sign_in(EMAIL, NEW).await);
    app.finish().await;
});

both_ways!(a_session_that_was_not_ended_at_once_is_ended_by_the_worker, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let mut thief = app.customer();
    thief.sign_in(EMAIL).await;
    app.advance(TimeDelta::seconds(5));
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret(thief.token.as_deref().unwrap()));
    let entry = keys.get(Space("session"), &key).await.unwrap().unwrap();
    assert!(change(&customer, PASSWORD, NEW).await["viewer"].is_object());
    // As if the process had died between the commit and the end of the session.
    keys.put(Space("session"), &key, &entry).await.unwrap();
    assert!(thief.is_signed_in().await);
    told(&app).await;
    assert!(!thief.is_signed_in().await);
    assert!(customer.is_signed_in().await);
    app.finish().await;
});

both_ways!(a_change_asks_for_the_old_password_and_ends_the_other_sessions, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let mut other = app.customer();
    other.sign_in(EMAIL).await;
    assert_eq!(user_errors(&change(&customer, "wrong horse 42", NEW).await), one("WRONG_PASSWORD", "currentPassword"));
    assert_eq!(user_errors(&change(&customer, PASSWORD, "short").await), one("PASSWORD_TOO_SHORT", "newPassword"));
    assert!(other.is_signed_in().await);
    let done = json!({ "viewer": { "email": EMAIL }, "userErrors": [] });
    assert_eq!(change(&customer, PASSWORD, NEW).await, done);
    assert!(customer.is_signed_in().await);
    assert!(!other.is_signed_in().await);
    assert!(!other.try_to_sign_in(EMAIL, PASSWORD).await);
    assert!(other.try_to_sign_in(EMAIL, NEW).await);
    told(&app).await;
    app.finish().await;
});

both_ways!(the_old_password_cannot_be_guessed_at_an_open_cabinet, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    for _ in 0..5 {
        assert_eq!(
            user_errors(&change(&customer, "a guess 1234", NEW).await),
            one("WRONG_PASSWORD", "currentPassword")
        );
    }
    assert_eq!(user_errors(&change(&customer, PASSWORD, NEW).await), one("TOO_MANY_TRIES", "currentPassword"));
    app.advance(TimeDelta::minutes(15));
    assert!(change(&customer, PASSWORD, NEW).await["viewer"].is_object());
    told(&app).await;
    app.finish().await;
});

both_ways!(only_a_confirmed_person_changes_a_password, |app| {
    let mut customer = app.customer();
    let query = "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "currentPassword": PASSWORD, "newPassword": NEW } });
    let (_, answer) = customer.post(query, input).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    customer.register(EMAIL).await;
    app.drain().await;
    app.take_letters(EMAIL);
    customer.sign_in(EMAIL).await;
    let payload = change(&customer, PASSWORD, NEW).await;
    assert_eq!(user_errors(&payload), [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)]);
    app.finish().await;
});

both_ways!(signing_in_while_the_password_changes_leaves_no_session_of_the_old_one, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let mut passwords = [PASSWORD, NEW];
    for _ in 0..4 {
        let [old, new] = passwords;
        let guests = join_all((0..8).map(|_| async {
            let mut guest = app.customer();
            guest.try_to_sign_in(EMAIL, old).await.then_some(guest)
        }));
        let (guests, changed) = tokio::join!(guests, change(&customer, old, new));
        assert!(changed["viewer"].is_object(), "{changed}");
        app.advance(TimeDelta::seconds(2));
        for guest in guests.into_iter().flatten() {
            assert!(!guest.is_signed_in().await);
        }
        passwords = [new, old];
        app.drain().await;
        app.take_letters(EMAIL);
    }
    app.finish().await;
});
