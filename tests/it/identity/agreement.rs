//! Agreements that are asked again when their version changes, and what was accepted.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, agreements, both_ways, top_code, user_errors};

const EMAIL: &str = "anna@example.com";
const TERMS: &str = "USER_AGREEMENT@2026-11-01";

async fn pending(customer: &Customer) -> Vec<String> {
    let data = customer.ask("{ viewer { pendingAgreements { id title text } } }", json!({})).await;
    let documents = data["viewer"]["pendingAgreements"].as_array().unwrap().clone();
    documents.iter().map(|document| document["id"].as_str().unwrap().to_owned()).collect()
}

async fn accepted(customer: &Customer) -> Value {
    let query = "{ viewer { agreementAcceptances { kind version acceptedAt address } } }";
    customer.ask(query, json!({})).await["viewer"]["agreementAcceptances"].take()
}

async fn accept(customer: &Customer, ids: Value) -> Value {
    customer.mutate("acceptAgreements", "viewer { pendingAgreements { id } }", json!({ "ids": ids })).await
}

/// As if the version of the terms had changed since the person accepted them.
async fn accepted_an_older_version(app: &TestApp) -> Customer {
    let customer = app.confirmed_customer(EMAIL).await;
    app.sql("UPDATE agreement_acceptances SET version = '2025-01-01' WHERE kind = 'USER_AGREEMENT'").await;
    customer
}

fn row(kind: &str, version: &str, at: &str) -> Value {
    json!({ "kind": kind, "version": version, "acceptedAt": at, "address": "127.0.0.1" })
}

both_ways!(a_newer_version_is_asked_again_and_the_older_acceptance_is_kept, |app| {
    let customer = accepted_an_older_version(&app).await;
    assert_eq!(pending(&customer).await, [TERMS]);
    app.advance(TimeDelta::minutes(1));
    let done = json!({ "viewer": { "pendingAgreements": [] }, "userErrors": [] });
    for _ in 0..2 {
        // Those accepted already may be among them: they stay as they were.
        assert_eq!(accept(&customer, agreements()).await, done);
    }
    assert_eq!(pending(&customer).await, Vec::<String>::new());
    let expected = json!([
        row("PERSONAL_DATA_CONSENT", "2026-11-01", "2026-06-20T09:00:00Z"),
        row("USER_AGREEMENT", "2025-01-01", "2026-06-20T09:00:00Z"),
        row("USER_AGREEMENT", "2026-11-01", "2026-06-20T09:01:00Z"),
    ]);
    assert_eq!(accepted(&customer).await, expected);
    app.finish().await;
});

both_ways!(who_accepted_all_at_registration_is_asked_nothing, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    assert_eq!(pending(&customer).await, Vec::<String>::new());
    assert_eq!(accepted(&customer).await.as_array().unwrap().len(), 2);
    app.finish().await;
});

both_ways!(twenty_clicks_at_once_are_one_acceptance, |app| {
    let customer = accepted_an_older_version(&app).await;
    let clicks = join_all((0..20).map(|_| accept(&customer, json!([TERMS])))).await;
    assert!(clicks.iter().all(|payload| payload["userErrors"] == json!([])));
    assert_eq!(accepted(&customer).await.as_array().unwrap().len(), 3);
    app.finish().await;
});

both_ways!(only_documents_in_force_are_accepted_all_or_none, |app| {
    let customer = accepted_an_older_version(&app).await;
    for stale in ["USER_AGREEMENT@2025-01-01", "USER_AGREEMENT", ""] {
        let payload = accept(&customer, json!([TERMS, stale])).await;
        let expected = [("AGREEMENT_NOT_IN_FORCE".to_owned(), json!(["ids", "1"]))];
        assert_eq!(user_errors(&payload), expected, "{stale:?}");
    }
    assert_eq!(user_errors(&accept(&customer, json!([])).await), [("EMPTY".to_owned(), json!(["ids"]))]);
    assert_eq!(pending(&customer).await, [TERMS]);
    app.finish().await;
});

both_ways!(acceptances_are_their_persons_own, |app| {
    let anna = accepted_an_older_version(&app).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    accept(&boris, json!([TERMS])).await;
    assert_eq!(pending(&anna).await, [TERMS]);
    assert_eq!(accepted(&boris).await.as_array().unwrap().len(), 2);

    let query = "mutation($ids: [ID!]!) { acceptAgreements(input: { ids: $ids }) { userErrors { code field } } }";
    let mut customer = app.customer();
    let (_, answer) = customer.post(query, json!({ "ids": [TERMS] })).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    customer.register("vera@example.com").await;
    app.drain().await;
    app.take_letters("vera@example.com");
    customer.sign_in("vera@example.com").await;
    let payload = accept(&customer, json!([TERMS])).await;
    assert_eq!(user_errors(&payload), [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)]);
    app.finish().await;
});
