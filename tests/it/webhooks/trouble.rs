//! Addresses that do not take what is sent.

use std::time::Duration;

use chrono::TimeDelta;
use entity::enums::{WebhookKeyKind, WebhookState, WebhookStop};
use kabinet::integrators::webhooks::WebhookRefusal;
use kabinet::kernel::Failure;
use tokio_util::sync::CancellationToken;

use super::{add, ids, pay, states};
use crate::harness::{Receiver, Reply, TestApp, Way, both_ways, eventually};
use crate::metering::{owner, provider_of};

async fn ping(app: &TestApp, id: entity::ids::WebhookEndpointId) {
    app.app.webhooks.ping(None, id).await.unwrap();
    app.drain().await;
}

/// Where the provider takes questions, or else our own support.
async fn support(app: &TestApp) -> String {
    let provider = app.app.services.accounts.find_provider(provider_of(app, "debt").await).await.unwrap().unwrap();
    let own = provider.terms_on(app.clock.now().date_naive()).support_email.clone();
    own.unwrap_or_else(|| app.app.config.mail.support_address.clone())
}

both_ways!(what_was_not_taken_comes_again_after_growing_pauses, |app| {
    let server = Receiver::start().await;
    let id = add(&app, &server, &[]).await.endpoint.id;
    server.reply([Reply::Status(500), Reply::Status(301), Reply::Status(404)]);
    ping(&app, id).await;
    let first = server.take();
    assert_eq!(first.len(), 1);
    for (seconds, comes) in [(3, false), (2, true), (20, false), (10, true), (200, false), (100, true), (86_400, false)]
    {
        app.advance(TimeDelta::seconds(seconds));
        app.drain().await;
        let received = server.take();
        assert_eq!(received.len(), usize::from(comes), "after {seconds} seconds more");
        for one in received {
            assert_eq!((one.id(), &one.body), (first[0].id(), &first[0].body), "the same message");
            let at = app.clock.now().timestamp().to_string();
            assert_eq!(one.headers["webhook-timestamp"], at, "signed anew");
        }
    }
    let log = app.app.webhooks.log(None, id, 10).await.unwrap();
    let seen: Vec<_> =
        log[0].attempts.iter().map(|attempt| (attempt.status.unwrap(), attempt.answer.as_str())).collect();
    assert_eq!(seen, [(500, "answer 500"), (301, "answer 301"), (404, "answer 404"), (200, "answer 200")]);
    app.finish().await;
});

both_ways!(an_address_that_asks_for_a_pause_gets_it, |app| {
    let server = Receiver::start().await;
    let id = add(&app, &server, &[]).await.endpoint.id;
    server.reply([Reply::Later(429, "600")]);
    ping(&app, id).await;
    // Another message waits as well.
    ping(&app, id).await;
    assert_eq!(server.take().len(), 1);
    app.advance(TimeDelta::seconds(599));
    app.drain().await;
    assert_eq!(server.take().len(), 0);
    app.advance(TimeDelta::seconds(1));
    app.drain().await;
    let received = server.take();
    assert_eq!(ids(&received).len(), 2);
    app.finish().await;
});

both_ways!(an_address_that_is_gone_is_told_nothing_more_and_its_owner_a_letter, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let server = Receiver::start().await;
    let id = add(&app, &server, &[]).await.endpoint.id;
    server.reply([Reply::Later(503, "60")]);
    ping(&app, id).await;
    ping(&app, id).await;
    app.advance(TimeDelta::seconds(60));
    server.always(Reply::Status(410));
    app.drain().await;
    let letters = app.take_letters(&support(&app).await);
    assert_eq!(letters.len(), 1, "however many messages were on their way");
    assert!(letters[0].text.contains(&server.url) && letters[0].text.contains("410"), "{}", letters[0].text);
    let endpoint = app.app.webhooks.find(id).await.unwrap().unwrap();
    assert_eq!((endpoint.state, endpoint.stop), (WebhookState::Disabled, Some(WebhookStop::Gone)));
    assert!(states(&app, id).await.iter().all(|(state, _)| *state == "DROPPED"));
    server.take();
    pay(&app, &customer, &account, "10.00", "one").await;
    app.advance(TimeDelta::days(1));
    app.drain().await;
    assert_eq!(server.take().len(), 0);
    let refused = app.app.webhooks.ping(None, id).await;
    assert!(matches!(refused, Err(Failure::Refused(WebhookRefusal::Disabled))));
    // It works again, and wants what it has not taken.
    server.always(Reply::Status(200));
    app.app.webhooks.enable(None, id).await.unwrap();
    app.drain().await;
    assert_eq!(server.take().len(), 0, "nothing comes by itself");
    let since = app.clock.now() - TimeDelta::days(2);
    assert_eq!(app.app.webhooks.redeliver_since(None, id, since).await.unwrap(), 2);
    app.drain().await;
    assert_eq!(server.take().len(), 2);
    app.discard_letters();
    app.finish().await;
});

both_ways!(an_address_that_takes_nothing_for_three_days_is_given_up, |app| {
    let server = Receiver::start().await;
    let id = add(&app, &server, &[]).await.endpoint.id;
    server.always(Reply::Status(500));
    let begun = app.clock.now();
    ping(&app, id).await;
    while app.app.webhooks.find(id).await.unwrap().unwrap().state == WebhookState::Active {
        app.advance(TimeDelta::minutes(30));
        app.drain().await;
        assert!(app.clock.now() - begun < TimeDelta::days(4));
    }
    let after = app.clock.now() - begun;
    assert!(after > TimeDelta::days(2) && after <= TimeDelta::days(3) + TimeDelta::hours(5), "after {after}");
    assert_eq!(states(&app, id).await, [("DROPPED", 11)]);
    let received = server.take();
    assert_eq!((received.len(), ids(&received).len()), (11, 1));
    let letters = app.take_letters(&support(&app).await);
    assert_eq!(letters.len(), 1);
    let endpoint = app.app.webhooks.find(id).await.unwrap().unwrap();
    assert_eq!(endpoint.stop, Some(WebhookStop::Exhausted));
    app.finish().await;
});

both_ways!(a_message_is_sent_again_when_its_owner_wants, |app| {
    let server = Receiver::start().await;
    let id = add(&app, &server, &[]).await.endpoint.id;
    ping(&app, id).await;
    let first = server.take();
    let message = kabinet::kernel::type_id::decode(first[0].id()).unwrap();
    app.advance(TimeDelta::minutes(1));
    app.app.webhooks.redeliver(None, message).await.unwrap();
    app.drain().await;
    let again = server.take();
    assert_eq!((again[0].id(), &again[0].body), (first[0].id(), &first[0].body));
    assert_eq!(states(&app, id).await, [("DELIVERED", 2)]);
    app.finish().await;
});

/// Sent to, by its next turn, while it says nothing.
async fn silent_app(way: Way) -> (TestApp, Receiver, entity::ids::WebhookEndpointId) {
    let app = TestApp::start_with(way, &[("KABINET__WEBHOOKS__TIMEOUT_SECONDS", "1")]).await;
    let receiver = Receiver::start().await;
    receiver.always(Reply::Silent);
    let id = add(&app, &receiver, &[]).await.endpoint.id;
    (app, receiver, id)
}

/// A failure of before must not decide about what its owner has begun anew.
async fn begun_anew(way: Way) {
    let (app, receiver, id) = silent_app(way).await;
    let webhooks = &app.app.webhooks;
    let message = webhooks.ping(None, id).await.unwrap().id;
    let sent_again = async {
        eventually("it is on its way", async || (!receiver.take().is_empty()).then_some(())).await;
        webhooks.redeliver(None, message).await.unwrap();
    };
    let (tried, ()) = tokio::join!(webhooks.deliver_due(id), sent_again);
    assert_eq!(tried.unwrap(), 1);
    assert_eq!(webhooks.find(id).await.unwrap().unwrap().state, WebhookState::Active);
    receiver.always(Reply::Status(200));
    app.drain().await;
    assert_eq!(states(&app, id).await, [("DELIVERED", 2)]);
    app.finish().await;
}

/// All that waits behind the oldest message of an address that does not answer waits with it.
async fn backlog(way: Way) {
    let (app, receiver, id) = silent_app(way).await;
    let webhooks = &app.app.webhooks;
    for _ in 0..10 {
        webhooks.ping(None, id).await.unwrap();
    }
    let at_once = webhooks.deliver_due(id).await.unwrap();
    let first: std::collections::BTreeSet<_> = receiver.take().iter().map(|one| one.id().to_owned()).collect();
    assert!(at_once < 10 && first.len() == at_once, "{at_once}");
    assert_eq!(webhooks.due_endpoints(10).await.unwrap(), [], "the address rests");
    app.advance(TimeDelta::seconds(5));
    assert_eq!(webhooks.due_endpoints(10).await.unwrap(), [id]);
    webhooks.deliver_due(id).await.unwrap();
    let second: std::collections::BTreeSet<_> = receiver.take().iter().map(|one| one.id().to_owned()).collect();
    assert_eq!(second, first, "the oldest stand for all");
    receiver.always(Reply::Status(200));
    app.advance(TimeDelta::seconds(30));
    app.drain().await;
    let ended = states(&app, id).await;
    assert!(ended.len() == 10 && ended.iter().all(|(state, _)| *state == "DELIVERED"), "{ended:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_again_while_it_is_on_its_way_is_sent_again_embedded() {
    begun_anew(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_again_while_it_is_on_its_way_is_sent_again_full() {
    begun_anew(Way::Full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_does_not_answer_is_asked_with_its_oldest_message_embedded() {
    backlog(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_does_not_answer_is_asked_with_its_oldest_message_full() {
    backlog(Way::Full).await;
}

/// The worker as it runs, with an address that takes its time.
async fn slow(way: Way) {
    let app = TestApp::start_with(way, &[("KABINET__WEBHOOKS__TIMEOUT_SECONDS", "3")]).await;
    let (silent, quick) = (Receiver::start().await, Receiver::start().await);
    silent.always(Reply::Silent);
    let (webhooks, silent_id) = (&app.app.webhooks, add(&app, &silent, &[]).await.endpoint.id);
    let quick_id = add(&app, &quick, &[]).await.endpoint.id;
    for _ in 0..20 {
        webhooks.ping(None, silent_id).await.unwrap();
    }
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(app.app.worker.clone().run(shutdown.clone(), shutdown.clone()));
    eventually("the slow address is sent to", async || (!silent.take().is_empty()).then_some(())).await;
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        webhooks.ping(None, quick_id).await.unwrap();
    }
    let mut came = 0;
    eventually("the quick one gets all of its messages", async || {
        came += quick.take().len();
        (came == 20).then_some(())
    })
    .await;
    // Twenty silent messages, four at once, take fifteen seconds.
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    shutdown.cancel();
    working.await.unwrap();
    let log = webhooks.log(None, silent_id, 100).await.unwrap();
    let tried = log.iter().filter(|logged| !logged.attempts.is_empty()).count();
    assert!((1..20).contains(&tried), "what was begun is recorded: {tried}");
    assert!(log.iter().flat_map(|logged| &logged.attempts).all(|attempt| attempt.status.is_none()));
    webhooks.disable(None, silent_id).await.unwrap();
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_address_holds_up_no_other_embedded() {
    slow(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_address_holds_up_no_other_full() {
    slow(Way::Full).await;
}

both_ways!(an_address_whose_keys_are_lost_rests_and_its_owner_is_told, |app| {
    let server = Receiver::start().await;
    let id = add(&app, &server, &[]).await.endpoint.id;
    app.sql("UPDATE webhook_keys SET sealed = 'sealed by another secret'").await;
    for _ in 0..3 {
        app.app.webhooks.ping(None, id).await.unwrap();
    }
    app.drain().await;
    assert!(server.take().is_empty(), "nothing is sent without a signature");
    let endpoint = app.app.webhooks.find(id).await.unwrap().unwrap();
    assert_eq!((endpoint.state, endpoint.stop), (WebhookState::Disabled, Some(WebhookStop::Key)));
    assert!(states(&app, id).await.iter().all(|(state, _)| *state == "DROPPED"));
    let letters = app.take_letters(&support(&app).await);
    assert_eq!(letters.len(), 1, "once");
    assert!(letters[0].text.contains("Ключ подписи"), "{}", letters[0].text);
    // With a new key what was dropped is sent again, with all its attempts.
    app.app.webhooks.rotate(None, id, WebhookKeyKind::Hmac, 0).await.unwrap();
    app.app.webhooks.enable(None, id).await.unwrap();
    assert_eq!(app.app.webhooks.redeliver_since(None, id, chrono::DateTime::UNIX_EPOCH).await.unwrap(), 3);
    app.drain().await;
    assert_eq!(server.take().len(), 3);
    app.finish().await;
});
