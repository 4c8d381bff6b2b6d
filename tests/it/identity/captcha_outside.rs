//! Captchas of outside services, against servers that speak their documented protocols.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{
    CaptchaService, Customer, Mood, PASSWORD, Protocol, SECRET, SITE_KEY, SOLVED, TestApp, Way, agreements, top_code,
    user_errors,
};

const ANNA: &str = "anna@example.com";

macro_rules! each_service {
    ($name:ident) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn smartcaptcha_embedded() {
                super::$name(Way::Embedded, Protocol::SmartCaptcha).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn smartcaptcha_full() {
                super::$name(Way::Full, Protocol::SmartCaptcha).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn turnstile_embedded() {
                super::$name(Way::Embedded, Protocol::Turnstile).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn turnstile_full() {
                super::$name(Way::Full, Protocol::Turnstile).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn hcaptcha_embedded() {
                super::$name(Way::Embedded, Protocol::Hcaptcha).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn hcaptcha_full() {
                super::$name(Way::Full, Protocol::Hcaptcha).await;
            }
        }
    };
}

async fn start(way: Way, service: &CaptchaService, more: &[(&'static str, &str)]) -> TestApp {
    let mut settings = service.settings();
    settings.extend(more.iter().map(|&(name, value)| (name, value.to_owned())));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    TestApp::start_with(way, &settings).await
}

/// The first error's code: of the form, or of the top.
async fn register(customer: &Customer, email: &str, captcha: Option<&str>) -> Option<String> {
    let query = "mutation($input: RegisterInput!) { register(input: $input) { userErrors { code field } } }";
    let input = json!({ "email": email, "password": PASSWORD, "captcha": captcha, "locale": "EN",
        "acceptedAgreements": agreements() });
    outcome(customer, query, "register", input).await
}

async fn reset(customer: &Customer, captcha: &str) -> Option<String> {
    let query = "mutation($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { userErrors { code field } } }";
    outcome(customer, query, "requestPasswordReset", json!({ "email": ANNA, "captcha": captcha })).await
}

async fn outcome(customer: &Customer, query: &str, mutation: &str, input: Value) -> Option<String> {
    let (_, answer) = customer.post(query, json!({ "input": input })).await;
    if answer.get("errors").is_some() {
        return Some(top_code(&answer).to_owned());
    }
    let errors = user_errors(&answer["data"][mutation]);
    errors.into_iter().next().map(|(code, _)| code)
}

fn token(number: u32) -> String {
    format!("{SOLVED}{number}")
}

async fn a_solved_one_is_taken_once_and_others_not_at_all(way: Way, protocol: Protocol) {
    let service = CaptchaService::start(protocol).await;
    let app = start(way, &service, &[]).await;
    let customer = app.customer();
    let query = "{ captcha(action: REGISTER) { kind siteKey action challenge difficulty expiresAt } }";
    let shown = customer.ask(query, json!({})).await["captcha"].take();
    let kind = match protocol {
        Protocol::SmartCaptcha => "SMART_CAPTCHA",
        Protocol::Turnstile => "TURNSTILE",
        Protocol::Hcaptcha => "HCAPTCHA",
    };
    let expected = json!({ "kind": kind, "siteKey": SITE_KEY, "action": "register", "challenge": null,
        "difficulty": null, "expiresAt": null });
    assert_eq!(shown, expected);

    assert_eq!(register(&customer, ANNA, Some(&token(1))).await, None);
    let pairs: &[(&str, &str)] = match protocol {
        Protocol::SmartCaptcha => &[("token", "solved-1"), ("ip", "127.0.0.1")],
        Protocol::Turnstile => &[("response", "solved-1"), ("remoteip", "127.0.0.1")],
        Protocol::Hcaptcha => &[("response", "solved-1"), ("remoteip", "127.0.0.1"), ("sitekey", SITE_KEY)],
    };
    let form: BTreeMap<String, String> =
        pairs.iter().chain(&[("secret", SECRET)]).map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(service.take_asked(), [form]);
    app.drain().await;
    app.confirmation_token(ANNA);

    let refused = Some("CAPTCHA_REJECTED".to_owned());
    for (captcha, asked) in
        [(Some("solved-1"), 1), (Some("a-guess"), 1), (Some("<script>"), 0), (Some(""), 0), (None, 0)]
    {
        assert_eq!(register(&customer, "boris@example.com", captcha).await, refused, "{captcha:?}");
        assert_eq!(service.take_asked().len(), asked, "{captcha:?}");
    }
    assert_eq!(reset(&customer, "a-guess").await, refused);
    assert_eq!(reset(&customer, &token(2)).await, None);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
}
each_service!(a_solved_one_is_taken_once_and_others_not_at_all);

async fn while_the_service_fails_each_action_does_as_it_is_set(way: Way, protocol: Protocol) {
    let service = CaptchaService::start(protocol).await;
    let modes = [
        ("KABINET__CAPTCHA__FAIL_MODE__REGISTER", "closed"),
        ("KABINET__CAPTCHA__FAIL_MODE__RESET_PASSWORD", "open"),
        ("KABINET__CAPTCHA__TIMEOUT_MILLISECONDS", "300"),
        ("KABINET__GRAPHQL__SIGN_INS_PER_ADDRESS", "1000"),
    ];
    let app = start(way, &service, &modes).await;
    let customer = app.customer();
    for mood in [Mood::Silent, Mood::Status500, Mood::Garbage, Mood::Redirect, Mood::Gone] {
        service.feel(mood);
        assert_eq!(register(&customer, ANNA, Some(&token(1))).await, Some("UNAVAILABLE".to_owned()), "{mood:?}");
        assert_eq!(reset(&customer, &token(1)).await, None, "{mood:?}");
        // An open door is none for who has not even been to the widget.
        assert_eq!(reset(&customer, "<script>").await, Some("CAPTCHA_REJECTED".to_owned()), "{mood:?}");
    }
    service.feel(Mood::Well);
    app.drain().await;
    assert!(app.take_letters(ANNA).is_empty(), "nobody was registered");
    assert_eq!(register(&customer, ANNA, Some(&token(2))).await, None);
    app.drain().await;
    app.confirmation_token(ANNA);

    let app = {
        let mut settings = service.settings();
        settings.extend([
            ("KABINET__CAPTCHA__FAIL_MODE__REGISTER", "open".to_owned()),
            ("KABINET__CAPTCHA__FAIL_MODE__RESET_PASSWORD", "closed".to_owned()),
        ]);
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        app.restart_with(&settings).await
    };
    service.feel(Mood::Status500);
    let customer = app.customer();
    assert_eq!(reset(&customer, &token(3)).await, Some("UNAVAILABLE".to_owned()));
    assert_eq!(register(&customer, "boris@example.com", Some(&token(3))).await, None);
    app.drain().await;
    app.confirmation_token("boris@example.com");
    app.finish().await;
}
each_service!(while_the_service_fails_each_action_does_as_it_is_set);

async fn a_secret_that_the_service_refuses_is_a_failure_of_ours(way: Way, protocol: Protocol) {
    let service = CaptchaService::start(protocol).await;
    let wrong = [
        ("KABINET__CAPTCHA__SECRET", "another-key"),
        ("KABINET__CAPTCHA__FAIL_MODE__REGISTER", "closed"),
        ("KABINET__CAPTCHA__FAIL_MODE__RESET_PASSWORD", "open"),
    ];
    let app = start(way, &service, &wrong).await;
    let customer = app.customer();
    assert_eq!(register(&customer, ANNA, Some(&token(1))).await, Some("UNAVAILABLE".to_owned()));
    assert_eq!(reset(&customer, &token(1)).await, None);
    app.drain().await;
    app.finish().await;
}
each_service!(a_secret_that_the_service_refuses_is_a_failure_of_ours);
