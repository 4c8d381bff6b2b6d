//! The letter on a sign-in from a new device, and `reportForeignSignIn` with its page.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kabinet::graphql::ids;
use kabinet::platform::mail::Letter;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, TestApp, both_ways, start_of_test, user_errors};

const EMAIL: &str = "anna@example.com";
const NEW: &str = "a new password 8";
const SUBJECT: &str = "A sign-in to your cabinet from a new device";

fn device(app: &TestApp, name: &'static str) -> Customer {
    let mut customer = app.customer();
    customer.device = name;
    customer
}

async fn letters(app: &TestApp) -> Vec<Letter> {
    app.drain().await;
    app.take_letters(EMAIL)
}

/// The owner, a thief who has signed in, and the token of the letter about it.
async fn stolen(app: &TestApp) -> (Customer, Customer, String) {
    let owner = app.confirmed_customer(EMAIL).await;
    let mut thief = device(app, "thief/1");
    thief.sign_in(EMAIL).await;
    app.drain().await;
    (owner, thief, app.confirmation_token(EMAIL))
}

async fn report(app: &TestApp, token: &str) -> Value {
    app.customer().mutate("reportForeignSignIn", "user { email }", json!({ "token": token })).await
}

fn reported() -> Value {
    json!({ "user": { "email": EMAIL }, "userErrors": [] })
}

fn refused() -> Vec<(String, Value)> {
    vec![("TOKEN_INVALID".to_owned(), json!(["token"]))]
}

/// Sets the password by the letter that a report sends.
async fn reset(app: &TestApp) {
    let letters = letters(app).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    let token = letters[0].text.split_once("reset-password?token=").unwrap().1.split_whitespace().next().unwrap();
    let input = json!({ "token": token, "password": NEW });
    let payload = app.customer().mutate("resetPassword", "user { email }", input).await;
    assert_eq!(payload, reported());
    app.drain().await;
    app.take_letters(EMAIL);
}

both_ways!(a_new_place_is_told_once_and_the_first_one_not_at_all, |app| {
    let mut owner = app.confirmed_customer(EMAIL).await;
    owner.sign_in(EMAIL).await;
    assert!(letters(&app).await.is_empty());
    let mut telephone = device(&app, "telephone/1 <b>");
    assert!(!telephone.try_to_sign_in(EMAIL, "a wrong password").await);
    assert!(letters(&app).await.is_empty());
    telephone.sign_in(EMAIL).await;
    let told = letters(&app).await;
    assert_eq!(told.iter().map(|letter| letter.subject.as_str()).collect::<Vec<_>>(), [SUBJECT]);
    for text in [&told[0].text, &told[0].html] {
        for words in ["2026-06-20 12:00", "127.0.0.1", "telephone", "2026-06-27 12:00", "not-me?token="] {
            assert!(text.contains(words), "{words} in {text}");
        }
    }
    assert!(
        told[0].text.contains("telephone/1 <b>")
            && !told[0].html.contains("<b>telephone")
            && !told[0].html.contains("1 <b>")
    );
    telephone.sign_in(EMAIL).await;
    owner.sign_in(EMAIL).await;
    assert!(letters(&app).await.is_empty());
    device(&app, "computer/2").sign_in(EMAIL).await;
    assert_eq!(letters(&app).await.len(), 1);
    app.finish().await;
});

both_ways!(a_person_of_whom_no_place_is_known_any_more_is_told, |app| {
    app.confirmed_customer(EMAIL).await;
    app.advance(TimeDelta::days(181));
    app.customer().sign_in(EMAIL).await;
    assert_eq!(letters(&app).await.len(), 1);
    app.finish().await;
});

both_ways!(places_of_before_the_confirmation_are_nobodys, |app| {
    let stranger = device(&app, "stranger/1");
    stranger.register(EMAIL).await;
    let mut unconfirmed = stranger.clone();
    unconfirmed.sign_in(EMAIL).await;
    device(&app, "stranger/2").sign_in(EMAIL).await;
    app.drain().await;
    let token = app.confirmation_token(EMAIL);
    assert!(letters(&app).await.is_empty());
    app.customer().confirm(&token).await;
    app.customer().sign_in(EMAIL).await;
    assert!(letters(&app).await.is_empty());
    unconfirmed.sign_in(EMAIL).await;
    assert_eq!(letters(&app).await.len(), 1);
    app.finish().await;
});

both_ways!(sign_ins_at_once_from_a_new_place_are_told_and_later_ones_not, |app| {
    app.confirmed_customer(EMAIL).await;
    let sign_in = |_| async {
        device(&app, "telephone/1").sign_in(EMAIL).await;
    };
    join_all((0..4).map(sign_in)).await;
    let told = letters(&app).await;
    assert!((1..=4).contains(&told.len()), "{}", told.len());
    device(&app, "telephone/1").sign_in(EMAIL).await;
    assert!(letters(&app).await.is_empty());
    app.finish().await;
});

both_ways!(not_me_ends_every_session_and_subscription_and_voids_the_password, |app| {
    let (owner, thief, token) = stolen(&app).await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    let mut sockets = [owner.socket().await, thief.socket().await];
    let mut other = stranger.socket().await;
    assert_eq!(report(&app, &token).await, reported());
    for socket in &mut sockets {
        assert_eq!(socket.next().await, json!({ "close": 4403 }));
    }
    assert!(!owner.is_signed_in().await && !thief.is_signed_in().await);
    other.subscribe("1", "{ viewer { email } }", json!({})).await;
    assert_eq!(other.event().await["viewer"]["email"], "boris@example.com");
    for mut place in [owner, thief, app.customer()] {
        assert!(!place.try_to_sign_in(EMAIL, PASSWORD).await);
    }
    reset(&app).await;
    let mut owner = app.customer();
    assert!(!owner.try_to_sign_in(EMAIL, PASSWORD).await);
    assert!(owner.try_to_sign_in(EMAIL, NEW).await);
    assert!(owner.is_signed_in().await);
    let log = owner.ask("{ viewer { auditEvents(first: 20) { edges { node { kind } } } } }", json!({})).await;
    assert!(log.to_string().contains("FOREIGN_SIGN_IN_REPORTED"), "{log}");
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_password_that_the_thief_has_changed_is_voided_as_well, |app| {
    let (_, thief, token) = stolen(&app).await;
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "of the thief 77" });
    let payload = thief.mutate("changePassword", "viewer { email }", input).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(letters(&app).await.len(), 1);
    assert_eq!(report(&app, &token).await, reported());
    assert!(!app.customer().try_to_sign_in(EMAIL, "of the thief 77").await);
    assert!(!thief.is_signed_in().await);
    reset(&app).await;
    app.finish().await;
});

both_ways!(a_report_voids_reset_links_of_before, |app| {
    let (_, thief, token) = stolen(&app).await;
    let captcha = thief.solve_captcha_for("RESET_PASSWORD").await;
    thief.mutate("requestPasswordReset", "email", json!({ "email": EMAIL, "captcha": captcha })).await;
    app.drain().await;
    let before = app.confirmation_token(EMAIL);
    assert_eq!(report(&app, &token).await, reported());
    let input = json!({ "token": before, "password": NEW });
    let payload = thief.mutate("resetPassword", "user { email }", input).await;
    assert_eq!(user_errors(&payload), refused());
    reset(&app).await;
    app.finish().await;
});

both_ways!(a_token_works_once_and_voids_the_others, |app| {
    let (_, _, token) = stolen(&app).await;
    device(&app, "thief/2").sign_in(EMAIL).await;
    app.drain().await;
    let second = app.confirmation_token(EMAIL);
    assert_eq!(report(&app, &token).await, reported());
    reset(&app).await;
    for token in [&token, &second] {
        assert_eq!(user_errors(&report(&app, token).await), refused());
    }
    assert!(app.customer().try_to_sign_in(EMAIL, NEW).await);
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(of_many_reports_at_once_one_is_heard, |app| {
    let (_, _, token) = stolen(&app).await;
    let customer = app.customer();
    let done = customer.use_at_once("reportForeignSignIn", vec![json!({ "token": token }); 20]).await;
    assert_eq!(done.len(), 1);
    reset(&app).await;
    app.finish().await;
});

both_ways!(garbage_and_other_letters_tokens_report_nothing, |app| {
    let (owner, _, _) = stolen(&app).await;
    let captcha = owner.solve_captcha_for("RESET_PASSWORD").await;
    owner.mutate("requestPasswordReset", "email", json!({ "email": EMAIL, "captcha": captcha })).await;
    app.drain().await;
    let of_reset = app.confirmation_token(EMAIL);
    for token in ["", "garbage", of_reset.as_str(), owner.token.as_deref().unwrap()] {
        assert_eq!(user_errors(&report(&app, token).await), refused(), "{token}");
    }
    assert!(owner.is_signed_in().await);
    app.finish().await;
});

both_ways!(a_strangers_report_ends_only_their_own_sessions, |app| {
    let owner = app.confirmed_customer(EMAIL).await;
    app.confirmed_customer("boris@example.com").await;
    device(&app, "boris/2").sign_in("boris@example.com").await;
    app.drain().await;
    let token = app.confirmation_token("boris@example.com");
    // Whoever holds the letter says it, signed in as somebody else or not.
    let payload = owner.mutate("reportForeignSignIn", "user { email }", json!({ "token": token })).await;
    assert_eq!(payload["user"]["email"], "boris@example.com");
    assert!(owner.is_signed_in().await);
    assert!(app.customer().try_to_sign_in(EMAIL, PASSWORD).await);
    app.drain().await;
    assert_eq!(app.take_letters("boris@example.com").len(), 1);
    app.finish().await;
});

both_ways!(a_token_ends_after_seven_days, |app| {
    let (_, _, token) = stolen(&app).await;
    app.advance(TimeDelta::days(7));
    assert_eq!(user_errors(&report(&app, &token).await), refused());
    // The deletion of unconfirmed cabinets comes due.
    app.drain().await;
    app.finish().await;
});

both_ways!(opening_the_page_changes_nothing_and_its_button_reports, |app| {
    let (owner, thief, token) = stolen(&app).await;
    let url = format!("{}/not-me?token={token}", app.url);
    for _ in 0..3 {
        assert_eq!(reqwest::get(&url).await.unwrap().status(), StatusCode::OK);
    }
    assert!(owner.is_signed_in().await && thief.is_signed_in().await);
    assert!(letters(&app).await.is_empty());
    assert_eq!(app.post_link("/not-me", &token, "").await, StatusCode::OK);
    assert!(!owner.is_signed_in().await && !thief.is_signed_in().await);
    assert_eq!(app.post_link("/not-me", &token, "").await, StatusCode::GONE);
    assert_eq!(app.post_link("/not-me", "garbage", "").await, StatusCode::GONE);
    reset(&app).await;
    app.finish().await;
});

both_ways!(the_job_that_repeats_the_end_of_sessions_spares_later_ones, |app| {
    let (_, _, token) = stolen(&app).await;
    assert_eq!(report(&app, &token).await, reported());
    reset(&app).await;
    app.advance(TimeDelta::seconds(1));
    let mut owner = app.customer();
    assert!(owner.try_to_sign_in(EMAIL, NEW).await);
    app.drain().await;
    app.take_letters(EMAIL);
    let viewer = owner.ask("{ viewer { id } }", json!({})).await;
    let user_id = ids::decode(viewer["viewer"]["id"].as_str().unwrap()).unwrap();
    let sessions = &app.app.services.identity.sessions;
    sessions.end_before(user_id, start_of_test(), None).await.unwrap();
    assert!(owner.is_signed_in().await);
    sessions.end_before(user_id, app.clock.now() + TimeDelta::microseconds(1), None).await.unwrap();
    assert!(!owner.is_signed_in().await);
    app.finish().await;
});
