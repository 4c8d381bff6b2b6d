//! News as it comes.

use chrono::TimeDelta;
use entity::enums::{PaymentStatus, WebhookEvent, WebhookKeyKind};
use entity::ids::OutboxJobId;
use kabinet::billing::event::BalanceChanged;
use kabinet::graphql::ids::decode;
use kabinet::integrators::webhooks::Wish;
use kabinet::metering::decision::Decision;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{add, add_for, ids, pay, states};
use crate::harness::{Receiver, both_ways};
use crate::metering::{decide, meter, owner, provider_of, submit};

both_ways!(news_is_told_signed_and_thin, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let server = Receiver::start().await;
    let added = add(&app, &server, &[]).await;
    pay(&app, &customer, &account, "10.00", "one").await;
    let received = server.take();
    let told: Vec<Value> = received.iter().map(crate::harness::Received::json).collect();
    let of = |name: &str| told.iter().find(|one| one["type"] == name).unwrap_or_else(|| panic!("no {name}: {told:?}"));
    let balance = of("balance.changed");
    let version = balance["data"]["version"].as_i64().unwrap();
    let expected = json!({ "type": "balance.changed", "timestamp": "2026-06-20T09:00:00.000Z",
        "data": { "accountId": account, "version": version } });
    assert_eq!(balance, &expected, "ids and words, nothing of a person");
    let payment = of("payment.status_changed");
    assert_eq!(payment["data"].as_object().unwrap().len(), 3);
    assert_eq!((&payment["data"]["status"], &payment["data"]["accountId"]), (&json!("SUCCEEDED"), &json!(account)));
    assert!(payment["data"]["paymentId"].as_str().unwrap().starts_with("payment_"));
    assert_eq!((told.len(), ids(&received).len()), (2, 2));
    for one in &received {
        assert!(one.id().starts_with("msg_"));
        assert_eq!(one.headers["webhook-timestamp"], app.clock.now().timestamp().to_string());
        assert_eq!(one.headers["content-type"], "application/json");
        assert!(matches!(one.signatures()[..], [one] if one.starts_with("v1,")));
    }
    assert_eq!(states(&app, added.endpoint.id).await, [("DELIVERED", 1), ("DELIVERED", 1)]);
    app.drain().await;
    assert_eq!(server.take().len(), 0, "once is enough");
    app.finish().await;
});

both_ways!(a_reading_is_told_of_at_every_step, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let server = Receiver::start().await;
    add(&app, &server, &[WebhookEvent::ReadingStatusChanged]).await;
    let page = meter(&customer, &account).await;
    let sent = submit(&customer, json!([page.reading(3)])).await;
    let reading = sent["readings"][0]["id"].as_str().unwrap();
    app.drain().await;
    decide(&app, "debt", &[(reading, Decision::Delivered)]).await;
    app.drain().await;
    decide(&app, "debt", &[(reading, Decision::Rejected("The seal is broken.".to_owned()))]).await;
    app.drain().await;
    // Nothing moves, nothing is told.
    decide(&app, "debt", &[(reading, Decision::Delivered)]).await;
    app.drain().await;
    let received = server.take();
    let told: Vec<_> = received.iter().map(|one| (one.json()["type"].take(), one.json()["data"].take())).collect();
    let of = |status: &str| {
        let data = json!({ "readingId": reading, "accountId": account, "status": status });
        (json!("reading.status_changed"), data)
    };
    assert_eq!(told, ["SUBMITTED", "DELIVERED", "REJECTED"].map(of));
    app.finish().await;
});

both_ways!(each_address_gets_what_it_wants_of_its_own_provider, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let other = provider_of(&app, "day-and-night").await;
    let (all, some, none, strange) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await, Receiver::start().await);
    add(&app, &all, &[]).await;
    add(&app, &some, &[WebhookEvent::PaymentStatusChanged]).await;
    let off = add(&app, &none, &[]).await;
    app.app.webhooks.disable(None, off.endpoint.id).await.unwrap();
    add_for(&app, other, &strange, &[]).await;
    pay(&app, &customer, &account, "10.00", "one").await;
    assert_eq!(all.take().len(), 2);
    let received = some.take();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].json()["type"], "payment.status_changed");
    assert_eq!((none.take().len(), strange.take().len()), (0, 0));
    app.finish().await;
});

both_ways!(a_job_that_is_carried_out_twice_tells_once, |app| {
    let (_, account) = owner(&app, "anna@example.com", "debt").await;
    let server = Receiver::start().await;
    add(&app, &server, &[]).await;
    let changed = BalanceChanged {
        personal_account_id: decode(&account).unwrap(),
        payment: Some((decode("payment_01h455vb4pex5vsknk084sn02q").unwrap(), PaymentStatus::Refunded)),
    };
    let job = OutboxJobId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
    for _ in 0..3 {
        app.app.webhooks.tell_of_balance(job, &changed).await.unwrap();
    }
    app.drain().await;
    let received = server.take();
    assert_eq!(received.len(), 2, "one of the balance, one of the payment");
    assert!(received.iter().any(|one| one.json()["data"]["status"] == "REFUNDED"));
    app.finish().await;
});

both_ways!(keys_that_are_replaced_sign_for_a_while_beside_the_new_one, |app| {
    let server = Receiver::start().await;
    let webhooks = &app.app.webhooks;
    let id = add(&app, &server, &[]).await.endpoint.id;
    app.advance(TimeDelta::seconds(1));
    let rotated = webhooks.rotate(None, id, WebhookKeyKind::Ed25519, 24).await.unwrap();
    assert!(rotated.key.starts_with("whpk_"));
    webhooks.ping(None, id).await.unwrap();
    app.drain().await;
    let received = server.take();
    assert!(matches!(received[0].signatures()[..], [new, old] if new.starts_with("v1a,") && old.starts_with("v1,")));
    app.advance(TimeDelta::hours(24));
    webhooks.ping(None, id).await.unwrap();
    app.drain().await;
    assert!(matches!(server.take()[0].signatures()[..], [only] if only.starts_with("v1a,")));
    app.finish().await;
});

both_ways!(an_old_log_is_deleted, |app| {
    let server = Receiver::start().await;
    let webhooks = &app.app.webhooks;
    let id = add(&app, &server, &[]).await.endpoint.id;
    webhooks.ping(None, id).await.unwrap();
    app.drain().await;
    app.advance(TimeDelta::days(29));
    webhooks.ping(None, id).await.unwrap();
    app.drain().await;
    assert_eq!(webhooks.purge().await.unwrap(), 0);
    app.advance(TimeDelta::days(2));
    assert_eq!(webhooks.purge().await.unwrap(), 1);
    assert_eq!(states(&app, id).await, [("DELIVERED", 1)]);
    app.finish().await;
});

both_ways!(a_key_is_not_to_be_read_in_the_database, |app| {
    let server = Receiver::start().await;
    let wish = Wish {
        provider: provider_of(&app, "debt").await,
        url: server.url.clone(),
        events: Vec::new(),
        key: WebhookKeyKind::Hmac,
    };
    let added = app.app.webhooks.add(&wish).await.unwrap();
    let listed = app.app.webhooks.list(None).await.unwrap();
    let secret = added.key.strip_prefix("whsec_").unwrap();
    let sealed = &listed[0].keys[0].sealed;
    assert!(sealed.len() > 32 && !sealed.contains(secret));
    assert!(!format!("{:?}", app.app.webhooks).contains(secret));
    app.finish().await;
});
