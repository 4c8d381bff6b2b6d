//! A worker that dies while it makes an archive, and one that comes too late.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use chrono::TimeDelta;
use entity::ids::DataExportId;
use kabinet::graphql::ids;
use kabinet::platform::outbox::{Lane, Leased};
use serde_json::Value;

use super::{CHUNKS, EMAIL, exports, fetch, lists, made, request, unzipped};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways};
use crate::metering::owner;

async fn asked(customer: &Customer) -> DataExportId {
    let payload = request(customer).await;
    ids::decode(payload["export"]["id"].as_str().unwrap()).unwrap()
}

async fn lease(app: &TestApp) -> Leased {
    app.app.mechanisms.outbox.lease(Lane::Archives, 1).await.unwrap().remove(0)
}

/// Works so many steps and dies; true when it came to an end before.
async fn dies_after(steps: usize, work: impl Future<Output = ()>) -> bool {
    let (mut work, mut taken) = (pin!(work), 0);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending if taken >= steps => Poll::Ready(false),
        Poll::Pending => {
            taken += 1;
            Poll::Pending
        }
    })
    .await
}

both_ways!(whatever_worker_dies_the_next_makes_one_whole_archive, |app| {
    let (anna, _) = owner(&app, EMAIL, "debt").await;
    let slice = &app.app.services.exports;
    let id = asked(&anna).await;
    let mut deaths = 0;
    // Each gets a little further than the one before.
    for steps in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55] {
        let job = lease(&app).await;
        if !dies_after(steps, async { slice.make(&job, id).await.unwrap() }).await {
            deaths += 1;
        }
        if exports(&anna).await[0]["state"] == "READY" {
            break;
        }
        assert!(app.app.mechanisms.outbox.lease(Lane::Archives, 1).await.unwrap().is_empty(), "the lease holds");
        app.advance(TimeDelta::seconds(61));
    }
    assert!(deaths >= 3, "{deaths}");
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1, "one letter");
    let listed = exports(&anna).await;
    let url = listed[0]["downloadUrl"].as_str().unwrap();
    let files = unzipped(fetch(url, anna.token.as_deref()).await.2);
    assert_eq!(lists(&files)["statements"].len(), 3);
    app.finish().await;
});

both_ways!(two_workers_at_one_archive_make_one_whole_archive, |app| {
    let (anna, _) = owner(&app, EMAIL, "debt").await;
    let slice = &app.app.services.exports;
    let id = asked(&anna).await;
    let slow = lease(&app).await;
    // The first one's lease has ended while it was away.
    app.advance(TimeDelta::seconds(61));
    let quick = lease(&app).await;
    let (late, in_time) = tokio::join!(slice.make(&slow, id), slice.make(&quick, id));
    assert!(late.is_ok() || in_time.is_ok(), "{late:?} {in_time:?}");
    app.advance(TimeDelta::seconds(61));
    app.drain().await;
    assert_eq!(app.take_letters(EMAIL).len(), 1);
    let listed = exports(&anna).await;
    let files = unzipped(fetch(listed[0]["downloadUrl"].as_str().unwrap(), anna.token.as_deref()).await.2);
    assert_eq!(lists(&files)["statements"].len(), 3);
    app.finish().await;
});

both_ways!(an_archive_that_cannot_be_stored_is_tried_again, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
    app.sql(&rename("data_export_chunks", "away")).await;
    request(&anna).await;
    app.drain().await;
    assert_eq!(exports(&anna).await[0]["readyAt"], Value::Null);
    app.sql(&rename("away", "data_export_chunks")).await;
    app.advance(TimeDelta::seconds(3));
    app.drain().await;
    assert!(number(&app, CHUNKS).await > 0);
    assert_eq!(app.take_letters(EMAIL).len(), 1);
    app.finish().await;
});

both_ways!(an_archive_of_much_data_is_stored_in_pieces, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    // Incompressible enough for several pieces.
    let (random, series, uuid) = match app.app.mechanisms.db.engine() {
        kabinet::platform::db::Engine::Sqlite => (
            "lower(hex(randomblob(40)))",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) SELECT i FROM n",
            "randomblob(16)",
        ),
        kabinet::platform::db::Engine::Postgres => {
            ("md5(random()::text) || md5(random()::text)", "SELECT generate_series(1, 6000) AS i", "gen_random_uuid()")
        }
    };
    let sql = format!(
        "INSERT INTO payments (id, personal_account_id, user_id, amount, commission, status, acquirer, receipt_email, \
         created_at, checks) SELECT {uuid}, a.id, u.id, s.i, 0, 'CREATED', 'sandbox', {random}, u.created_at, 0 \
         FROM ({series}) AS s, users AS u, attachments AS t, personal_accounts AS a \
         WHERE u.email = '{EMAIL}' AND t.user_id = u.id AND a.id = t.personal_account_id"
    );
    app.sql(&sql).await;
    let url = made(&app, &anna).await;
    assert!(number(&app, CHUNKS).await >= 3, "{} pieces", number(&app, CHUNKS).await);
    let (_, headers, bytes) = fetch(&url, anna.token.as_deref()).await;
    assert_eq!(headers["content-length"], bytes.len().to_string());
    let lists = lists(&unzipped(bytes));
    assert_eq!(lists["payments"].len(), 6000);
    assert!(lists["payments"].iter().all(|row| row["account"] == account));
    app.finish().await;
});
