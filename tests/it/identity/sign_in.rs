//! `signIn`: who gets in, and that the refusal tells nothing.

use entity::user;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, Way, both_ways};

const EMAIL: &str = "anna@example.com";
const FIELDS: &str = "token session { startedAt endsAt address } viewer { email }";

both_ways!(the_right_password_opens_a_session, |app| {
    app.confirmed_customer(EMAIL).await;
    let customer = app.customer();
    let input = json!({ "email": " ANNA@example.COM", "password": PASSWORD });
    let payload = customer.mutate("signIn", FIELDS, input).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["viewer"]["email"], EMAIL);
    let session =
        json!({ "startedAt": "2026-06-20T09:00:00Z", "endsAt": "2026-07-20T09:00:00Z", "address": "127.0.0.1" });
    assert_eq!(payload["session"], session);
    assert!(payload["token"].as_str().unwrap().starts_with("sess_"));
    app.finish().await;
});

both_ways!(a_wrong_password_and_an_unknown_address_get_the_same_answer, |app| {
    app.confirmed_customer(EMAIL).await;
    let customer = app.customer();
    let mut answers = Vec::new();
    for (email, password) in
        [(EMAIL, "wrong horse 42"), ("nobody@example.com", PASSWORD), (EMAIL, ""), (EMAIL, "nobody")]
    {
        answers.push(customer.mutate("signIn", FIELDS, json!({ "email": email, "password": password })).await);
    }
    let error = json!({ "__typename": "BasicError", "code": "BAD_CREDENTIALS", "field": null,
        "message": "The address or the password is wrong." });
    let expected = json!({ "token": null, "session": null, "viewer": null, "userErrors": [error] });
    assert!(answers.iter().all(|answer| *answer == expected), "{answers:?}");
    // What an unknown address is compared with opens nothing.
    let input = json!({ "email": "nobody@example.com", "password": "nobody" });
    assert_eq!(customer.mutate("signIn", FIELDS, input).await, expected);
    app.finish().await;
});

both_ways!(a_password_is_the_same_composed_and_decomposed, |app| {
    let customer = app.customer();
    let captcha = customer.solve_captcha().await;
    let input = json!({ "email": EMAIL, "password": "зелёный чай", "captcha": captcha, "locale": "EN",
        "acceptedAgreements": crate::harness::agreements() });
    customer.mutate("register", "email", input).await;
    app.drain().await;
    app.take_letters(EMAIL);
    let input = json!({ "email": EMAIL, "password": "зеле\u{308}ный чай" });
    assert_eq!(customer.mutate("signIn", FIELDS, input).await["userErrors"], json!([]));
    app.finish().await;
});

both_ways!(what_is_no_address_is_refused, |app| {
    let customer = app.customer();
    let payload = customer.mutate("signIn", FIELDS, json!({ "email": "anna", "password": PASSWORD })).await;
    assert_eq!(payload["userErrors"][0]["code"], "EMAIL_MALFORMED");
    assert_eq!(payload["token"], Value::Null);
    app.finish().await;
});

async fn hash(app: &TestApp) -> String {
    user::Entity::find().one(app.app.mechanisms.db.read()).await.unwrap().unwrap().password_hash
}

async fn stronger_parameters_hash_the_password_anew_at_the_next_sign_in(way: Way) {
    let app = TestApp::start(way).await;
    app.confirmed_customer(EMAIL).await;
    let weak = hash(&app).await;
    assert!(weak.contains("m=64,t=1,p=1"), "{weak}");
    app.customer().sign_in(EMAIL).await;
    assert_eq!(hash(&app).await, weak);

    let app = app.restart_with(&[("KABINET__IDENTITY__ARGON2_MEMORY_KIB", "128")]).await;
    let wrong = json!({ "email": EMAIL, "password": "wrong horse 42" });
    app.customer().mutate("signIn", FIELDS, wrong).await;
    assert_eq!(hash(&app).await, weak);
    app.customer().sign_in(EMAIL).await;
    let strong = hash(&app).await;
    assert!(strong.contains("m=128,t=1,p=1"), "{strong}");
    app.customer().sign_in(EMAIL).await;
    assert_eq!(hash(&app).await, strong);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stronger_parameters_hash_the_password_anew_embedded() {
    stronger_parameters_hash_the_password_anew_at_the_next_sign_in(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stronger_parameters_hash_the_password_anew_full() {
    stronger_parameters_hash_the_password_anew_at_the_next_sign_in(Way::Full).await;
}
