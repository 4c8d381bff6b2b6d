//! What an operator does for the owner of an address.

use entity::enums::{WebhookKeyKind, WebhookState};
use kabinet::integrators::webhooks::endpoint::{MOST, MOST_KEYS};
use kabinet::integrators::webhooks::{WebhookRefusal, Wish};
use kabinet::kernel::{Failure, type_id};

use super::{add, states};
use crate::harness::{Receiver, Reply, TestApp, both_ways, sample};
use crate::metering::provider_of;

async fn operator(app: &TestApp, arguments: &[&str]) -> Vec<Vec<String>> {
    let output = app.operator(&[&["webhooks"], arguments].concat()).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {told}{}", String::from_utf8_lossy(&output.stderr));
    told.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

both_ways!(an_operator_adds_looks_tries_and_disables, |app| {
    let server = Receiver::start().await;
    let code = sample("debt").provider_code.as_str();
    let events = "reading.status_changed,balance.changed";
    let added = operator(&app, &["add", code, &server.url, "--events", events, "--key", "ed25519"]).await;
    let (webhook, key) = (added[0][0].as_str(), added[0][1].as_str());
    assert!(webhook.starts_with("webhook_") && key.starts_with("whpk_"), "{added:?}");
    let listed = operator(&app, &["list", code]).await;
    let quoted = format!("\"{}\"", server.url);
    let expected = [webhook, code, &quoted, "balance.changed reading.status_changed", "ACTIVE", "", "", key];
    assert_eq!(listed, [expected]);
    let pinged = operator(&app, &["ping", webhook]).await;
    assert_eq!((pinged[0][0].as_str(), pinged[0][2].as_str()), ("200", "\"answer 200\""));
    let received = server.take();
    assert_eq!((received.len(), &received[0].json()["type"]), (1, &"webhook.ping".into()));
    let log = operator(&app, &["log", webhook]).await;
    assert_eq!(log[0][..3], [received[0].id(), "webhook.ping", "DELIVERED"]);
    server.reply([Reply::Status(500)]);
    assert!(!app.operator(&["webhooks", "ping", webhook]).await.status.success(), "it was not taken");
    let rotated = operator(&app, &["rotate", webhook, "--overlap-hours", "0"]).await;
    assert!(rotated[0][1].starts_with("whsec_"));
    operator(&app, &["disable", webhook]).await;
    assert_eq!(operator(&app, &["list"]).await[0][4..6], ["DISABLED", "OWNER"]);
    assert!(!app.operator(&["webhooks", "ping", webhook]).await.status.success());
    operator(&app, &["enable", webhook]).await;
    assert_eq!(operator(&app, &["list"]).await[0][4..6], ["ACTIVE", ""]);
    for wrong in [
        &["add", "nobody", "https://hooks.example/"][..],
        &["add", code, "gopher://hooks.example/"],
        &["add", code, "https://hooks.example/", "--events", "balance"],
        &["disable", "webhook_01h455vb4pex5vsknk084sn02q"],
        &["redeliver", "msg_01h455vb4pex5vsknk084sn02q"],
        &["rotate", webhook, "--overlap-hours", "1000"],
    ] {
        assert!(!app.operator(&[&["webhooks"], wrong].concat()).await.status.success(), "{wrong:?}");
    }
    app.finish().await;
});

both_ways!(a_stranger_finds_nothing, |app| {
    let server = Receiver::start().await;
    let webhooks = &app.app.webhooks;
    let id = add(&app, &server, &[]).await.endpoint.id;
    let own = Some(provider_of(&app, "debt").await);
    let stranger = Some(provider_of(&app, "day-and-night").await);
    let message = webhooks.ping(own, id).await.unwrap().id;
    app.drain().await;
    let not_found =
        |failure: Failure<WebhookRefusal>| assert!(matches!(failure, Failure::Refused(WebhookRefusal::NotFound)));
    not_found(webhooks.rotate(stranger, id, WebhookKeyKind::Hmac, 1).await.unwrap_err());
    not_found(webhooks.disable(stranger, id).await.unwrap_err());
    not_found(webhooks.enable(stranger, id).await.unwrap_err());
    not_found(webhooks.ping(stranger, id).await.unwrap_err());
    not_found(webhooks.log(stranger, id, 10).await.unwrap_err());
    not_found(webhooks.redeliver(stranger, message).await.unwrap_err());
    not_found(webhooks.redeliver_since(stranger, id, app.clock.now()).await.unwrap_err());
    assert_eq!(webhooks.list(stranger).await.unwrap().len(), 0);
    assert_eq!(webhooks.list(own).await.unwrap()[0].endpoint.state, WebhookState::Active);
    assert_eq!(states(&app, id).await, [("DELIVERED", 1)]);
    assert_eq!(server.take()[0].id(), type_id::encode(message));
    app.finish().await;
});

both_ways!(addresses_and_keys_have_an_end, |app| {
    let server = Receiver::start().await;
    let webhooks = &app.app.webhooks;
    let id = add(&app, &server, &[]).await.endpoint.id;
    for _ in 1..MOST_KEYS {
        webhooks.rotate(None, id, WebhookKeyKind::Hmac, 24).await.unwrap();
    }
    let refused = webhooks.rotate(None, id, WebhookKeyKind::Hmac, 24).await.unwrap_err();
    assert!(matches!(refused, Failure::Refused(WebhookRefusal::TooManyKeys)));
    webhooks.rotate(None, id, WebhookKeyKind::Hmac, 0).await.unwrap();
    assert_eq!(webhooks.list(None).await.unwrap()[0].keys.len(), 1, "the others are void at once");
    let wish = Wish {
        provider: provider_of(&app, "debt").await,
        url: server.url.clone(),
        events: Vec::new(),
        key: WebhookKeyKind::Hmac,
    };
    for _ in 1..MOST {
        webhooks.add(&wish).await.unwrap();
    }
    let refused = webhooks.add(&wish).await.unwrap_err();
    assert!(matches!(refused, Failure::Refused(WebhookRefusal::TooMany)));
    app.finish().await;
});
