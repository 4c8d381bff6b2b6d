//! Money given back: by an operator, in parts, and never above what was paid.

use chrono::TimeDelta;
use entity::enums::RefundStatus;
use kabinet::payments::refund::state::MOVES;
use kabinet::platform::db::Engine;
use serde_json::{Value, json};

use super::{Started, custom, settle, started};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, sample};
use crate::metering::owner;

async fn paid(app: &TestApp, customer: &Customer, account: &str, sum: &str) -> String {
    let Started { id, url } = started(customer, custom(account, sum, sum)).await;
    app.bank(&url, "pay").await;
    app.drain().await;
    app.take_letters("anna@example.com");
    settle(app).await;
    id
}

async fn shown(customer: &Customer, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { status refunds { amount { amount } status } } } }";
    customer.ask(query, json!({ "id": id })).await["node"].take()
}

async fn give_back(app: &TestApp, id: &str, amount: &str) -> bool {
    let made = app.operator(&["refunds", "make", id, "--amount", amount, "--reason", "ошибка", "--by", "op"]).await;
    made.status.success()
}

both_ways!(a_payment_is_given_back_in_parts_and_no_more, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = paid(&app, &customer, &account, "100.50").await;
    assert!(give_back(&app, &id, "40").await);
    app.drain().await;
    let part = json!({ "amount": { "amount": "40.00" }, "status": "SUCCEEDED" });
    assert_eq!(shown(&customer, &id).await, json!({ "status": "PARTIALLY_REFUNDED", "refunds": [part] }));
    assert!(!give_back(&app, &id, "60.51").await, "more than is left");
    assert!(!give_back(&app, &id, "0").await);
    assert!(give_back(&app, &id, "60.50").await);
    app.drain().await;
    assert_eq!(shown(&customer, &id).await["status"], "REFUNDED");
    assert!(!give_back(&app, &id, "0.01").await, "nothing is left");
    assert_eq!(customer.balance(&account).await, sample("debt").debt);
    let kinds = "SELECT COUNT(*) AS number FROM ledger_entries WHERE payment_id IS NOT NULL AND kind = 'REFUND'";
    assert_eq!(number(&app, kinds).await, 2);
    let held = "SELECT CAST(SUM(amount) AS BIGINT) AS number FROM journal_postings WHERE book = 'ACQUIRER'";
    assert_eq!(number(&app, held).await, 0);
    settle(&app).await;
    app.finish().await;
});

both_ways!(what_is_not_paid_is_not_given_back, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let pending = started(&customer, custom(&account, "100", "one")).await;
    assert!(!give_back(&app, &pending.id, "1").await);
    assert!(!give_back(&app, "payment_01h455vb4pex5vsknk084sn02q", "1").await);
    assert!(!give_back(&app, "nonsense", "1").await);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM refunds").await, 0);
    app.finish().await;
});

both_ways!(the_database_gives_back_no_more_than_was_paid, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    paid(&app, &customer, &account, "100").await;
    let new_id = match app.app.mechanisms.db.engine() {
        Engine::Sqlite => "randomblob(16)",
        Engine::Postgres => "gen_random_uuid()",
    };
    let refund = |sum: &str, status: &str| {
        format!(
            "INSERT INTO refunds (id, payment_id, amount, status, reason, requested_by, created_at) \
             SELECT {new_id}, id, {sum}, '{status}', '', '', created_at FROM payments"
        )
    };
    assert!(app.try_sql(&refund("10001", "CREATED")).await.is_err());
    assert!(app.try_sql(&refund("0", "CREATED")).await.is_err());
    assert!(app.try_sql(&refund("1", "SUCCEEDED")).await.is_err());
    app.sql(&refund("6000", "CREATED")).await;
    assert!(app.try_sql(&refund("4001", "CREATED")).await.is_err());
    for from in RefundStatus::ALL {
        for to in RefundStatus::ALL.iter().filter(|to| *to != from) {
            let arrive = match from {
                RefundStatus::Created => String::new(),
                _ => format!("UPDATE refunds SET status = '{}' WHERE amount = 1;", from.word()),
            };
            let way = format!(
                "{};{arrive}UPDATE refunds SET status = '{}' WHERE amount = 1;",
                refund("1", "CREATED"),
                to.word()
            );
            // Undone in any case, so that each begins anew.
            let moved =
                app.try_sql(&format!("{way} INSERT INTO refunds (id) VALUES (NULL)")).await.unwrap_err().to_string();
            let refused = moved.contains("refuse_refund") || moved.contains("does not change so");
            assert_eq!(!refused, MOVES.contains(&(*from, *to)), "{from:?} to {to:?}: {moved}");
        }
    }
    app.sql("UPDATE refunds SET status = 'CANCELED'").await;
    app.advance(TimeDelta::seconds(1));
    app.finish().await;
});
