//! Guessing passwords is slowed down, and nobody locks the owner out by it.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, TestApp, both_ways, top_code};

const EMAIL: &str = "anna@example.com";

/// The refusal's code with the seconds to wait; empty when the password was taken.
async fn try_in(customer: &Customer, email: &str, password: &str) -> (String, Option<i64>) {
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { token userErrors { code field
        ... on RetryLaterError { retryAfterSeconds } } } }";
    let input = json!({ "input": { "email": email, "password": password } });
    let payload = customer.ask(query, input).await["signIn"].take();
    assert_eq!(payload["token"].is_null(), payload["userErrors"] != json!([]));
    let error = &payload["userErrors"][0];
    (error["code"].as_str().unwrap_or_default().to_owned(), error["retryAfterSeconds"].as_i64())
}

fn bad() -> (String, Option<i64>) {
    ("BAD_CREDENTIALS".to_owned(), None)
}

fn wait(seconds: i64) -> (String, Option<i64>) {
    ("TOO_MANY_TRIES".to_owned(), Some(seconds))
}

fn taken() -> (String, Option<i64>) {
    (String::new(), None)
}

fn stranger(app: &TestApp) -> Customer {
    let mut stranger = app.customer();
    stranger.device = "stranger/1";
    stranger
}

async fn told_of_the_stranger(app: &TestApp) {
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1);
}

both_ways!(after_ten_wrong_passwords_each_try_costs_a_pause_that_doubles, |app| {
    app.confirmed_customer(EMAIL).await;
    let stranger = stranger(&app);
    // Nobody's login is no different.
    for email in [EMAIL, "nobody@example.com"] {
        for _ in 0..10 {
            assert_eq!(try_in(&stranger, email, "a guess 1234").await, bad());
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let password = if email == EMAIL { PASSWORD } else { "a guess 1234" };
            assert_eq!(try_in(&stranger, email, password).await, wait(seconds));
            app.advance(TimeDelta::seconds(seconds));
            assert_eq!(try_in(&stranger, email, "a guess 1234").await, bad());
        }
        app.advance(TimeDelta::minutes(15) + TimeDelta::hours(1));
    }
    assert_eq!(try_in(&stranger, EMAIL, PASSWORD).await, taken());
    told_of_the_stranger(&app).await;
    app.finish().await;
});

both_ways!(a_stranger_does_not_lock_the_owner_out_of_a_place_they_know, |app| {
    app.confirmed_customer(EMAIL).await;
    let stranger = stranger(&app);
    for _ in 0..10 {
        assert_eq!(try_in(&stranger, EMAIL, "a guess 1234").await, bad());
    }
    assert_eq!(try_in(&stranger, EMAIL, "a guess 1234").await, wait(1));
    let owner = app.customer();
    assert_eq!(try_in(&owner, EMAIL, PASSWORD).await, taken());
    // Their place is no way round the brake: it has one of its own.
    for _ in 0..10 {
        assert_eq!(try_in(&owner, EMAIL, "a guess 1234").await, bad());
    }
    assert_eq!(try_in(&owner, EMAIL, PASSWORD).await, wait(1));
    app.finish().await;
});

both_ways!(another_name_of_the_client_is_no_way_round_the_brake_of_a_login, |app| {
    app.confirmed_customer(EMAIL).await;
    for (number, device) in ["a/1", "b/1", "c/1"].into_iter().enumerate() {
        let mut stranger = app.customer();
        stranger.device = device;
        for tries in 0..4 {
            let expected = if number * 4 + tries < 10 { bad() } else { wait(1) };
            assert_eq!(try_in(&stranger, EMAIL, "a guess 1234").await, expected, "{device} {tries}");
        }
    }
    app.finish().await;
});

both_ways!(of_many_guesses_at_once_ten_are_made, |app| {
    app.confirmed_customer(EMAIL).await;
    let stranger = stranger(&app);
    let answers = join_all((0..40).map(|_| try_in(&stranger, EMAIL, "a guess 1234"))).await;
    assert_eq!(answers.iter().filter(|answer| **answer == bad()).count(), 10, "{answers:?}");
    app.finish().await;
});

both_ways!(right_passwords_cost_no_pause_however_often, |app| {
    app.confirmed_customer(EMAIL).await;
    let stranger = stranger(&app);
    // Within what an address may sign in a minute.
    for _ in 0..50 {
        assert_eq!(try_in(&stranger, EMAIL, PASSWORD).await, taken());
    }
    told_of_the_stranger(&app).await;
    app.finish().await;
});

both_ways!(an_address_that_guesses_at_many_logins_is_slowed_down, |app| {
    let stranger = stranger(&app);
    for number in 0..50 {
        assert_eq!(try_in(&stranger, &format!("person{number}@example.com"), PASSWORD).await, bad());
    }
    assert_eq!(try_in(&stranger, "another@example.com", PASSWORD).await, wait(1));
    app.finish().await;
});

both_ways!(the_mailbox_opens_the_door_again, |app| {
    app.confirmed_customer(EMAIL).await;
    let stranger = stranger(&app);
    for _ in 0..11 {
        try_in(&stranger, EMAIL, "a guess 1234").await;
    }
    let mut owner = app.customer();
    owner.device = "a borrowed telephone/1";
    assert_eq!(try_in(&owner, EMAIL, PASSWORD).await, wait(1));
    let captcha = owner.solve_captcha_for("RESET_PASSWORD").await;
    owner.mutate("requestPasswordReset", "email", json!({ "email": EMAIL, "captcha": captcha })).await;
    app.drain().await;
    let input = json!({ "token": app.confirmation_token(EMAIL), "password": "a new password 8" });
    assert_ne!(owner.mutate("resetPassword", "user { email }", input).await["user"], Value::Null);
    assert_eq!(try_in(&owner, EMAIL, "a new password 8").await, taken());
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_fault_costs_no_try, |app| {
    app.confirmed_customer(EMAIL).await;
    let stranger = stranger(&app);
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { token } }";
    let input = json!({ "input": { "email": EMAIL, "password": PASSWORD } });
    app.sql("ALTER TABLE users RENAME TO users_away").await;
    // More than are free.
    for _ in 0..12 {
        assert_eq!(top_code(&stranger.post(query, input.clone()).await.1), "INTERNAL");
    }
    app.sql("ALTER TABLE users_away RENAME TO users").await;
    assert_eq!(try_in(&stranger, EMAIL, "a guess 1234").await, bad());
    app.finish().await;
});
