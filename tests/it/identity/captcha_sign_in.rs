//! A sign-in asks for a captcha after wrong passwords, of everybody alike.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{CaptchaService, Customer, Mood, PASSWORD, Protocol, TestApp, Way, agreements, user_errors};

const ANNA: &str = "anna@example.com";
const NOBODY: &str = "nobody@example.com";
const GUESS: &str = "a guess 1234";

macro_rules! both {
    ($name:ident) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$name(start(Way::Embedded).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn full() {
                super::$name(start(Way::Full).await).await;
            }
        }
    };
}

async fn start(way: Way) -> TestApp {
    let settings = [
        ("KABINET__CAPTCHA__SIGN_IN_FAILURES", "3"),
        ("KABINET__CAPTCHA__SIGN_IN_FAILURES_PER_ADDRESS", "20"),
        ("KABINET__GRAPHQL__SIGN_INS_PER_ADDRESS", "1000"),
    ];
    TestApp::start_with(way, &settings).await
}

fn from(app: &TestApp, device: &'static str) -> Customer {
    let mut customer = app.customer();
    customer.device = device;
    customer
}

/// The code of the refusal; empty: signed in.
async fn sign_in(customer: &Customer, email: &str, password: &str, captcha: Option<&str>) -> String {
    let input = json!({ "email": email, "password": password, "captcha": captcha });
    let payload = customer.mutate("signIn", "token", input).await;
    assert_eq!(payload["token"].is_null(), payload["userErrors"] != json!([]), "{payload}");
    let Some((code, field)) = user_errors(&payload).into_iter().next() else { return String::new() };
    let of_captcha = code.starts_with("CAPTCHA_");
    assert_eq!(field, if of_captcha { json!(["captcha"]) } else { Value::Null }, "{payload}");
    code
}

async fn solved(customer: &Customer) -> String {
    customer.solve_captcha_for("SIGN_IN").await
}

async fn after_three_wrong_passwords_one_is_asked_of_everybody_alike(app: TestApp) {
    app.confirmed_customer(ANNA).await;
    // Anna's address registered by a stranger: a decoy. Boris has not confirmed.
    let stranger = from(&app, "stranger/1");
    for email in [ANNA, "boris@example.com"] {
        let captcha = stranger.solve_captcha().await;
        let input =
            json!({ "email": email, "password": GUESS, "captcha": captcha, "acceptedAgreements": agreements() });
        assert_eq!(stranger.mutate("register", "email", input).await["userErrors"], json!([]));
    }
    app.drain().await;
    app.discard_letters();
    let mut seen = Vec::new();
    // A decoy's password, an unconfirmed person's, and none of anybody's; each from a device of its own.
    for (email, right, device) in
        [(ANNA, GUESS, "a/1"), ("boris@example.com", GUESS, "b/1"), (NOBODY, "none 12345", "c/1")]
    {
        let customer = from(&app, device);
        let mut codes = Vec::new();
        for _ in 0..3 {
            codes.push(sign_in(&customer, email, "another guess", None).await);
        }
        codes.push(sign_in(&customer, email, "another guess", None).await);
        codes.push(sign_in(&customer, email, right, None).await);
        codes.push(sign_in(&customer, email, "another guess", Some("1:1")).await);
        let captcha = solved(&customer).await;
        codes.push(sign_in(&customer, email, "another guess", Some(&captcha)).await);
        codes.push(sign_in(&customer, email, "another guess", Some(&captcha)).await);
        let of_register = customer.solve_captcha().await;
        codes.push(sign_in(&customer, email, "another guess", Some(&of_register)).await);
        seen.push(codes);
        let captcha = solved(&customer).await;
        let expected = if email == NOBODY { "BAD_CREDENTIALS" } else { "" };
        assert_eq!(sign_in(&customer, email, right, Some(&captcha)).await, expected, "{email}");
        // It has not cleared the way.
        assert_eq!(sign_in(&customer, email, right, None).await, "CAPTCHA_REQUIRED", "{email}");
    }
    let expected = [
        "BAD_CREDENTIALS",
        "BAD_CREDENTIALS",
        "BAD_CREDENTIALS",
        "CAPTCHA_REQUIRED",
        "CAPTCHA_REQUIRED",
        "CAPTCHA_REJECTED",
        "BAD_CREDENTIALS",
        "CAPTCHA_REJECTED",
        "CAPTCHA_REJECTED",
    ];
    for codes in seen {
        assert_eq!(codes, expected);
    }
    app.drain().await;
    app.discard_letters();
    app.finish().await;
}
both!(after_three_wrong_passwords_one_is_asked_of_everybody_alike);

async fn a_place_that_the_owner_knows_is_not_asked_for_what_strangers_do(app: TestApp) {
    app.confirmed_customer(ANNA).await;
    let owner = from(&app, "owner/1");
    assert_eq!(sign_in(&owner, ANNA, PASSWORD, None).await, "");
    let stranger = from(&app, "stranger/1");
    for _ in 0..3 {
        assert_eq!(sign_in(&stranger, ANNA, GUESS, None).await, "BAD_CREDENTIALS");
    }
    assert_eq!(sign_in(&stranger, ANNA, PASSWORD, None).await, "CAPTCHA_REQUIRED");
    // Another device of the stranger's is no way round, and the owner's own place is free.
    assert_eq!(sign_in(&from(&app, "stranger/2"), ANNA, PASSWORD, None).await, "CAPTCHA_REQUIRED");
    assert_eq!(sign_in(&owner, ANNA, PASSWORD, None).await, "");
    // From elsewhere the owner comes in with a captcha, and is then known there.
    let elsewhere = from(&app, "elsewhere/1");
    let captcha = solved(&elsewhere).await;
    assert_eq!(sign_in(&elsewhere, ANNA, PASSWORD, Some(&captcha)).await, "");
    assert_eq!(sign_in(&elsewhere, ANNA, PASSWORD, None).await, "");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
}
both!(a_place_that_the_owner_knows_is_not_asked_for_what_strangers_do);

async fn an_address_that_guesses_at_many_logins_is_asked_and_many_at_once_are_no_way_round(app: TestApp) {
    let customer = app.customer();
    let at_once = join_all((0..8).map(|_| sign_in(&customer, NOBODY, GUESS, None))).await;
    let made = at_once.iter().filter(|code| *code == "BAD_CREDENTIALS").count();
    assert!((1..=3).contains(&made), "{at_once:?}");
    for number in made..20 {
        assert_eq!(sign_in(&customer, &format!("person{number}@example.com"), GUESS, None).await, "BAD_CREDENTIALS");
    }
    assert_eq!(sign_in(&customer, "one-more@example.com", GUESS, None).await, "CAPTCHA_REQUIRED");
    let captcha = solved(&customer).await;
    assert_eq!(sign_in(&customer, "one-more@example.com", GUESS, Some(&captcha)).await, "BAD_CREDENTIALS");
    app.finish().await;
}
both!(an_address_that_guesses_at_many_logins_is_asked_and_many_at_once_are_no_way_round);

async fn an_outside_service_that_fails_does_as_it_is_set(way: Way, mode: &str) {
    let service = CaptchaService::start(Protocol::Turnstile).await;
    let mut settings = service.settings();
    settings.push(("KABINET__CAPTCHA__FAIL_MODE__SIGN_IN", mode.to_owned()));
    settings.push(("KABINET__CAPTCHA__SIGN_IN_FAILURES", "1".to_owned()));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = TestApp::start_with(way, &settings).await;
    let customer = app.customer();
    assert_eq!(sign_in(&customer, NOBODY, GUESS, None).await, "BAD_CREDENTIALS");
    assert_eq!(sign_in(&customer, NOBODY, GUESS, None).await, "CAPTCHA_REQUIRED");
    assert_eq!(sign_in(&customer, NOBODY, GUESS, Some("solved-1")).await, "BAD_CREDENTIALS");
    assert_eq!(sign_in(&customer, NOBODY, GUESS, Some("solved-1")).await, "CAPTCHA_REJECTED");
    service.feel(Mood::Status500);
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }";
    let input = json!({ "email": NOBODY, "password": GUESS, "captcha": "solved-2" });
    let (_, answer) = customer.post(query, json!({ "input": input })).await;
    if mode == "open" {
        assert_eq!(answer["data"]["signIn"]["userErrors"][0]["code"], "BAD_CREDENTIALS", "{answer}");
    } else {
        assert_eq!(crate::harness::top_code(&answer), "UNAVAILABLE", "{answer}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outside_service_that_fails_leaves_an_open_door_open() {
    an_outside_service_that_fails_does_as_it_is_set(Way::Embedded, "open").await;
    an_outside_service_that_fails_does_as_it_is_set(Way::Full, "open").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outside_service_that_fails_keeps_a_closed_door_closed() {
    an_outside_service_that_fails_does_as_it_is_set(Way::Embedded, "closed").await;
    an_outside_service_that_fails_does_as_it_is_set(Way::Full, "closed").await;
}
