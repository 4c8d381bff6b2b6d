//! Every change of a balance.

use std::convert::Infallible;

use entity::enums::LedgerEntryKind;
use entity::exact::Money;
use entity::ids::PersonalAccountId;
use futures_util::future::join_all;
use kabinet::billing::ledger::Change;
use kabinet::graphql::ids;
use kabinet::kernel::{Failure, Fault};
use serde_json::{Value, json};

use super::{number, refused_sql};
use crate::harness::{Customer, TestApp, both_ways, sample};
use crate::metering::{attach, attach_limited, owner};

/// Appends an adjustment, as a provider's correction would.
pub async fn adjust(app: &TestApp, account: &str, amount: i64) -> Result<(), Fault> {
    let id = ids::decode::<PersonalAccountId>(account).unwrap();
    let change = Change {
        kind: LedgerEntryKind::Adjustment,
        amount: Money(amount),
        occurred_at: app.clock.now(),
        payment_id: None,
        in_transit: Money::ZERO,
    };
    let billing = &app.app.services.billing;
    let appended = app.app.mechanisms.db.transaction(|tx| async move {
        billing.append_in(&tx, id, change).await?;
        Ok::<_, Failure<Infallible>>(())
    });
    Ok(appended.await?)
}

async fn page(customer: &Customer, account: &str, window: &str) -> Value {
    let query = format!(
        "query($id: ID!) {{ node(id: $id) {{ ... on PersonalAccount {{ ledger({window}) {{
         pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
         edges {{ node {{ version kind amount {{ amount }} balanceAfter {{ version owed {{ amount }} credit {{ amount }} }} }} }} }} }} }} }}"
    );
    customer.ask(&query, json!({ "id": account })).await["node"]["ledger"].take()
}

fn versions(page: &Value) -> Vec<i64> {
    page["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["version"].as_i64().unwrap()).collect()
}

fn sum(value: &Value) -> Money {
    value["amount"].as_str().unwrap().parse().unwrap()
}

both_ways!(every_balance_of_the_ledger_follows_from_the_one_before, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    for note in ["debt", "overpaid", "no-meter"] {
        let account = attach(&customer, note).await;
        let ledger = page(&customer, &account, "first: 100").await;
        let mut balance = Money::ZERO;
        for (place, edge) in ledger["edges"].as_array().unwrap().iter().rev().enumerate() {
            let entry = &edge["node"];
            assert_eq!(entry["version"], place + 1, "{note}: versions have no gaps");
            balance += sum(&entry["amount"]);
            let after = &entry["balanceAfter"];
            assert_eq!(sum(&after["owed"]) - sum(&after["credit"]), balance, "{note} {entry}");
            assert_eq!(after["version"], entry["version"]);
        }
        assert_eq!(balance.to_string(), sample(note).debt);
        assert_eq!(customer.balance(&account).await, sample(note).debt);
    }
    app.finish().await;
});

both_ways!(the_ledger_pages_in_both_directions, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for amount in [100, -100, 300, -300] {
        adjust(&app, &account, amount).await.unwrap();
    }
    let whole = versions(&page(&customer, &account, "first: 100").await);
    assert!(whole.len() > 6, "{whole:?}");
    assert!(whole.is_sorted_by(|newer, older| newer > older), "newest first: {whole:?}");
    let (mut forward, mut window) = (Vec::new(), "first: 3".to_owned());
    loop {
        let page = page(&customer, &account, &window).await;
        assert_eq!(page["pageInfo"]["hasPreviousPage"], !forward.is_empty());
        forward.extend(versions(&page));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        window = format!("first: 3, after: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(forward, whole);
    let (mut backward, mut window) = (Vec::new(), "last: 3".to_owned());
    loop {
        let page = page(&customer, &account, &window).await;
        backward.splice(0..0, versions(&page));
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
        window = format!("last: 3, before: {}", page["pageInfo"]["startCursor"]);
    }
    assert_eq!(backward, whole);
    app.finish().await;
});

both_ways!(with_limited_access_no_entry_of_the_ledger_is_shown, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = attach_limited(&customer, "debt").await;
    assert_eq!(versions(&page(&customer, &account, "first: 100").await), [0; 0]);
    app.finish().await;
});

both_ways!(a_persons_balance_is_the_sum_of_their_accounts, |app| {
    let (customer, debt) = owner(&app, "anna@example.com", "debt").await;
    let overpaid = attach(&customer, "overpaid").await;
    let query = "{ viewer { balance { version owed { amount } credit { amount } } } }";
    let [one, other] = [&debt, &overpaid].map(|account| customer.balance(account));
    let expected: Money = one.await.parse::<Money>().unwrap() + other.await.parse::<Money>().unwrap();
    let balance = customer.ask(query, json!({})).await["viewer"]["balance"].take();
    assert_eq!(sum(&balance["owed"]) - sum(&balance["credit"]), expected);
    assert!(sum(&balance["owed"]).is_zero() != sum(&balance["credit"]).is_zero(), "one side is zero: {balance}");
    app.finish().await;
});

both_ways!(an_entry_of_the_ledger_is_neither_changed_nor_deleted, |app| {
    for sql in ["UPDATE ledger_entries SET amount = amount + 1", "DELETE FROM ledger_entries"] {
        let said = refused_sql(&app, sql).await.to_string();
        assert!(said.contains("append-only") || said.contains("readonly"), "{said}");
        let refused = app.app.mechanisms.db.transaction(|tx| async move {
            sea_orm::ConnectionTrait::execute_unprepared(&*tx, sql).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        let said = format!("{:?}", refused.await.unwrap_err());
        assert!(said.contains("append-only"), "{said}");
    }
    app.finish().await;
});

both_ways!(concurrent_changes_leave_no_gap_and_lose_no_kopeck, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = versions(&page(&customer, &account, "first: 1").await)[0];
    let changes = (1..=50).map(|amount| adjust(&app, &account, if amount % 2 == 0 { amount } else { -3 * amount }));
    for changed in join_all(changes).await {
        changed.unwrap();
    }
    let moved: i64 = (1..=50).map(|amount| if amount % 2 == 0 { amount } else { -3 * amount }).sum();
    let expected = sample("debt").debt.parse::<Money>().unwrap() + Money(moved);
    assert_eq!(customer.balance(&account).await, expected.to_string());
    let ledger = versions(&page(&customer, &account, "first: 100").await);
    assert_eq!(ledger, (1..=before + 50).rev().collect::<Vec<_>>());
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM ledger_entries WHERE kind = 'ADJUSTMENT'").await, 50);
    app.finish().await;
});
