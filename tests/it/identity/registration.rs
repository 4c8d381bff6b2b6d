//! `register`: what is taken, every refusal, and that a known address shows nowhere.

use chrono::TimeDelta;
use entity::{agreement_acceptance, user};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, EntityTrait, Statement};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, TestApp, Way, agreements, both_ways, eventually, user_errors};

const EMAIL: &str = "anna@example.com";

async fn users(app: &TestApp) -> Vec<user::Model> {
    user::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap()
}

fn input(captcha: &str) -> Value {
    json!({ "email": EMAIL, "password": PASSWORD, "captcha": captcha, "acceptedAgreements": agreements(), "locale": "EN" })
}

async fn try_to_register(customer: &Customer, input: Value) -> Value {
    customer.mutate("register", "email confirmationExpiresAt", input).await
}

/// Registers with one field of the input changed, and nothing may come of it.
async fn refused(app: &TestApp, field: &str, value: Value) -> Vec<(String, Value)> {
    let customer = app.customer();
    let mut input = input(&customer.solve_captcha().await);
    input[field] = value;
    let payload = try_to_register(&customer, input).await;
    assert_eq!(payload["email"], Value::Null);
    assert_eq!(payload["confirmationExpiresAt"], Value::Null);
    assert_eq!(users(app).await, []);
    user_errors(&payload)
}

fn one(code: &str, field: &str) -> Vec<(String, Value)> {
    vec![(code.to_owned(), json!([field]))]
}

both_ways!(a_new_cabinet_is_unconfirmed_and_keeps_what_was_accepted, |app| {
    let customer = app.customer();
    let payload = customer.register(" Anna@Example.com ").await;
    assert_eq!(payload["email"], EMAIL);
    assert_eq!(payload["confirmationExpiresAt"], "2026-06-27T09:00:00Z");
    app.drain().await;
    let users = users(&app).await;
    assert_eq!(users.len(), 1);
    assert_eq!((users[0].email.as_str(), users[0].email_confirmed_at), (EMAIL, None));
    assert!(users[0].password_hash.starts_with("$argon2id$"), "{}", users[0].password_hash);
    let accepted = agreement_acceptance::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
    assert_eq!(accepted.len(), 2);
    assert!(accepted.iter().all(|row| row.user_id == users[0].id && row.address == "127.0.0.1"));
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1);
    app.finish().await;
});

both_ways!(the_letter_has_the_link_and_its_date_in_the_language_asked_for, |app| {
    for (locale, address, subject, date) in [
        ("EN", "en@example.com", "Confirm your registration", "2026-06-27 12:00 (Moscow time)"),
        ("RU", "ru@example.com", "Подтвердите регистрацию в личном кабинете", "27.06.2026 12:00 (МСК)"),
    ] {
        let customer = app.customer();
        let mut input = input(&customer.solve_captcha().await);
        input["email"] = json!(address);
        input["locale"] = json!(locale);
        assert_eq!(try_to_register(&customer, input).await["userErrors"], json!([]));
        app.drain().await;
        let letters = app.take_letters(address);
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].subject, subject);
        let link = format!("{}/confirm-email?token=", app.url);
        for text in [&letters[0].text, &letters[0].html] {
            assert!(text.contains(date), "{text}");
        }
        assert!(letters[0].text.contains(&link), "{}", letters[0].text);
        assert!(letters[0].html.contains("confirm-email?token="), "{}", letters[0].html);
    }
    app.finish().await;
});

both_ways!(without_a_locale_the_letter_is_in_the_language_of_the_request, |app| {
    for (language, address, greeting) in [("ru", "ru@example.com", "Здравствуйте!"), ("en", "en@example.com", "Hello!")]
    {
        let mut customer = app.customer();
        customer.language = language;
        let mut input = input(&customer.solve_captcha().await);
        input["email"] = json!(address);
        input["locale"] = Value::Null;
        assert_eq!(try_to_register(&customer, input).await["userErrors"], json!([]));
        app.drain().await;
        assert!(app.take_letters(address)[0].text.contains(greeting));
    }
    app.finish().await;
});

both_ways!(without_a_captchas_right_answer_nobody_is_registered, |app| {
    let customer = app.customer();
    let solved = customer.solve_captcha().await;
    let (challenge, number) = solved.rsplit_once(':').unwrap();
    let wrong = (0..100).find(|n| {
        let digest = kabinet::platform::secret::fingerprint(&format!("{challenge}:{n}"));
        !digest.starts_with('0')
    });
    let forged = format!("{}:{number}", challenge.replace("1.register.4.", "1.register.4.9"));
    for answer in [
        Value::Null,
        json!(""),
        json!(challenge),
        json!(format!("{challenge}:{}", wrong.unwrap())),
        json!(format!("{challenge}:+{number}")),
        json!(format!("1.other.4.99999999999.00.00:{number}")),
        json!(forged),
    ] {
        assert_eq!(refused(&app, "captcha", answer.clone()).await, one("CAPTCHA_REJECTED", "captcha"), "{answer}");
    }
    app.finish().await;
});

both_ways!(a_captchas_answer_is_good_for_one_registration, |app| {
    let customer = app.customer();
    let captcha = customer.solve_captcha().await;
    assert_eq!(try_to_register(&customer, input(&captcha)).await["userErrors"], json!([]));
    let mut second = input(&captcha);
    second["email"] = json!("boris@example.com");
    assert_eq!(user_errors(&try_to_register(&customer, second).await), one("CAPTCHA_REJECTED", "captcha"));
    app.drain().await;
    assert_eq!(users(&app).await.len(), 1);
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_captchas_answer_is_good_for_ten_minutes, |app| {
    let customer = app.customer();
    let (early, late) = (customer.solve_captcha().await, customer.solve_captcha().await);
    app.advance(TimeDelta::seconds(599));
    assert_eq!(try_to_register(&customer, input(&early)).await["userErrors"], json!([]));
    app.advance(TimeDelta::seconds(1));
    assert_eq!(user_errors(&try_to_register(&customer, input(&late)).await), one("CAPTCHA_REJECTED", "captcha"));
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_refused_password_does_not_spend_the_captcha, |app| {
    let customer = app.customer();
    let captcha = customer.solve_captcha().await;
    let mut weak = input(&captcha);
    weak["password"] = json!("short");
    assert_eq!(user_errors(&try_to_register(&customer, weak).await), one("PASSWORD_TOO_SHORT", "password"));
    assert_eq!(try_to_register(&customer, input(&captcha)).await["userErrors"], json!([]));
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});

both_ways!(a_password_that_the_policy_forbids_is_refused_by_its_own_code, |app| {
    for (password, code) in [
        ("seven77".to_owned(), "PASSWORD_TOO_SHORT"),
        // Nine code points as typed, seven after NFC.
        ("e\u{301}e\u{301}xxxxx".to_owned(), "PASSWORD_TOO_SHORT"),
        ("x".repeat(129), "PASSWORD_TOO_LONG"),
        ("Password1".to_owned(), "PASSWORD_TOO_COMMON"),
        ("Мой Кабинет!".to_owned(), "PASSWORD_TOO_COMMON"),
        ("my ANNA@example.com".to_owned(), "PASSWORD_CONTAINS_LOGIN"),
        ("my anna 2026".to_owned(), "PASSWORD_CONTAINS_LOGIN"),
    ] {
        assert_eq!(refused(&app, "password", json!(password)).await, one(code, "password"), "{password}");
    }
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rule_seed_refuses_what_is_no_latin_letter_or_digit_and_what_is_longer_than_ten() {
    let app = TestApp::start_with(Way::Embedded, &[("KABINET__IDENTITY__PASSWORD_POLICY", "seed")]).await;
    for (password, code) in [
        ("abc1", "PASSWORD_TOO_SHORT"),
        ("abcdefghi12", "PASSWORD_TOO_LONG"),
        ("abc-12", "PASSWORD_CHARACTERS"),
        ("пароль1", "PASSWORD_CHARACTERS"),
    ] {
        assert_eq!(refused(&app, "password", json!(password)).await, one(code, "password"), "{password}");
    }
    let data = app.customer().ask("{ passwordPolicy { minLength maxLength description } }", json!({})).await;
    let expected = json!({ "minLength": 5, "maxLength": 10, "description": "5 to 10 Latin letters and digits." });
    assert_eq!(data["passwordPolicy"], expected);
    app.finish().await;
}

both_ways!(every_agreement_in_force_must_be_accepted_in_its_version, |app| {
    for accepted in [
        json!([]),
        json!(["USER_AGREEMENT@2026-11-01"]),
        json!(["PERSONAL_DATA_CONSENT@2026-11-01"]),
        json!(["USER_AGREEMENT@2026-11-01", "PERSONAL_DATA_CONSENT@2025-01-01"]),
    ] {
        let errors = refused(&app, "acceptedAgreements", accepted.clone()).await;
        assert_eq!(errors, one("AGREEMENTS_NOT_ACCEPTED", "acceptedAgreements"), "{accepted}");
    }
    app.finish().await;
});

both_ways!(what_is_no_address_is_refused, |app| {
    for address in ["", "anna", "anna@", "@example.com", "anna@localhost", "an na@example.com", "a@b.ru\nBcc: c@d.ru"] {
        let errors = refused(&app, "email", json!(address)).await;
        assert_eq!(errors, one("EMAIL_MALFORMED", "email"), "{address:?}");
    }
    app.finish().await;
});

both_ways!(a_known_address_gets_the_same_answer_and_another_letter, |app| {
    app.confirmed_customer(EMAIL).await;
    let before = users(&app).await;
    let stranger = app.customer();
    let fresh = stranger.register("new@example.com").await;
    let mut known = input(&stranger.solve_captcha().await);
    known["email"] = json!("ANNA@EXAMPLE.COM");
    known["password"] = json!("another password 9");
    let answer = try_to_register(&stranger, known).await;
    assert_eq!(answer["email"], EMAIL);
    assert_eq!(answer["confirmationExpiresAt"], fresh["confirmationExpiresAt"]);
    assert_eq!(answer["userErrors"], json!([]));

    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "You already have a cabinet");
    assert!(!letters[0].text.contains("token="), "{}", letters[0].text);
    app.take_letters("new@example.com");
    let after: Vec<_> = users(&app).await.into_iter().filter(|user| user.email == EMAIL).collect();
    assert_eq!(after, before);
    app.customer().sign_in(EMAIL).await;
    app.finish().await;
});

both_ways!(an_address_that_waits_for_confirmation_gets_the_link_again_and_keeps_its_password, |app| {
    let customer = app.customer();
    customer.register(EMAIL).await;
    for _ in 0..2 {
        app.drain().await;
        // The first of them is within the pause between two letters: the answer does not show it.
        app.advance(TimeDelta::seconds(30));
        let mut again = input(&customer.solve_captcha().await);
        again["password"] = json!("another password 9");
        let payload = try_to_register(&customer, again).await;
        assert_eq!((&payload["email"], &payload["userErrors"]), (&json!(EMAIL), &json!([])));
    }
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| letter.text.contains("token=")));
    assert_eq!(users(&app).await.len(), 1);
    app.customer().sign_in(EMAIL).await;
    app.finish().await;
});

both_ways!(twenty_registrations_of_one_address_at_once_make_one_cabinet, |app| {
    let customer = app.customer();
    let mut answers = Vec::new();
    for _ in 0..20 {
        let captcha = customer.solve_captcha().await;
        answers.push(input(&captcha));
    }
    let tries = answers.into_iter().map(|input| try_to_register(&customer, input));
    for payload in futures_util::future::join_all(tries).await {
        assert_eq!((&payload["userErrors"], &payload["email"]), (&json!([]), &json!(EMAIL)));
    }
    app.drain().await;
    assert_eq!(users(&app).await.len(), 1);
    assert!(!app.take_letters(EMAIL).is_empty());
    app.finish().await;
});

/// Between the look for the address and the insertion another transaction takes the address: the registration is carried
/// out anew, finds the cabinet, and does to it what is done to one that waits for its confirmation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_that_was_overtaken_is_carried_out_anew() {
    let app = Box::pin(TestApp::start(Way::Full)).await;
    let customer = app.customer();
    customer.register("boris@example.com").await;
    app.drain().await;
    app.discard_letters();
    let url = app.app.config.database.url.as_ref().unwrap().expose_secret().to_owned();
    let mut options = ConnectOptions::new(url);
    options.max_connections(1);
    let other = Database::connect(options).await.unwrap();
    // What is not committed is not seen, and yet holds the address.
    other.execute_unprepared(&format!("BEGIN; UPDATE users SET email = '{EMAIL}'")).await.unwrap();
    let given = input(&customer.solve_captcha().await);
    let payload = try_to_register(&customer, given).await;
    assert_eq!((&payload["email"], &payload["userErrors"]), (&json!(EMAIL), &json!([])));
    let drained = app.drain();
    let overtaken = async {
        let waiting = "SELECT count(*) AS waiting FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO \"users\"%'";
        eventually("the insertion waits", async || {
            // Not inside the transaction, which would see the same for ever.
            let db = app.app.mechanisms.db.read();
            let asked = Statement::from_string(db.get_database_backend(), waiting);
            let waiting: i64 = db.query_one_raw(asked).await.unwrap().unwrap().try_get("", "waiting").unwrap();
            (waiting == 1).then_some(())
        })
        .await;
        other.execute_unprepared("COMMIT").await.unwrap();
        other.close().await.unwrap();
    };
    tokio::join!(drained, overtaken);
    let all = users(&app).await;
    assert_eq!(
        all.iter().map(|user| (user.email.as_str(), user.password_contested)).collect::<Vec<_>>(),
        [(EMAIL, true)]
    );
    app.drain().await;
    app.discard_letters();
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_addresses_of_the_domains_that_the_setting_names_are_registered() {
    let settings = [("KABINET__IDENTITY__ALLOWED_MAIL_DOMAINS", "Example.com, почта.рф")];
    for way in [Way::Embedded, Way::Full] {
        let app = TestApp::start_with(way, &settings).await;
        app.confirmed_customer(EMAIL).await;
        let customer = app.customer();
        for (address, allowed) in [
            ("vera@EXAMPLE.com", true),
            ("vera@ПОЧТА.рф", true),
            ("vera@xn--80a1acny.xn--p1ai", true),
            ("vera@sub.example.com", false),
            ("vera@notexample.com", false),
            ("vera@example.com.ru", false),
        ] {
            let mut input = input(&customer.solve_captcha().await);
            input["email"] = json!(address);
            let payload = try_to_register(&customer, input).await;
            let expected = if allowed { vec![] } else { one("EMAIL_DOMAIN_NOT_ALLOWED", "email") };
            assert_eq!(user_errors(&payload), expected, "{address}");
        }
        app.drain().await;
        assert_eq!(users(&app).await.len(), 3, "two spellings of one address are one cabinet");
        app.drain().await;
        assert!(!app.take_letters("vera@example.com").is_empty());
        assert!(!app.take_letters("vera@xn--80a1acny.xn--p1ai").is_empty());
        app.finish().await;
    }
}

both_ways!(a_domain_that_is_not_allowed_any_more_tells_nothing_of_its_addresses, |app| {
    app.confirmed_customer(EMAIL).await;
    let app = app.restart_with(&[("KABINET__IDENTITY__ALLOWED_MAIL_DOMAINS", "example.org")]).await;
    let customer = app.customer();
    let mut answers = Vec::new();
    for address in [EMAIL, "nobody@example.com"] {
        let mut input = input(&customer.solve_captcha().await);
        input["email"] = json!(address);
        let (statements, payload) = app.statements(try_to_register(&customer, input)).await;
        assert_eq!(user_errors(&payload), one("EMAIL_DOMAIN_NOT_ALLOWED", "email"));
        answers.push((statements, payload));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(app.customer().try_to_sign_in(EMAIL, PASSWORD).await, "cabinets that exist stay");
    app.drain().await;
    app.finish().await;
});
