//! `viewer.sessions` and the mutations that end them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, both_ways, top_code, user_errors};

const EMAIL: &str = "anna@example.com";
const FIELDS: &str = "id device address startedAt lastUsedAt endsAt current";

async fn list(customer: &Customer) -> Vec<Value> {
    let data = customer.ask(&format!("{{ viewer {{ sessions {{ {FIELDS} }} }} }}"), json!({})).await;
    data["viewer"]["sessions"].as_array().unwrap().clone()
}

fn of_device<'a>(sessions: &'a [Value], device: &str) -> &'a Value {
    sessions.iter().find(|session| session["device"] == device).unwrap()
}

async fn revoke(customer: &Customer, id: &Value) -> Value {
    customer.mutate("revokeSession", "sessions { id }", json!({ "id": id })).await
}

/// Ends others, or all.
async fn end(customer: &Customer, name: &str) -> Value {
    let query = format!("mutation {{ {name} {{ sessions {{ current }} userErrors {{ code }} }} }}");
    customer.ask(&query, json!({})).await[name].take()
}

async fn told_of_new_devices(app: &TestApp, email: &str, times: usize) {
    app.drain().await;
    assert_eq!(app.take_letters(email).len(), times);
}

/// A telephone and a computer of one person; the computer began a minute later.
async fn two_devices(app: &TestApp) -> (Customer, Customer) {
    let mut telephone = app.confirmed_customer(EMAIL).await;
    telephone.device = "telephone/1";
    telephone.sign_in(EMAIL).await;
    app.advance(TimeDelta::minutes(1));
    let mut computer = app.customer();
    computer.device = "computer/2";
    computer.sign_in(EMAIL).await;
    told_of_new_devices(app, EMAIL, 2).await;
    (telephone, computer)
}

both_ways!(a_person_sees_the_devices_that_are_signed_in, |app| {
    let (_, computer) = two_devices(&app).await;
    let mut stranger = app.confirmed_customer("boris@example.com").await;
    stranger.device = "other/3";
    stranger.sign_in("boris@example.com").await;
    told_of_new_devices(&app, "boris@example.com", 1).await;
    let sessions = list(&computer).await;
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    let id = sessions[0]["id"].as_str().unwrap();
    assert!(id.starts_with("session_"), "{id}");
    let expected = json!({ "id": id, "device": "computer/2", "address": "127.0.0.1", "current": true,
        "startedAt": "2026-06-20T09:01:00Z", "lastUsedAt": "2026-06-20T09:01:00Z", "endsAt": "2026-07-20T09:01:00Z" });
    assert_eq!(sessions[0], expected);
    assert_eq!(of_device(&sessions, "telephone/1")["current"], false);
    assert!(sessions.iter().any(|session| session["device"].is_null()));
    app.advance(TimeDelta::minutes(5));
    assert_eq!(list(&computer).await[0]["lastUsedAt"], "2026-06-20T09:06:00Z");
    // Those without use for half an hour are seen no more.
    app.advance(TimeDelta::minutes(25));
    assert_eq!(list(&computer).await.len(), 1);
    app.finish().await;
});

both_ways!(one_session_is_ended_and_the_others_go_on, |app| {
    let (telephone, computer) = two_devices(&app).await;
    let id = of_device(&list(&computer).await, "telephone/1")["id"].clone();
    let payload = revoke(&computer, &id).await;
    assert_eq!(payload["sessions"].as_array().unwrap().len(), 2);
    assert!(!telephone.is_signed_in().await);
    assert!(computer.is_signed_in().await);
    assert_eq!(user_errors(&revoke(&computer, &id).await), [("SESSION_NOT_FOUND".to_owned(), json!(["id"]))]);
    app.finish().await;
});

both_ways!(a_strangers_session_is_none_that_exists, |app| {
    let (telephone, computer) = two_devices(&app).await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    let theirs = of_device(&list(&computer).await, "telephone/1")["id"].clone();
    for id in [theirs, json!("session_01h455vb4pex5vsknk084sn02q"), json!("user_01h455vb4pex5vsknk084sn02q"), json!("")]
    {
        let payload = revoke(&stranger, &id).await;
        assert_eq!(user_errors(&payload), [("SESSION_NOT_FOUND".to_owned(), json!(["id"]))]);
        assert_eq!(payload["sessions"], Value::Null);
    }
    assert!(telephone.is_signed_in().await);
    app.finish().await;
});

both_ways!(the_others_are_ended_or_all, |app| {
    let (telephone, computer) = two_devices(&app).await;
    let payload = end(&computer, "revokeOtherSessions").await;
    assert_eq!(payload, json!({ "sessions": [{ "current": true }], "userErrors": [] }));
    assert!(!telephone.is_signed_in().await);
    assert!(computer.is_signed_in().await);
    let mut telephone = telephone;
    telephone.sign_in(EMAIL).await;
    assert_eq!(end(&computer, "revokeAllSessions").await, json!({ "sessions": [], "userErrors": [] }));
    assert!(!telephone.is_signed_in().await);
    assert!(!computer.is_signed_in().await);
    app.finish().await;
});

both_ways!(nobody_ends_sessions_without_one, |app| {
    for mutation in ["revokeOtherSessions", "revokeAllSessions", "revokeSession(input: { id: \"session_0\" })"] {
        let (_, answer) =
            app.customer().post(&format!("mutation {{ {mutation} {{ userErrors {{ code }} }} }}"), json!({})).await;
        assert_eq!(top_code(&answer), "UNAUTHENTICATED", "{mutation}");
    }
    app.finish().await;
});

both_ways!(requests_under_way_do_not_bring_back_a_session_that_is_revoked_meanwhile, |app| {
    let (telephone, computer) = two_devices(&app).await;
    for _ in 0..5 {
        let mut telephone = telephone.clone();
        telephone.sign_in(EMAIL).await;
        // So long that every request wants to write down the session's use.
        app.advance(TimeDelta::minutes(2));
        let requests = futures_util::future::join_all((0..20).map(|_| telephone.is_signed_in()));
        tokio::join!(requests, end(&computer, "revokeOtherSessions"));
        app.advance(TimeDelta::seconds(2));
        assert!(!telephone.is_signed_in().await);
        assert_eq!(list(&computer).await.len(), 1);
    }
    app.finish().await;
});
