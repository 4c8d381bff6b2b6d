//! Streams that stay: who reads slowly, accounts that come and go, what is kept.

use std::time::Duration;

use chrono::TimeDelta;
use entity::enums::ChangeKind;
use kabinet::integrators::changes::FollowRefusal;
use kabinet::integrators::changes::cursor::Cursor;
use kabinet::integrators::changes::program::ProgramFeed;
use kabinet::kernel::Failure;
use serde_json::{Value, json};

use super::following::{READINGS, snapshot};
use super::{EVERY_SCOPE, Program};
use crate::harness::{Customer, TestApp, both_ways};
use crate::metering::{attach, meter, owner, submit};
use crate::subscriptions::{NEVER_LOOKING, append, deliver, opened};

/// More than a queue holds.
const MANY: i64 = 600;

async fn follow(app: &TestApp, program: &Program) -> ProgramFeed {
    let token = program.token().await;
    let client = app.app.services.api_clients.find(&token).await.unwrap().unwrap().client;
    app.app.services.changes.follow(client, ChangeKind::Balance, None, None).await.unwrap()
}

/// Positions of so many changes.
async fn positions(feed: &mut ProgramFeed, count: i64) -> Vec<i64> {
    let mut positions = Vec::new();
    for number in 0..count {
        tokio::select! {
            news = feed.next() => positions.push(news.unwrap().0.position),
            () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nothing more after {number} changes"),
        }
    }
    positions
}

both_ways!(who_reads_too_slowly_for_the_queue_misses_nothing, |app| {
    let app = app.restart_with(&[NEVER_LOOKING]).await;
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let (_, accounts) = snapshot(&program.caller().await).await;
    // Both have come up with everything: what they hear now they hear from the hub.
    let (mut slow, mut quick) = (follow(&app, &program).await, follow(&app, &program).await);
    for kopecks in 1..=MANY {
        append(&app.app, &accounts[0], kopecks).await;
    }
    deliver(&app.app).await;
    let told = positions(&mut quick, MANY).await;
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
    assert_eq!(positions(&mut slow, MANY).await, told);
    app.finish().await;
});

async fn sent(who: &Customer, account: &str) -> Value {
    let page = meter(who, account).await;
    submit(who, json!([page.reading(1)])).await["readings"][0]["id"].take()
}

both_ways!(accounts_join_and_leave_the_readings_that_a_person_follows, |app| {
    let app = app.restart_with(&[("KABINET__GRAPHQL__LOOK_SECONDS", "1")]).await;
    let (anna, first) = owner(&app, "anna@example.com", "debt").await;
    let (boris, _) = owner(&app, "boris@example.com", "debt").await;
    let mut socket = anna.socket().await;
    socket.subscribe("1", READINGS, json!({})).await;
    opened(&mut socket, "1").await;
    let second = attach(&anna, "day-and-night").await;
    let joined = sent(&anna, &second).await;
    assert_eq!(socket.event().await["meterReadingUpdated"]["reading"]["id"], joined);
    anna.mutate("detachPersonalAccount", "detachedId", json!({ "personalAccountId": first })).await;
    sent(&boris, &first).await;
    let stayed = sent(&anna, &second).await;
    assert_eq!(socket.event().await["meterReadingUpdated"]["reading"]["id"], stayed);
    app.finish().await;
});

both_ways!(changes_that_are_old_enough_are_deleted_and_no_others, |app| {
    let app = app.restart_with(&[NEVER_LOOKING]).await;
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let (_, accounts) = snapshot(&program.caller().await).await;
    let changes = &app.app.services.changes;
    let mut heads = vec![changes.head().await.unwrap()];
    for (days, kopecks) in [(0, 1), (20, 2), (11, 3)] {
        app.advance(TimeDelta::days(days));
        append(&app.app, &accounts[0], kopecks).await;
        heads.push(changes.head().await.unwrap());
    }
    // The first is 31 days old now.
    changes.purge().await.unwrap();
    let client = app.app.services.api_clients.find(&program.token().await).await.unwrap().unwrap().client;
    let after = async |position| {
        let cursor = Cursor { provider: Some(client.provider_id), position };
        changes.follow(client.clone(), ChangeKind::Balance, None, Some(cursor)).await
    };
    let refused = after(heads[0]).await.map(drop);
    assert!(matches!(refused, Err(Failure::Refused(FollowRefusal::CursorTooOld))), "{refused:?}");
    assert_eq!(positions(&mut after(heads[1]).await.unwrap(), 2).await, heads[2..]);
    deliver(&app.app).await;
    app.finish().await;
});

both_ways!(a_stream_that_a_purge_overtakes_ends_rather_than_pass_over_a_gap, |app| {
    let app = app.restart_with(&[NEVER_LOOKING]).await;
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let (_, accounts) = snapshot(&program.caller().await).await;
    let changes = &app.app.services.changes;
    let client = app.app.services.api_clients.find(&program.token().await).await.unwrap().unwrap().client;
    let beginning = changes.head().await.unwrap();
    for kopecks in 1..=MANY {
        append(&app.app, &accounts[0], kopecks).await;
    }
    changes.order().await.unwrap();
    // It has read the first of them, and the others are purged before it asks for them; one came later, and stays.
    let cursor = Cursor { provider: Some(client.provider_id), position: beginning };
    let mut feed = changes.follow(client, ChangeKind::Balance, None, Some(cursor)).await.unwrap();
    app.advance(TimeDelta::days(31));
    append(&app.app, &accounts[0], 1).await;
    changes.order().await.unwrap();
    changes.purge().await.unwrap();
    let mut position = beginning;
    let fault = loop {
        match feed.next().await {
            Ok((news, _)) => {
                assert_eq!(news.position, position + 1);
                position = news.position;
            }
            Err(fault) => break fault,
        }
    };
    assert!((1..MANY).contains(&(position - beginning)), "{position}");
    assert!(fault.to_string().contains("not kept any more"), "{fault}");
    deliver(&app.app).await;
    app.finish().await;
});
