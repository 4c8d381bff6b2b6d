//! The states of a payment and the journal, as the database itself guards them; and what people must look at.

use chrono::TimeDelta;
use entity::enums::PaymentStatus;
use kabinet::payments::state::MOVES;
use kabinet::platform::db::Engine;
use serde_json::json;

use super::{current_debt, notify, payment, settle, started};
use crate::billing::{execute_sql, number};
use crate::harness::{TestApp, both_ways};
use crate::metering::owner;

const INCIDENTS: &str = "SELECT COUNT(*) AS number FROM incidents WHERE closed_at IS NULL";

fn new_id(app: &TestApp) -> &'static str {
    match app.app.mechanisms.db.engine() {
        Engine::Sqlite => "randomblob(16)",
        Engine::Postgres => "gen_random_uuid()",
    }
}

/// A new payment in `from`, by the way that leads there, and then in `to`.
fn move_by_hand(new_id: &str, from: PaymentStatus, to: PaymentStatus) -> String {
    let way: &[PaymentStatus] = match from {
        PaymentStatus::Created => &[],
        PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => &[PaymentStatus::Succeeded, from],
        _ => &[from],
    };
    let name = format!("{}{}", from as u8, to as u8);
    let columns = "personal_account_id, user_id, amount, commission, acquirer, created_at, checks, refunded";
    let insert = format!(
        "INSERT INTO payments (id, status, acquirer_payment_id, {columns}) SELECT {new_id}, 'CREATED', '{name}', \
         {columns} FROM payments WHERE LENGTH(acquirer_payment_id) > 2 LIMIT 1;"
    );
    let step = |status: &PaymentStatus| {
        format!("UPDATE payments SET status = '{}' WHERE acquirer_payment_id = '{name}';", status.word())
    };
    let steps: String = way.iter().chain([&to]).map(step).collect();
    insert + &steps
}

both_ways!(the_database_knows_the_same_moves, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    started(&customer, current_debt(&account, "one")).await;
    for from in PaymentStatus::ALL {
        for to in PaymentStatus::ALL.iter().filter(|to| *to != from) {
            let moved = app.try_sql(&move_by_hand(new_id(&app), *from, *to)).await;
            assert_eq!(moved.is_ok(), MOVES.contains(&(*from, *to)), "{from:?} to {to:?}: {moved:?}");
        }
    }
    app.finish().await;
});

both_ways!(the_database_keeps_what_is_fixed, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    started(&customer, current_debt(&account, "one")).await;
    for change in [
        "UPDATE payments SET amount = amount + 1",
        "UPDATE payments SET commission = 1",
        "UPDATE payments SET acquirer_payment_id = 'another'",
        "UPDATE payments SET refunded = amount + 1",
        "DELETE FROM payments",
    ] {
        assert!(app.try_sql(change).await.is_err(), "{change}");
    }
    app.finish().await;
});

both_ways!(the_journal_takes_only_what_sums_to_zero_and_never_changes, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let paid = started(&customer, current_debt(&account, "one")).await;
    app.bank(&paid.url, "pay").await;
    app.drain().await;
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM journal_postings").await, 4);
    let (id, header) = (new_id(&app), "'PAYMENT', 'x', NULL, NULL, provider_id, NULL, occurred_at, recorded_at");
    let transaction = |sides: &str| {
        format!(
            "CREATE TABLE fresh AS SELECT {id} AS id; \
             INSERT INTO journal_postings (transaction_id, book, amount) SELECT id, book, amount FROM fresh, ({sides}) AS s; \
             INSERT INTO journal_transactions (id, kind, reference, payment_id, personal_account_id, provider_id, acquirer, \
             occurred_at, recorded_at) SELECT fresh.id, {header} FROM fresh, journal_transactions LIMIT 1; DROP TABLE fresh;"
        )
    };
    let balanced = "SELECT 'ACQUIRER' AS book, 5 AS amount UNION ALL SELECT 'PROVIDER', -5";
    for refused in [
        transaction("SELECT 'ACQUIRER' AS book, 5 AS amount UNION ALL SELECT 'PROVIDER', -4"),
        transaction("SELECT 'ACQUIRER' AS book, 5 AS amount"),
        "INSERT INTO journal_postings (transaction_id, book, amount) \
         SELECT id, 'COMMISSION', 5 FROM journal_transactions LIMIT 1"
            .to_owned(),
        "UPDATE journal_postings SET amount = -amount".to_owned(),
        "DELETE FROM journal_postings".to_owned(),
        "UPDATE journal_transactions SET reference = 'other'".to_owned(),
        "DELETE FROM journal_transactions".to_owned(),
    ] {
        assert!(app.try_sql(&refused).await.is_err(), "{refused}");
    }
    app.try_sql(&transaction(balanced)).await.expect("a balanced transaction is taken");
    assert!(app.try_sql(&transaction(balanced)).await.is_err(), "a movement happens once");
    app.take_letters("anna@example.com");
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_late_contradiction_opens_one_incident_that_people_close, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let canceled = started(&customer, current_debt(&account, "one")).await;
    app.bank(&canceled.url, "refuse").await;
    app.drain().await;
    execute_sql(&app, "UPDATE sandbox_payments SET status = 'succeeded'").await;
    for _ in 0..3 {
        let news = json!({ "event": "payment.succeeded", "object": { "id": canceled.at_the_bank() } });
        assert_eq!(notify(&app, "sandbox", news).await, 200);
        app.drain().await;
    }
    assert_eq!(payment(&customer, &canceled.id).await["status"], "CANCELED");
    assert_eq!(number(&app, INCIDENTS).await, 1);
    let listed = app.operator(&["incidents", "list"]).await;
    let listed = String::from_utf8(listed.stdout).unwrap();
    let row = listed.lines().nth(1).expect("an incident is listed");
    assert!(row.contains("LATE_SUCCESS"), "{listed}");
    let doctor = String::from_utf8(app.operator(&["doctor"]).await.stdout).unwrap();
    assert!(doctor.contains("FAIL  payments: 1 open incidents"), "{doctor}");
    let id = row.split(',').next().unwrap();
    assert!(app.operator(&["incidents", "assign", id, "anna"]).await.status.success());
    assert!(app.operator(&["incidents", "close", id, "given back by the bank"]).await.status.success());
    assert!(!app.operator(&["incidents", "close", id, "again"]).await.status.success());
    assert_eq!(number(&app, INCIDENTS).await, 0);
    settle(&app).await;
    app.finish().await;
});

both_ways!(another_sum_than_asked_for_is_posted_by_nobody, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let paid = started(&customer, current_debt(&account, "one")).await;
    execute_sql(&app, "UPDATE sandbox_payments SET amount = amount - 1").await;
    app.bank(&paid.url, "pay").await;
    app.drain().await;
    assert_eq!(payment(&customer, &paid.id).await["status"], "PENDING");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM journal_postings").await, 0);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM incidents WHERE kind = 'AMOUNT_DIFFERS'").await, 1);
    app.finish().await;
});

both_ways!(a_payment_without_an_end_raises_the_alarm, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    started(&customer, current_debt(&account, "one")).await;
    execute_sql(&app, "UPDATE sandbox_payments SET created_at = '2026-07-20T09:00:00Z'").await;
    app.advance(TimeDelta::hours(24));
    app.drain().await;
    assert_eq!(number(&app, INCIDENTS).await, 0);
    app.advance(TimeDelta::hours(2));
    app.drain().await;
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM incidents WHERE kind = 'STUCK'").await, 1);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM outbox_jobs WHERE kind = 'settle_payment'").await, 1);
    app.finish().await;
});
