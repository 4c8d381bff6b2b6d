//! A provider's program and its provider's addresses for webhooks.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::batches::foreign;
use super::{EVERY_SCOPE, Program};
use crate::harness::{Customer, Receiver, Reply, both_ways, top_code, user_errors};

async fn act(caller: &Customer, mutation: &str, fields: &str, input: Value) -> Value {
    caller.mutate(mutation, fields, input).await
}

const LISTED: &str = "{ apiClient { webhooks { id url events state stop keys { kind publicKey expiresAt } } } }";

both_ways!(a_program_keeps_its_providers_addresses, |app| {
    let receiver = Receiver::start().await;
    let caller = Program::add(&app, "debt", "WEBHOOKS").await.caller().await;
    let input = json!({ "url": receiver.url, "events": ["PAYMENT_STATUS_CHANGED", "PING"] });
    let added = act(&caller, "registerWebhook", "key webhook { id events }", input).await;
    assert_eq!(user_errors(&added), []);
    let id = added["webhook"]["id"].as_str().unwrap();
    assert!(id.starts_with("webhook_") && added["key"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(added["webhook"]["events"], json!(["PAYMENT_STATUS_CHANGED"]), "a ping is not chosen");
    let pinged = act(&caller, "pingWebhook", "messageId", json!({ "id": id })).await;
    app.drain().await;
    assert_eq!(receiver.take()[0].id(), pinged["messageId"].as_str().unwrap());
    let log = "query($id: ID!) { apiClient { webhookMessages(webhookId: $id) {
        id event state payload dueAt attempts { status milliseconds answer } } } }";
    let messages = caller.ask(log, json!({ "id": id })).await["apiClient"]["webhookMessages"].take();
    assert_eq!(
        (&messages[0]["event"], &messages[0]["state"], &messages[0]["dueAt"]),
        (&json!("PING"), &json!("DELIVERED"), &Value::Null)
    );
    assert_eq!(
        (&messages[0]["attempts"][0]["status"], &messages[0]["attempts"][0]["answer"]),
        (&json!(200), &json!("answer 200"))
    );
    app.advance(TimeDelta::seconds(1));
    let rotated =
        act(&caller, "rotateWebhookKey", "key webhook { keys { kind } }", json!({ "id": id, "key": "ED25519" })).await;
    assert!(rotated["key"].as_str().unwrap().starts_with("whpk_"));
    assert_eq!(rotated["webhook"]["keys"], json!([{ "kind": "ED25519" }, { "kind": "HMAC" }]));
    let again = json!({ "id": id, "messageId": pinged["messageId"] });
    assert_eq!(act(&caller, "redeliverWebhookMessages", "count", again).await["count"], 1);
    app.drain().await;
    assert_eq!(receiver.take()[0].signatures().len(), 2);
    receiver.reply([Reply::Status(500)]);
    act(&caller, "pingWebhook", "messageId", json!({ "id": id })).await;
    app.drain().await;
    let disabled = act(&caller, "disableWebhook", "webhook { state stop }", json!({ "id": id })).await;
    assert_eq!(disabled["webhook"], json!({ "state": "DISABLED", "stop": "OWNER" }));
    let refused = act(&caller, "pingWebhook", "messageId", json!({ "id": id })).await;
    assert_eq!(user_errors(&refused), [("WEBHOOK_DISABLED".to_owned(), json!(["id"]))]);
    act(&caller, "enableWebhook", "webhook { state }", json!({ "id": id })).await;
    assert_eq!(
        act(&caller, "redeliverWebhookMessages", "count", json!({ "id": id })).await["count"],
        1,
        "what was dropped"
    );
    app.drain().await;
    let listed = caller.ask(LISTED, json!({})).await["apiClient"]["webhooks"].take();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &json!("ACTIVE")));
    app.finish().await;
});

both_ways!(addresses_are_their_providers_alone, |app| {
    let receiver = Receiver::start().await;
    let caller = Program::add(&app, "debt", "WEBHOOKS").await.caller().await;
    let added = act(&caller, "registerWebhook", "webhook { id }", json!({ "url": receiver.url })).await;
    let id = added["webhook"]["id"].as_str().unwrap();
    let stranger = Program::add(&app, foreign(), EVERY_SCOPE).await.caller().await;
    assert_eq!(stranger.ask(LISTED, json!({})).await["apiClient"]["webhooks"], json!([]));
    for mutation in ["rotateWebhookKey", "disableWebhook", "enableWebhook", "pingWebhook", "redeliverWebhookMessages"] {
        for wrong in [id, "nonsense"] {
            let refused = act(&stranger, mutation, "__typename", json!({ "id": wrong })).await;
            assert_eq!(user_errors(&refused), [("WEBHOOK_NOT_FOUND".to_owned(), json!(["id"]))], "{mutation}");
        }
    }
    let unfit = act(&caller, "registerWebhook", "key", json!({ "url": "gopher://hooks.example/" })).await;
    assert_eq!(user_errors(&unfit), [("WEBHOOK_URL_UNFIT".to_owned(), json!(["url"]))]);
    let reader = Program::add(&app, "debt", "READINGS").await.caller().await;
    let (status, refused) = reader.post(LISTED, json!({})).await;
    assert_eq!((status, top_code(&refused)), (StatusCode::FORBIDDEN, "FORBIDDEN"));
    app.finish().await;
});
