//! Live news over real WebSockets.

mod balances;
pub mod instances;
mod payments;
mod sessions;
mod slow_readers;

use std::convert::Infallible;

use entity::enums::LedgerEntryKind;
use entity::exact::Money;
use entity::ids::PersonalAccountId;
use kabinet::app::App;
use kabinet::billing::event::BalanceChanged;
use kabinet::billing::ledger::Change;
use kabinet::graphql::ids;
use kabinet::kernel::Failure;
use serde_json::{Value, json};

use crate::harness::Socket;

pub const BALANCES: &str =
    "subscription($ids: [ID!], $after: String) { balanceUpdated(personalAccountIds: $ids, after: $after) {
    cursor personalAccount { id } previous { version } balance { version } cause { kind amount { amount } } } }";

/// A setting with which subscriptions hear of news by wake-ups alone: an hour is beyond every test's patience.
pub const NEVER_LOOKING: (&str, &str) = ("KABINET__GRAPHQL__LOOK_SECONDS", "3600");

/// A correction of the provider's, with its news.
pub async fn change(app: &App, account: &str, kopecks: i64) {
    append(app, account, kopecks).await;
    deliver(app).await;
}

/// A correction of which nobody is told yet.
pub async fn append(app: &App, account: &str, kopecks: i64) {
    let id = ids::decode::<PersonalAccountId>(account).unwrap();
    let change = Change {
        kind: LedgerEntryKind::Adjustment,
        amount: Money(kopecks),
        occurred_at: app.mechanisms.clock.now(),
        payment_id: None,
        in_transit: Money::ZERO,
    };
    let changed = app.mechanisms.db.transaction(|tx| async move {
        app.services.billing.append_in(&tx, id, change).await?;
        app.mechanisms.outbox.enqueue_in(&tx, &BalanceChanged { personal_account_id: id, payment: None }).await?;
        Ok::<_, Failure<Infallible>>(())
    });
    changed.await.unwrap();
}

pub async fn deliver(app: &App) {
    while app.worker.run_due().await.unwrap() > 0 {}
}

/// Subscribes and waits until the subscription is open.
pub async fn follow(socket: &mut Socket, id: &str, variables: Value) {
    socket.subscribe(id, BALANCES, variables).await;
    opened(socket, id).await;
}

/// Operations begin in order: when three queries, one after another, have been answered, what came before them is open.
pub async fn opened(socket: &mut Socket, id: &str) {
    for number in 0..3 {
        socket.subscribe(&format!("{id}-open-{number}"), "{ viewer { balance { version } } }", json!({})).await;
        socket.event().await;
        assert_eq!(socket.next().await["type"], "complete");
    }
}

/// The next event's account, amount, version and cursor.
pub async fn news(socket: &mut Socket) -> (String, String, i64, String) {
    let event = socket.event().await["balanceUpdated"].take();
    let version = event["balance"]["version"].as_i64().unwrap();
    assert_eq!(event["previous"]["version"].as_i64().unwrap() + 1, version);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&event["personalAccount"]["id"]), text(&event["cause"]["amount"]["amount"]), version, text(&event["cursor"]))
}

/// The code of a subscription that was refused at its start: the protocol's `error`, after which nothing comes.
pub async fn refusal(socket: &mut Socket) -> String {
    let message = socket.next().await;
    assert_eq!(message["type"], "error", "{message}");
    let code = message["payload"][0]["extensions"]["code"].as_str();
    code.unwrap_or_else(|| panic!("no code: {message}")).to_owned()
}
