//! What a registration form shows before anybody is registered.

use serde_json::{Value, json};

use crate::harness::{TestApp, Way, agreements, both_ways};

both_ways!(the_password_policy_tells_its_lengths_and_its_rule_in_the_readers_language, |app| {
    let mut customer = app.customer();
    let query = "{ passwordPolicy { minLength maxLength description } }";
    let policy = customer.ask(query, json!({})).await["passwordPolicy"].take();
    assert_eq!((&policy["minLength"], &policy["maxLength"]), (&json!(8), &json!(128)));
    assert!(policy["description"].as_str().unwrap().starts_with("8 to 128"));
    customer.language = "ru";
    let policy = customer.ask(query, json!({})).await["passwordPolicy"].take();
    assert!(policy["description"].as_str().unwrap().starts_with("От 8 до 128"));
    app.finish().await;
});

both_ways!(the_agreements_are_two_documents_in_the_readers_language, |app| {
    let mut customer = app.customer();
    let query = "{ agreements { id kind version title text url } }";
    let english = customer.ask(query, json!({})).await["agreements"].take();
    customer.language = "ru";
    let russian = customer.ask(query, json!({})).await["agreements"].take();
    let of = |documents: &Value, field: &str| -> Vec<Value> {
        documents.as_array().unwrap().iter().map(|document| document[field].clone()).collect()
    };
    assert_eq!(json!(of(&english, "id")), agreements());
    assert_eq!(of(&english, "kind"), [json!("USER_AGREEMENT"), json!("PERSONAL_DATA_CONSENT")]);
    assert_eq!(of(&russian, "title")[0], "Пользовательское соглашение");
    assert_eq!(of(&english, "title")[0], "User agreement");
    for text in of(&english, "text").iter().chain(&of(&russian, "text")) {
        assert!(text.as_str().unwrap().len() > 200, "{text}");
    }
    assert_ne!(of(&english, "text"), of(&russian, "text"));
    app.finish().await;
});

both_ways!(a_captcha_is_fresh_each_time_and_names_its_end, |app| {
    let customer = app.customer();
    let query = "{ captcha(action: REGISTER) { kind challenge difficulty expiresAt siteKey } }";
    let one = customer.ask(query, json!({})).await["captcha"].take();
    let two = customer.ask(query, json!({})).await["captcha"].take();
    assert_eq!((&one["kind"], &one["expiresAt"]), (&json!("PROOF_OF_WORK"), &json!("2026-06-20T09:10:00Z")));
    assert_ne!(one["challenge"], two["challenge"]);
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_difficulty_no_captcha_is_asked() {
    let app = TestApp::start_with(Way::Embedded, &[("KABINET__CAPTCHA__DIFFICULTY", "0")]).await;
    let customer = app.customer();
    let data = customer.ask("{ captcha { kind } }", json!({})).await;
    assert_eq!(data["captcha"]["kind"], "NONE");
    let input = json!({ "email": "anna@example.com", "password": crate::harness::PASSWORD,
        "acceptedAgreements": agreements() });
    assert_eq!(customer.mutate("register", "email", input).await["userErrors"], json!([]));
    app.drain().await;
    app.confirmation_token("anna@example.com");
    app.finish().await;
}
