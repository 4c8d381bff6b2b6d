//! What is kept of deleted cabinets, until its term has passed.

use chrono::TimeDelta;
use serde_json::json;

use super::erasure::erasures;
use crate::billing::number;
use crate::harness::{Customer, PASSWORD, TestApp, both_ways};
use crate::metering::owner;
use crate::payments::{custom, settle, started};

const EMAIL: &str = "anna@example.com";
const PAYMENTS: &str = "SELECT COUNT(*) AS number FROM payments";
const KNOWN_TO_THE_BANK: &str = "SELECT COUNT(*) AS number FROM payments WHERE acquirer_payment_id IS NOT NULL";
const NOTIFICATIONS: &str = "SELECT COUNT(*) AS number FROM acquirer_notifications";
const ENTRIES: &str = "SELECT COUNT(*) AS number FROM ledger_entries WHERE payment_id IS NOT NULL";

/// One payment that came in, and one that did not.
async fn pay(app: &TestApp, customer: &Customer, account: &str) {
    for (key, outcome) in [("one", "pay"), ("two", "refuse")] {
        let payment = started(customer, custom(account, "100.00", key)).await;
        app.bank(&payment.url, outcome).await;
        settle(app).await;
    }
}

async fn delete(app: &TestApp, customer: &Customer) {
    let input = json!({ "stepUp": { "password": PASSWORD } });
    let payload = customer.mutate("deleteMyCabinet", "viewer { email }", input).await;
    assert_eq!(payload["userErrors"], json!([]));
    app.drain().await;
    app.advance(TimeDelta::days(14));
    app.drain().await;
    app.discard_letters();
}

async fn counts(app: &TestApp) -> [i64; 4] {
    let mut counts = [0; 4];
    for (count, sql) in counts.iter_mut().zip([PAYMENTS, KNOWN_TO_THE_BANK, NOTIFICATIONS, ENTRIES]) {
        *count = number(app, sql).await;
    }
    counts
}

/// Moves the clock to a moment and does what is done every day.
async fn purge_at(app: &TestApp, moment: &str) {
    let moment: chrono::DateTime<chrono::Utc> = moment.parse().unwrap();
    app.advance(moment - app.clock.now());
    app.app.worker.purge_kept_records().await.unwrap();
}

both_ways!(papers_of_deleted_peoples_payments_go_five_years_after_the_year, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    pay(&app, &anna, &account).await;
    let (boris, his) = owner(&app, "boris@example.com", "overpaid").await;
    let payment = started(&boris, custom(&his, "100.00", "boris")).await;
    app.bank(&payment.url, "pay").await;
    settle(&app).await;
    delete(&app, &anna).await;
    let before = counts(&app).await;
    assert_eq!((before[0], before[1], before[3]), (3, 3, 2), "{before:?}");
    purge_at(&app, "2031-12-31T20:59:59Z").await;
    assert_eq!(counts(&app).await, before, "2026 is kept until the end of 2031 in Moscow");
    purge_at(&app, "2031-12-31T21:00:00Z").await;
    let [payments, known, notifications, entries] = counts(&app).await;
    assert_eq!((payments, known, entries), (2, 1, 2), "money stays in the ledger; who has a cabinet keeps everything");
    assert_eq!(notifications, 1);
    purge_at(&app, "2032-01-02T00:00:00Z").await;
    assert_eq!(counts(&app).await, [payments, known, notifications, entries]);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(the_record_of_a_deletion_goes_three_years_after_it, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    delete(&app, &anna).await;
    purge_at(&app, "2029-07-04T08:59:59Z").await;
    assert_eq!(erasures(&app).await.len(), 1);
    purge_at(&app, "2029-07-04T09:00:00Z").await;
    assert_eq!(erasures(&app).await.len(), 0);
    app.drain().await;
    app.finish().await;
});
