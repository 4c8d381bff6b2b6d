//! Our books beside the acquirer's list.

use chrono::TimeDelta;
use entity::enums::{DifferenceKind, RefundStatus};
use entity::exact::Money;
use entity::ids::{PaymentId, RefundId};
use entity::refund;
use kabinet::kernel::{Failure, Fault};
use sea_orm::{EntityTrait, IntoActiveModel};

use super::{custom, notify, payment, settle, started};
use crate::billing::number;
use crate::harness::{TestApp, both_ways, sample};
use crate::metering::owner;

async fn found(app: &TestApp) -> Vec<(DifferenceKind, Option<Money>, Option<Money>, bool)> {
    let day = app.clock.now().date_naive();
    let compared = app.app.services.payments.reconcile("sandbox", day).await.unwrap();
    let told = |row: &kabinet::payments::reconciliation::DifferenceRow| {
        (row.kind, row.ours, row.theirs, row.closed_at.is_none())
    };
    compared.differences.iter().map(told).collect()
}

const DAYS: &str = "SELECT COUNT(*) AS number FROM reconciliations";

both_ways!(books_that_agree_have_no_differences, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for sum in ["10.00", "20.50"] {
        let begun = started(&customer, custom(&account, sum, sum)).await;
        app.bank(&begun.url, "pay").await;
        app.drain().await;
    }
    let day = app.clock.now().date_naive();
    let compared = app.app.services.payments.reconcile("sandbox", day).await.unwrap();
    assert_eq!((compared.theirs, compared.differences), (2, vec![]));
    assert!(app.operator(&["reconcile", "day", &day.to_string()]).await.status.success());
    app.advance(TimeDelta::days(1));
    assert_eq!(app.app.services.payments.reconcile_yesterday().await.unwrap(), 0);
    assert_eq!(number(&app, DAYS).await, 1, "the day is done already");
    // Nobody could ask for three days; then one of them was compared by hand.
    app.advance(TimeDelta::days(3));
    let by_hand = (app.clock.now() - TimeDelta::days(2)).date_naive();
    app.app.services.payments.reconcile("sandbox", by_hand).await.unwrap();
    assert_eq!(app.app.services.payments.reconcile_yesterday().await.unwrap(), 0);
    assert_eq!(number(&app, DAYS).await, 4, "those that were missed are made up for");
    app.discard_letters();
    app.drain().await;
    app.finish().await;
});

both_ways!(each_difference_is_a_row_with_owner_and_state_and_closes_when_it_is_gone, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    // The bank has taken the money, and nobody has heard of it.
    let unheard = started(&customer, custom(&account, "10.13", "one")).await;
    app.bank(&unheard.url, "pay").await;
    // The bank forgets a payment, and thinks that another was of another sum.
    for (key, sum) in [("two", "20.00"), ("three", "30.00")] {
        let begun = started(&customer, custom(&account, sum, key)).await;
        app.bank(&begun.url, "pay").await;
        app.drain().await;
    }
    app.sql("UPDATE sandbox_payments SET status = 'canceled' WHERE amount = 2000").await;
    app.sql("UPDATE sandbox_payments SET amount = 3001 WHERE amount = 3000").await;
    let mut differences = found(&app).await;
    differences.sort_by_key(|(kind, ..)| kind.word());
    let expected = [
        (DifferenceKind::Amount, Some(Money(3_000)), Some(Money(3_001)), true),
        (DifferenceKind::MissingHere, None, Some(Money(1_013)), true),
        (DifferenceKind::MissingThere, Some(Money(2_000)), None, true),
    ];
    assert_eq!(differences, expected);
    assert_eq!(found(&app).await.len(), 3, "once");
    let listed = app.app.services.payments.differences(true).await.unwrap();
    let amount = listed.iter().find(|row| row.kind == DifferenceKind::Amount).unwrap().id.0.to_string();
    assert!(app.operator(&["reconcile", "assign", &amount, "Olga"]).await.status.success());
    let told = app.operator(&["reconcile", "list"]).await;
    assert!(String::from_utf8(told.stdout).unwrap().contains("\"Olga\",OPEN"));
    assert!(app.operator(&["reconcile", "close", &amount, "paid out by hand"]).await.status.success());
    assert!(!app.operator(&["reconcile", "close", &amount, "again"]).await.status.success());
    // Kabinet asks, and that difference is gone.
    settle(&app).await;
    assert_eq!(payment(&customer, &unheard.id).await["status"], "SUCCEEDED");
    // One that closes itself is open again when it comes back.
    let missing = async || {
        let of_kind = found(&app).await.into_iter().filter(|(kind, ..)| *kind == DifferenceKind::MissingThere);
        of_kind.map(|(.., open)| open).collect::<Vec<_>>()
    };
    for (status, open) in [("succeeded", false), ("canceled", true)] {
        app.sql(&format!("UPDATE sandbox_payments SET status = '{status}' WHERE amount = 2000")).await;
        assert_eq!(missing().await, [open], "{status}");
    }
    let open = found(&app).await.into_iter().filter(|(.., open)| *open).map(|(kind, ..)| kind);
    assert_eq!(open.collect::<Vec<_>>(), [DifferenceKind::MissingThere]);
    app.discard_letters();
    app.finish().await;
});

both_ways!(what_the_bank_gives_back_by_itself_enters_the_ledger_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    // Half of it is given back at once.
    let begun = started(&customer, custom(&account, "100.10", "one")).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    assert_eq!(payment(&customer, &begun.id).await["status"], "PARTIALLY_REFUNDED");
    assert_eq!(number(&app, "SELECT CAST(refunded AS bigint) AS number FROM payments").await, 5_005);
    // The rest later, in the bank's cabinet; a notification tells of it, any number of times.
    let name = begun.url.rsplit_once('/').unwrap().1.to_owned();
    app.app.sandbox.give_back(&name, Money(1_000), false).await.unwrap();
    for _ in 0..5 {
        let news = serde_json::json!({ "event": "refund.succeeded", "object": { "id": "r", "payment_id": name } });
        assert_eq!(notify(&app, "sandbox", news).await, 200);
    }
    app.drain().await;
    assert_eq!(number(&app, "SELECT CAST(refunded AS bigint) AS number FROM payments").await, 6_005);
    assert_eq!(found(&app).await, []);
    // And one that nobody tells of: the comparison finds it and enters it.
    app.app.sandbox.give_back(&name, Money(4_005), false).await.unwrap();
    assert_eq!(found(&app).await, []);
    assert_eq!(payment(&customer, &begun.id).await["status"], "REFUNDED");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM refunds").await, 3);
    app.discard_letters();
    settle(&app).await;
    app.finish().await;
});

both_ways!(what_the_bank_gives_back_of_the_commission_is_entered_beside_the_amount, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    let terms = ["payment-terms", "set", code, "--commission", "100", "--register", "csv"];
    assert!(app.operator(&terms).await.status.success());
    // 1 % on top: 100.00 and 1.00.
    let begun = started(&customer, custom(&account, "100.00", "one")).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    settle(&app).await;
    assert!(app.operator(&["registers", "write", code]).await.status.success());
    let name = begun.url.rsplit_once('/').unwrap().1.to_owned();
    // All but 0.60 of it: the amount first, 0.40 of the commission; then the commission alone.
    let given = "SELECT CAST(SUM(amount) * 1000000 + SUM(commission) AS bigint) AS number FROM refunds";
    for (kopecks, expected) in [(10_040, 10_000_000_040_i64), (60, 10_000_000_100)] {
        app.app.sandbox.give_back(&name, Money(kopecks), false).await.unwrap();
        assert_eq!(found(&app).await, []);
        assert_eq!(number(&app, given).await, expected);
        assert_eq!(payment(&customer, &begun.id).await["status"], "REFUNDED");
    }
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM incidents").await, 0);
    let services = &app.app.services;
    let books = services.payments.trial_balance().await.unwrap();
    assert!(books.iter().all(|sum| sum.amount == Money::ZERO), "{books:?}");
    assert_eq!(services.payments.journal_differences().await.unwrap(), 0);
    assert_eq!(services.billing.unbalanced_accounts(1).await.unwrap(), []);
    // The provider hears of the amount, and never knew of the commission.
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM outbound_rows WHERE kind = 'MOVEMENT'").await, 2);
    assert!(app.operator(&["registers", "write", code]).await.status.success());
    assert_eq!(number(&app, "SELECT CAST(SUM(total) AS bigint) AS number FROM payment_registers").await, 0);
    app.discard_letters();
    settle(&app).await;
    app.finish().await;
});

both_ways!(refunds_of_the_bank_that_find_no_room_yet_are_looked_at_again_once, |app| {
    const LOOKS: &str = "SELECT COUNT(*) AS number FROM outbox_jobs WHERE kind = 'check_payment'";
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let begun = started(&customer, custom(&account, "100.00", "one")).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    // One of ours is under way and leaves 10.00.
    let id: PaymentId = kabinet::graphql::ids::decode(&begun.id).unwrap();
    let under_way = &refund::Model {
        id: RefundId(uuid::Uuid::from_u128(1)),
        payment_id: id,
        amount: Money(9_000),
        commission: Money::ZERO,
        status: RefundStatus::Created,
        acquirer_refund_id: None,
        reason: String::new(),
        requested_by: "op".to_owned(),
        request_key: None,
        failure: None,
        created_at: app.clock.now(),
        finished_at: None,
        called_at: None,
        sent_at: None,
        posted_at: None,
        register_id: None,
    };
    let stored = app.app.mechanisms.db.transaction(|tx| async move {
        refund::Entity::insert(under_way.clone().into_active_model()).exec_without_returning(&*tx).await?;
        Ok::<_, Failure<std::convert::Infallible>>(())
    });
    stored.await.map_err(Fault::from).unwrap();
    let name = begun.url.rsplit_once('/').unwrap().1;
    for _ in 0..2 {
        app.app.sandbox.give_back(name, Money(2_000), false).await.unwrap();
    }
    app.app.services.payments.check(id, None).await.unwrap();
    for _ in 0..5 {
        assert_eq!(number(&app, LOOKS).await, 1);
        app.advance(TimeDelta::minutes(15));
        app.drain().await;
    }
    // It comes to nothing, and both are entered.
    let now = app.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    app.sql(&format!("UPDATE refunds SET status = 'CANCELED', finished_at = '{now}' WHERE status = 'CREATED'")).await;
    app.advance(TimeDelta::minutes(15));
    app.drain().await;
    assert_eq!(number(&app, "SELECT CAST(refunded AS bigint) AS number FROM payments").await, 4_000);
    assert_eq!(number(&app, LOOKS).await, 0);
    app.discard_letters();
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_refund_that_came_to_nothing_here_and_was_paid_out_is_an_incident, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let begun = started(&customer, custom(&account, "100.00", "one")).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    let made = ["refunds", "make", &begun.id, "--amount", "20", "--reason", "ошибка", "--by", "op"];
    // Not now, says the bank; and at the end the refund is given up.
    app.sql("UPDATE sandbox_payments SET status = 'pending'").await;
    assert!(app.operator(&made).await.status.success());
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM refunds WHERE status = 'CANCELED'").await, 1);
    app.sql("UPDATE sandbox_payments SET status = 'succeeded'").await;
    app.app.sandbox.give_back(begun.url.rsplit_once('/').unwrap().1, Money(2_000), false).await.unwrap();
    let refund = app.app.services.payments.list_refunds(&[kabinet::graphql::ids::decode(&begun.id).unwrap()]).await;
    let metadata = format!("{{\"refund_id\":\"{}\"}}", refund.unwrap()[0].id.0);
    app.sql(&format!("UPDATE sandbox_refunds SET metadata = '{metadata}'")).await;
    for _ in 0..2 {
        let id = kabinet::graphql::ids::decode(&begun.id).unwrap();
        app.app.services.payments.check(id, None).await.unwrap();
    }
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM incidents WHERE kind = 'REFUND_PAID_OUT'").await, 1);
    assert_eq!(number(&app, "SELECT CAST(refunded AS bigint) AS number FROM payments").await, 0, "people decide");
    app.discard_letters();
    settle(&app).await;
    app.finish().await;
});
