//! What becomes of a payment: once, and only by what the acquirer says when asked.

use chrono::TimeDelta;
use entity::exact::Money;
use entity::sandbox_payment;
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{START, Started, current_debt, custom, notify, payment, settle, started};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, sample};
use crate::metering::owner;

const POSTINGS: &str = "SELECT COUNT(*) AS number FROM ledger_entries WHERE payment_id IS NOT NULL";
const IN_TRANSIT: &str = "SELECT CAST(SUM(in_transit) AS BIGINT) AS number FROM personal_accounts";

fn news(event: &str, id: &str) -> Value {
    json!({ "type": "notification", "event": event, "object": { "id": id, "status": "succeeded", "paid": true } })
}

async fn stored(app: &TestApp, status: &str) -> i64 {
    number(app, &format!("SELECT COUNT(*) AS number FROM payments WHERE status = '{status}'")).await
}

async fn assert_untouched(app: &TestApp, customer: &Customer, account: &str) {
    assert_eq!(number(app, POSTINGS).await, 0);
    assert_eq!(customer.balance(account).await, sample("debt").debt);
}

both_ways!(a_payment_that_the_bank_took_enters_the_ledger_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = number(&app, IN_TRANSIT).await;
    let Started { id, url } = started(&customer, custom(&account, "100.50", "one")).await;
    app.bank(&url, "pay").await;
    app.drain().await;
    let shown = payment(&customer, &id).await;
    assert_eq!(shown["status"], "SUCCEEDED");
    assert_eq!(shown["failure"], Value::Null);
    assert!(shown["paidAt"].is_string());
    settle(&app).await;
    assert_eq!(number(&app, POSTINGS).await, 1);
    assert_eq!(number(&app, IN_TRANSIT).await, before + 10_050);
    let rest = sample("debt").debt.parse::<Money>().unwrap() - Money(10_050);
    assert_eq!(customer.balance(&account).await, rest.to_string());
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { ledger(first: 1) { edges { node { kind amount { amount } payment { id } } } } } } }";
    let newest = customer.ask(query, json!({ "id": account })).await["node"]["ledger"]["edges"][0]["node"].take();
    assert_eq!(newest, json!({ "kind": "PAYMENT", "amount": { "amount": "-100.50" }, "payment": { "id": id } }));
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    app.finish().await;
});

both_ways!(repeated_and_concurrent_notifications_post_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let payment = started(&customer, current_debt(&account, "one")).await;
    let bank = payment.at_the_bank();
    // Before the person has decided, and of every kind.
    for event in ["payment.succeeded", "payment.waiting_for_capture", "payment.canceled"] {
        assert_eq!(notify(&app, "sandbox", news(event, bank)).await, 200);
    }
    app.drain().await;
    assert_untouched(&app, &customer, &account).await;
    app.bank(&payment.url, "pay").await;
    let repeated = (0..50).map(|number| {
        let event = if number % 3 == 0 { "payment.canceled" } else { "payment.succeeded" };
        notify(&app, "sandbox", news(event, bank))
    });
    let work = async {
        for _ in 0..5 {
            app.drain().await;
        }
    };
    let (answers, (), ()) = tokio::join!(join_all(repeated), work, app.drain());
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    app.drain().await;
    settle(&app).await;
    assert_eq!(number(&app, POSTINGS).await, 1);
    assert_eq!(customer.balance(&account).await, "0.00");
    assert_eq!(app.take_letters("anna@example.com").len(), 1, "one letter");
    app.finish().await;
});

both_ways!(a_forged_notification_changes_nothing, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let pending = started(&customer, current_debt(&account, "one")).await;
    assert_eq!(notify(&app, "sandbox", news("payment.succeeded", "0123456789abcdef")).await, 200);
    assert_eq!(notify(&app, "sandbox", news("payment.succeeded", pending.at_the_bank())).await, 200);
    assert_eq!(notify(&app, "sandbox", json!({ "object": {} })).await, 404);
    assert_eq!(notify(&app, "nobody", news("payment.succeeded", pending.at_the_bank())).await, 404);
    let kept = number(&app, "SELECT COUNT(*) AS number FROM acquirer_notifications").await;
    assert_eq!(kept, 1, "what is about no payment of ours takes no room");
    app.drain().await;
    assert_eq!(payment(&customer, &pending.id).await["status"], "PENDING");
    assert_untouched(&app, &customer, &account).await;
    app.finish().await;
});

both_ways!(a_payment_that_was_refused_is_canceled_with_the_reason, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for (outcome, reason) in [("refuse", "general_decline"), ("three_d_secure_failed", "3d_secure_failed")] {
        let Started { id, url } = started(&customer, current_debt(&account, outcome)).await;
        app.bank(&url, outcome).await;
        app.drain().await;
        let shown = payment(&customer, &id).await;
        assert_eq!(shown["status"], "CANCELED");
        assert_eq!(shown["failure"]["reason"], reason);
        assert!(!shown["failure"]["message"].as_str().unwrap().is_empty());
        assert_eq!(shown["paidAt"], Value::Null);
    }
    settle(&app).await;
    assert_untouched(&app, &customer, &account).await;
    app.finish().await;
});

both_ways!(a_canceled_payment_never_succeeds, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let canceled = started(&customer, current_debt(&account, "one")).await;
    app.bank(&canceled.url, "refuse").await;
    app.drain().await;
    // The bank, too, keeps to its first answer; so make it change its mind.
    app.bank(&canceled.url, "pay").await;
    let mind = format!("UPDATE sandbox_payments SET status = 'succeeded' WHERE id = '{}'", canceled.at_the_bank());
    crate::billing::execute_sql(&app, &mind).await;
    assert_eq!(notify(&app, "sandbox", news("payment.succeeded", canceled.at_the_bank())).await, 200);
    app.drain().await;
    settle(&app).await;
    assert_eq!(payment(&customer, &canceled.id).await["status"], "CANCELED");
    assert_untouched(&app, &customer, &account).await;
    app.finish().await;
});

both_ways!(a_payment_that_nobody_pays_is_canceled_after_an_hour, |app| {
    let (mut customer, account) = owner(&app, "anna@example.com", "debt").await;
    let forgotten = started(&customer, current_debt(&account, "one")).await;
    for minutes in [10, 20, 29] {
        app.advance(TimeDelta::minutes(minutes));
        app.drain().await;
        assert_eq!(payment(&customer, &forgotten.id).await["status"], "PENDING");
    }
    app.advance(TimeDelta::minutes(62));
    app.drain().await;
    customer.sign_in("anna@example.com").await;
    let shown = payment(&customer, &forgotten.id).await;
    assert_eq!(shown["status"], "CANCELED");
    assert_eq!(shown["failure"]["reason"], "expired_on_confirmation");
    // Too late is too late.
    app.bank(&forgotten.url, "pay").await;
    app.drain().await;
    assert_eq!(payment(&customer, &forgotten.id).await["status"], "CANCELED");
    assert_untouched(&app, &customer, &account).await;
    app.finish().await;
});

both_ways!(without_a_notification_the_job_finds_out_by_itself, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let quiet = started(&customer, current_debt(&account, "one")).await;
    settle(&app).await;
    assert_eq!(payment(&customer, &quiet.id).await["status"], "PENDING");
    app.bank(&quiet.url, "pay").await;
    crate::billing::execute_sql(&app, "DELETE FROM outbox_jobs WHERE kind = 'notify_from_sandbox'").await;
    app.drain().await;
    assert_eq!(stored(&app, "PENDING").await, 1, "nobody has told");
    app.advance(TimeDelta::seconds(31));
    app.drain().await;
    assert_eq!(payment(&customer, &quiet.id).await["status"], "SUCCEEDED");
    assert_eq!(number(&app, POSTINGS).await, 1);
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    app.finish().await;
});

both_ways!(the_letter_of_a_payment_goes_where_the_payer_wants_it, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut input = custom(&account, "10", "one");
    input["receiptEmail"] = json!("receipts@example.com");
    let elsewhere = started(&customer, input).await;
    app.bank(&elsewhere.url, "pay").await;
    app.drain().await;
    assert_eq!(app.take_letters("receipts@example.com").len(), 1);
    assert_eq!(app.take_letters("anna@example.com").len(), 0);
    let own = started(&customer, custom(&account, "10", "two")).await;
    app.bank(&own.url, "pay").await;
    app.drain().await;
    let letter = app.take_letters("anna@example.com").pop().expect("a letter was sent");
    assert!(letter.text.contains("10"), "{}", letter.text);
    assert_eq!(app.take_letters("receipts@example.com").len(), 0);
    settle(&app).await;
    app.finish().await;
});

both_ways!(an_order_that_has_changed_since_its_call_was_lost_is_searched_for, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let (_, answer) = customer.post(START, json!({ "input": custom(&account, "10.05", "one") })).await;
    let id = answer["data"]["startPayment"]["payment"]["id"].as_str().unwrap().to_owned();
    assert_eq!(stored(&app, "UNKNOWN").await, 1, "the bank has it, and its answer was lost");
    let code = sample("debt").provider_code.as_str();
    let terms = ["payment-terms", "set", code, "--receipt", "with-payment"];
    assert!(app.operator(&terms).await.status.success());
    settle(&app).await;
    assert_eq!(payment(&customer, &id).await["status"], "PENDING");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM sandbox_payments").await, 1);
    app.finish().await;
});

both_ways!(news_of_a_payment_whose_start_was_not_answered_is_asked_about, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let known = started(&customer, custom(&account, "1.00", "known")).await;
    customer.post(START, json!({ "input": custom(&account, "10.05", "one") })).await;
    assert_eq!(stored(&app, "UNKNOWN").await, 1);
    let ids = app.app.services.payments.incidents(false).await.unwrap();
    assert!(ids.is_empty());
    let row = &sandbox_payment::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
    let row = row.iter().find(|row| row.amount == Money(1_005)).unwrap();
    // Somebody makes up a name for it, or gives the name of another.
    for name in ["0123456789abcdef", known.at_the_bank()] {
        let metadata = serde_json::from_str::<Value>(&row.metadata).unwrap();
        let forged = json!({ "event": "payment.succeeded", "object": { "id": name, "metadata": metadata } });
        assert_eq!(notify(&app, "sandbox", forged).await, 200);
    }
    app.drain().await;
    app.bank(&known.url.replace(known.at_the_bank(), &row.id), "pay").await;
    app.drain().await;
    assert_eq!((stored(&app, "SUCCEEDED").await, stored(&app, "PENDING").await), (1, 1));
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM incidents").await, 0);
    app.discard_letters();
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_payment_without_an_end_is_ended_by_people, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let pending = started(&customer, custom(&account, "10.04", "one")).await;
    app.advance(TimeDelta::hours(26));
    app.drain().await;
    let incidents = app.app.services.payments.incidents(true).await.unwrap();
    let id = incidents[0].id.0.to_string();
    let close = ["incidents", "close", &id, "nobody paid", "--end-payment"];
    assert!(app.operator(&close).await.status.success());
    assert_eq!((stored(&app, "CANCELED").await, number(&app, POSTINGS).await), (1, 0));
    let failure = "SELECT COUNT(*) AS number FROM payments WHERE failure = 'ended_by_operator'";
    assert_eq!(number(&app, failure).await, 1);
    assert!(!app.operator(&close).await.status.success(), "it is closed");
    // And the money comes all the same.
    let paid = format!("UPDATE sandbox_payments SET status = 'succeeded' WHERE id = '{}'", pending.at_the_bank());
    app.sql(&paid).await;
    assert_eq!(notify(&app, "sandbox", news("payment.succeeded", pending.at_the_bank())).await, 200);
    app.drain().await;
    let open = app.app.services.payments.incidents(true).await.unwrap();
    assert_eq!(open.iter().map(|incident| incident.kind.word()).collect::<Vec<_>>(), ["LATE_SUCCESS"]);
    app.finish().await;
});
