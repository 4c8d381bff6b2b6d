//! Money given back: by an operator, in parts, and never above what was paid.

use chrono::TimeDelta;
use entity::enums::RefundStatus;
use kabinet::kernel::Clock;
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

both_ways!(a_refund_that_is_asked_for_again_is_not_given_twice, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = paid(&app, &customer, &account, "100").await;
    let made = async |key: Option<&str>, amount: &str| {
        let mut asked = vec!["refunds", "make", &id, "--amount", amount, "--reason", "ошибка", "--by", "op"];
        asked.extend(key.into_iter().flat_map(|key| ["--key", key]));
        let made = app.operator(&asked).await;
        (made.status.success(), String::from_utf8(made.stderr).unwrap())
    };
    let refunds = async || number(&app, "SELECT COUNT(*) AS number FROM refunds").await;
    assert!(made(None, "30").await.0);
    let (again, told) = made(None, "30").await;
    assert!(again && told.contains("was made before"), "{told}");
    assert_eq!(refunds().await, 1);
    assert!(made(Some("second"), "30").await.0);
    assert!(made(Some("second"), "30").await.0);
    assert!(!made(Some("second"), "31").await.0, "the key is another sum's");
    assert_eq!(refunds().await, 2);
    // What came to nothing may be asked for again.
    app.sql("UPDATE sandbox_payments SET status = 'pending'").await;
    assert!(made(Some("third"), "10").await.0);
    app.sql("UPDATE sandbox_payments SET status = 'succeeded'").await;
    assert!(made(Some("third"), "10").await.0);
    let ended = async |status: &str| {
        number(&app, &format!("SELECT COUNT(*) AS number FROM refunds WHERE status = '{status}'")).await
    };
    assert_eq!((ended("CANCELED").await, ended("SUCCEEDED").await), (1, 3));
    app.drain().await;
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_part_of_what_had_a_fiscal_receipt_is_given_back_with_one, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    let terms = ["payment-terms", "set", code, "--receipt", "with-payment", "--vat", "1", "--commission", "100"];
    assert!(app.operator(&terms).await.status.success());
    let id = paid(&app, &customer, &account, "100").await;
    // The bank refuses a part without a receipt; so it refuses all of the sum, of which the commission is left.
    for amount in ["40", "60"] {
        assert!(give_back(&app, &id, amount).await);
    }
    app.drain().await;
    let refunds = shown(&customer, &id).await["refunds"].take();
    assert!(refunds.as_array().unwrap().iter().all(|refund| refund["status"] == "SUCCEEDED"), "{refunds}");
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_refund_that_the_bank_took_on_is_made_later_or_given_up_and_told, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = paid(&app, &customer, &account, "100").await;
    for amount in ["10.20", "10.21"] {
        assert!(give_back(&app, &id, amount).await);
    }
    let standing = async |status: &str| {
        number(&app, &format!("SELECT CAST(SUM(amount) AS bigint) AS number FROM refunds WHERE status = '{status}'"))
            .await
    };
    assert_eq!(standing("PENDING").await, 2_041);
    // The operator's command ran at the real time.
    app.advance(Clock::System.now() - app.clock.now() + TimeDelta::minutes(11));
    app.drain().await;
    assert_eq!((standing("SUCCEEDED").await, standing("CANCELED").await), (1_020, 1_021));
    assert_eq!(number(&app, "SELECT CAST(refunded AS bigint) AS number FROM payments").await, 1_020);
    let told = app.operator(&["incidents", "list"]).await;
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains(",REFUND_CANCELED,") && told.contains("10.21"), "{told}");
    settle(&app).await;
    app.finish().await;
});
