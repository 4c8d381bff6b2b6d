//! Who has a second factor signs in with a code of it, and no other way leads in.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Authenticator, Customer, PASSWORD, TestApp, Way, both_ways, top_code, user_errors};

const EMAIL: &str = "anna@example.com";
const NEW: &str = "a new password 8";

/// The refusal's code, or "" for a session.
async fn try_with(customer: &Customer, password: &str, code: Option<&str>) -> String {
    let input = json!({ "email": EMAIL, "password": password, "twoFactorCode": code });
    let payload = customer.mutate("signIn", "token session { id } viewer { email }", input).await;
    let Some((code, field)) = user_errors(&payload).pop() else {
        assert!(payload["token"].is_string() && payload["session"].is_object(), "{payload}");
        return String::new();
    };
    assert_eq!([&payload["token"], &payload["session"], &payload["viewer"]], [&Value::Null; 3]);
    assert_eq!(field == json!(["twoFactorCode"]), code.starts_with("TWO_FACTOR_"), "{payload}");
    code
}

async fn sessions(customer: &Customer) -> usize {
    let data = customer.ask("{ viewer { sessions { id } } }", json!({})).await;
    data["viewer"]["sessions"].as_array().unwrap().len()
}

fn stranger(app: &TestApp) -> Customer {
    let mut stranger = app.customer();
    stranger.device = "stranger/1";
    stranger
}

/// With another password, by the mailbox.
async fn reset(app: &TestApp) {
    let customer = app.customer();
    let captcha = customer.solve_captcha_for("RESET_PASSWORD").await;
    customer.mutate("requestPasswordReset", "email", json!({ "email": EMAIL, "captcha": captcha })).await;
    app.drain().await;
    let input = json!({ "token": app.confirmation_token(EMAIL), "password": NEW });
    assert_eq!(customer.mutate("resetPassword", "user { email }", input).await["user"]["email"], EMAIL);
    app.drain().await;
    app.take_letters(EMAIL);
}

both_ways!(the_right_password_asks_for_a_code_and_opens_nothing_without_it, |app| {
    let (customer, phone, _) = app.two_factor_customer(EMAIL).await;
    let guest = app.customer();
    assert_eq!(try_with(&guest, "a guess 1234", None).await, "BAD_CREDENTIALS");
    assert_eq!(try_with(&guest, "a guess 1234", Some(&phone.code())).await, "BAD_CREDENTIALS");
    assert_eq!(try_with(&guest, PASSWORD, None).await, "TWO_FACTOR_REQUIRED");
    for wrong in [phone.wrong_code().as_str(), "", "no code", "0000-0000-0000-0000"] {
        assert_eq!(try_with(&guest, PASSWORD, Some(wrong)).await, "TWO_FACTOR_REJECTED", "{wrong}");
    }
    assert_eq!(sessions(&customer).await, 1);
    // None of that has spent the code.
    assert_eq!(try_with(&guest, PASSWORD, Some(&phone.code())).await, "");
    assert_eq!(sessions(&customer).await, 2);
    app.finish().await;
});

both_ways!(a_code_opens_one_session_in_its_half_minute_or_the_next, |app| {
    let (_, phone, _) = app.two_factor_customer(EMAIL).await;
    let guest = app.customer();
    let first = phone.code();
    app.advance(TimeDelta::seconds(30));
    let second = phone.code();
    assert_eq!(try_with(&guest, PASSWORD, Some(&first)).await, "");
    assert_eq!(try_with(&guest, PASSWORD, Some(&first)).await, "TWO_FACTOR_REJECTED");
    assert_eq!(try_with(&guest, PASSWORD, Some(&second)).await, "");
    app.advance(TimeDelta::seconds(30));
    let (before, now) = (phone.code(), {
        app.advance(TimeDelta::seconds(30));
        phone.code()
    });
    assert_eq!(try_with(&guest, PASSWORD, Some(&now)).await, "");
    assert_eq!(try_with(&guest, PASSWORD, Some(&before)).await, "TWO_FACTOR_REJECTED", "older than one that was used");
    let late = {
        app.advance(TimeDelta::seconds(30));
        phone.code()
    };
    app.advance(TimeDelta::seconds(60));
    assert_eq!(try_with(&guest, PASSWORD, Some(&late)).await, "TWO_FACTOR_REJECTED");
    app.finish().await;
});

both_ways!(the_code_that_set_the_factor_up_is_used, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let begun = customer.mutate("beginTwoFactor", "secret", json!({ "stepUp": { "password": PASSWORD } })).await;
    let phone = Authenticator::new(begun["secret"].as_str().unwrap(), &app.clock);
    let code = phone.code();
    customer.mutate("confirmTwoFactor", "viewer { email }", json!({ "code": code })).await;
    assert_eq!(try_with(&app.customer(), PASSWORD, Some(&code)).await, "TWO_FACTOR_REJECTED");
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(of_fifty_uses_of_one_code_one_opens_a_session, |app| {
    // As many guesses as it takes to come to the codes.
    let free = [
        ("KABINET__IDENTITY__SIGN_IN_FREE_TRIES", "1000"),
        ("KABINET__IDENTITY__SIGN_IN_FREE_TRIES_PER_ADDRESS", "1000"),
        ("KABINET__GRAPHQL__BUDGET_PER_ADDRESS", "1000000"),
        ("KABINET__GRAPHQL__SIGN_INS_PER_ADDRESS", "1000"),
    ];
    let app = app.restart_with(&free).await;
    let (customer, phone, recovery) = app.two_factor_customer(EMAIL).await;
    let guest = app.customer();
    for number in 0..2 {
        app.advance(TimeDelta::minutes(1));
        let code = if number == 0 { phone.code() } else { recovery[0].clone() };
        let answers = join_all((0..50).map(|_| try_with(&guest, PASSWORD, Some(&code)))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_empty()).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| *answer == "TWO_FACTOR_REJECTED").count(), 49, "{answers:?}");
        assert_eq!(sessions(&customer).await, number + 2);
    }
    app.finish().await;
});

both_ways!(a_recovery_code_opens_one_session_however_it_is_typed, |app| {
    let (customer, _, codes) = app.two_factor_customer(EMAIL).await;
    let guest = app.customer();
    assert_eq!(try_with(&guest, PASSWORD, Some(&codes[0].to_lowercase().replace('-', " "))).await, "");
    assert_eq!(try_with(&guest, PASSWORD, Some(&codes[0])).await, "TWO_FACTOR_REJECTED");
    let left = customer.ask("{ viewer { twoFactor { recoveryCodesLeft } } }", json!({})).await;
    assert_eq!(left["viewer"]["twoFactor"]["recoveryCodesLeft"], 9);
    app.finish().await;
});

both_ways!(anothers_codes_open_nothing, |app| {
    let (_, _, _) = app.two_factor_customer(EMAIL).await;
    let (_, phone, codes) = app.two_factor_customer("boris@example.com").await;
    for code in [&phone.code(), &codes[0]] {
        assert_eq!(try_with(&app.customer(), PASSWORD, Some(code)).await, "TWO_FACTOR_REJECTED");
    }
    app.finish().await;
});

both_ways!(wrong_codes_cost_tries_and_missing_ones_none, |app| {
    let (_, phone, _) = app.two_factor_customer(EMAIL).await;
    let stranger = stranger(&app);
    for _ in 0..12 {
        assert_eq!(try_with(&stranger, PASSWORD, None).await, "TWO_FACTOR_REQUIRED");
    }
    for _ in 0..10 {
        assert_eq!(try_with(&stranger, PASSWORD, Some(&phone.wrong_code())).await, "TWO_FACTOR_REJECTED");
    }
    for code in [None, Some(phone.code())] {
        assert_eq!(try_with(&stranger, PASSWORD, code.as_deref()).await, "TOO_MANY_TRIES");
    }
    app.advance(TimeDelta::seconds(1));
    assert_eq!(try_with(&stranger, PASSWORD, Some(&phone.code())).await, "");
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1, "of the new device");
    app.finish().await;
});

both_ways!(neither_a_known_place_nor_the_mailbox_nor_another_place_makes_room_for_guesses, |app| {
    let (_, phone, _) = app.two_factor_customer(EMAIL).await;
    let known = app.customer();
    for _ in 0..10 {
        assert_eq!(try_with(&known, PASSWORD, Some(&phone.wrong_code())).await, "TWO_FACTOR_REJECTED");
    }
    assert_eq!(try_with(&known, PASSWORD, None).await, "TOO_MANY_TRIES", "the place's own brake holds");
    assert_eq!(try_with(&stranger(&app), PASSWORD, Some(&phone.wrong_code())).await, "TOO_MANY_TRIES");
    reset(&app).await;
    assert_eq!(try_with(&stranger(&app), NEW, Some(&phone.code())).await, "TOO_MANY_TRIES");
    app.advance(TimeDelta::seconds(1));
    assert_eq!(try_with(&stranger(&app), NEW, Some(&phone.code())).await, "");
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1, "of the new device");
    app.finish().await;
});

both_ways!(a_reset_by_mail_leaves_the_factor_as_it_was, |app| {
    let (_, phone, _) = app.two_factor_customer(EMAIL).await;
    reset(&app).await;
    let guest = app.customer();
    assert_eq!(try_with(&guest, NEW, None).await, "TWO_FACTOR_REQUIRED");
    assert_eq!(try_with(&guest, NEW, Some(&phone.wrong_code())).await, "TWO_FACTOR_REJECTED");
    assert_eq!(try_with(&guest, NEW, Some(&phone.code())).await, "");
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_key_store_lost_nobody_passes_by_the_factor() {
    let (app, proxy) = TestApp::start_behind_proxy().await;
    let (_, phone, _) = app.two_factor_customer(EMAIL).await;
    let guest = app.customer();
    proxy.cut();
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { token } }";
    for code in [None, Some(phone.code())] {
        let input = json!({ "email": EMAIL, "password": PASSWORD, "twoFactorCode": code });
        let (_, answer) = guest.post(query, json!({ "input": input })).await;
        assert_eq!(top_code(&answer), "UNAVAILABLE");
    }
    proxy.restore();
    assert_eq!(try_with(&guest, PASSWORD, None).await, "TWO_FACTOR_REQUIRED");
    assert_eq!(try_with(&guest, PASSWORD, Some(&phone.code())).await, "", "the code was not spent");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_keys_forgotten_the_factor_is_asked_for_and_no_used_code_is_good_again() {
    let app = TestApp::start(Way::Embedded).await;
    let (_, phone, _) = app.two_factor_customer(EMAIL).await;
    let guest = app.customer();
    assert_eq!(try_with(&guest, PASSWORD, Some(&phone.code())).await, "");
    app.sql("DELETE FROM key_values").await;
    assert_eq!(try_with(&guest, PASSWORD, None).await, "TWO_FACTOR_REQUIRED");
    assert_eq!(try_with(&guest, PASSWORD, Some(&phone.code())).await, "TWO_FACTOR_REJECTED");
    app.finish().await;
}
