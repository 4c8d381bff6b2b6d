//! The contract with an acquirer that speaks YooKassa's API: against the sandbox, in the process and over HTTP, and against a
//! real test shop when `KABINET_TEST_YOOKASSA_SHOP` and `KABINET_TEST_YOOKASSA_KEY` are given.

use entity::enums::{PaymentMethod, ReceiptStatus};
use entity::exact::Money;
use entity::ids::{PaymentId, RefundId};
use kabinet::config::Shop;
use kabinet::kernel::{Clock, Entropy};
use kabinet::payments::acquirer::sandbox::outcome::Choice;
use kabinet::payments::acquirer::sandbox::{InProcess, NAME};
use kabinet::payments::acquirer::yookassa::https::Https;
use kabinet::payments::acquirer::yookassa::{self, Yookassa};
use kabinet::payments::acquirer::{
    Acquirer, CallError, Order, Receipt, ReceiptItem, RefundOrder, RefundStanding, RegisteredKind, Standing,
};
use kabinet::platform::outgoing::Outgoing;
use std::sync::Arc;
use uuid::Uuid;

use crate::harness::{TestApp, both_ways};

fn order(number: u128, kopecks: i64) -> Order {
    let id = PaymentId(Uuid::from_u128(number));
    Order {
        payment_id: id,
        idempotence_key: id.0.to_string(),
        amount: Money(kopecks),
        description: "Газпром, л/с 1".to_owned(),
        return_url: "https://kabinet.example/back".to_owned(),
        method: PaymentMethod::Any,
        save_method: false,
        saved_method: None,
        two_stage: false,
        receipt: Some(Receipt {
            email: "anna@example.com".to_owned(),
            tax_system: None,
            items: vec![ReceiptItem { description: "Газ".to_owned(), amount: Money(kopecks), vat_code: 1 }],
        }),
        utilities: None,
    }
}

fn in_process(app: &TestApp) -> Yookassa {
    Yookassa::new(NAME, NAME.to_owned(), Arc::new(InProcess(app.app.sandbox.clone())))
}

/// What any shop of YooKassa does: nobody pays here.
async fn keeps_the_contract(acquirer: &dyn Acquirer, first: &Order) {
    let made = acquirer.create(first).await.unwrap();
    assert_eq!((made.ours, made.payment_id, &made.standing), (true, Some(first.payment_id), &Standing::Pending));
    assert!(made.confirmation_url.is_some());
    assert_eq!(acquirer.create(first).await.unwrap().id, made.id, "the same key, the same payment");
    let other_sum = Order { amount: first.amount + Money(100), receipt: None, ..first.clone() };
    assert!(matches!(acquirer.create(&other_sum).await, Err(CallError::KeyTaken)), "the key is taken");
    assert_eq!(acquirer.read(&made.id).await.unwrap().unwrap().standing, Standing::Pending);
    assert_eq!(acquirer.read("22e12f66-000f-5000-8000-18db351245c7").await, Ok(None));
}

fn over_http(url: &str, id: &str, key: &str) -> Yookassa {
    let shop = Shop {
        id: id.to_owned(),
        key: key.into(),
        url: url.to_owned(),
        timeout: std::time::Duration::from_secs(8),
        calls: 5,
    };
    Yookassa::new(yookassa::NAME, id.to_owned(), Arc::new(Https::new(Outgoing::default(), &shop)))
}

/// Of a payment that the payer has paid, at any shop of YooKassa's API.
async fn gives_back(acquirer: &dyn Acquirer, paid: &Order, id: &str, number: u128) {
    let back = |number: u128, amount: Money| RefundOrder {
        refund_id: RefundId(Uuid::from_u128(number)),
        acquirer_payment_id: id.to_owned(),
        idempotence_key: Uuid::from_u128(number).to_string(),
        amount,
        reason: "…".to_owned(),
        receipt: order(1, amount.0).receipt,
    };
    let refund = acquirer.refund(&back(number, Money(100))).await.unwrap();
    assert_eq!(acquirer.refund(&back(number, Money(100))).await.unwrap().id, refund.id, "once");
    let too_much = acquirer.refund(&back(number + 1, paid.amount)).await;
    assert!(matches!(too_much, Err(CallError::Refused { .. })), "no more than was paid");
    assert_eq!(acquirer.read_refund(&refund.id).await.unwrap().unwrap().amount, Money(100));
    let found = acquirer.find_refund(id, RefundId(Uuid::from_u128(number))).await.unwrap();
    assert_eq!(found.unwrap().id, refund.id);
}

const SHOP: &str = "100500";
const KEY: &str = "test_key";
const AS_A_BANK: [(&str, &str); 3] = [
    ("KABINET__PAYMENTS__SANDBOX_SHOP_ID", SHOP),
    ("KABINET__PAYMENTS__SANDBOX_SECRET_KEY", KEY),
    ("KABINET__PAYMENTS__SANDBOX_KOPECKS", "true"),
];

both_ways!(the_sandbox_keeps_the_contract_over_http, |app| {
    let app = app.restart_with(&AS_A_BANK).await;
    let url = format!("{}/sandbox/v3", app.url);
    let acquirer = over_http(&url, SHOP, KEY);
    let first = order(1, 10_000);
    keeps_the_contract(&acquirer, &first).await;
    let start = app.clock.now() - chrono::TimeDelta::hours(1);
    let found = acquirer.find(first.payment_id, start).await.unwrap().unwrap();
    app.app.sandbox.decide(&found.id, Choice::Card).await.unwrap();
    assert_eq!(acquirer.read(&found.id).await.unwrap().unwrap().receipt, Some(ReceiptStatus::Succeeded));
    gives_back(&acquirer, &first, &found.id, 1_001).await;
    // What is lost on the way and what never was on it.
    for (number, kopecks) in [(5, 10_005), (7, 10_007), (8, 10_008)] {
        let order = order(number, kopecks);
        assert!(matches!(acquirer.create(&order).await, Err(CallError::Lost(_))), "{kopecks}");
        assert_eq!(acquirer.create(&order).await.unwrap().standing, Standing::Pending, "{kopecks}");
    }
    let qr = Order { method: PaymentMethod::SbpQr, ..order(20, 10_000) };
    let made = acquirer.create(&qr).await.unwrap();
    assert!(made.qr_payload.is_some_and(|payload| payload.starts_with("http")) && made.confirmation_url.is_none());
    for stranger in [over_http(&url, SHOP, "guessed"), over_http(&url, "sandbox", KEY)] {
        assert!(matches!(stranger.create(&order(30, 10_000)).await, Err(CallError::NotNow(_))), "401");
    }
    let away = over_http("http://127.0.0.1:1", SHOP, KEY);
    assert!(matches!(away.create(&order(31, 10_000)).await, Err(CallError::NotNow(_))), "nothing was sent");
    let day = app.clock.now().date_naive();
    let register = format!("{url}/registers/{day}");
    let register = reqwest::Client::new().get(register).basic_auth(SHOP, Some(KEY)).send().await.unwrap();
    let register = register.text().await.unwrap();
    let kinds: Vec<_> = register.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(kinds, ["kind", "payment", "refund", "total"], "{register}");
    assert!(register.ends_with("total,1,100.00,1,1.00\n"), "{register}");
    app.drain().await;
    app.finish().await;
});

/// Only where the credentials of a test shop are given; nobody pays there, so nothing can be given back.
#[tokio::test]
async fn a_real_test_shop_keeps_the_contract() {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (shop, key) = (given("KABINET_TEST_YOOKASSA_SHOP"), given("KABINET_TEST_YOOKASSA_KEY"));
    let (Some(shop), Some(key)) = (shop, key) else { return };
    let url = given("KABINET_TEST_YOOKASSA_URL").unwrap_or_else(|| "https://api.yookassa.ru/v3".to_owned());
    let acquirer = over_http(&url, &shop, &key);
    let first = order(u128::from_be_bytes(Entropy::System.bytes::<16>().unwrap()), 10_000);
    keeps_the_contract(&acquirer, &first).await;
    let found = acquirer.find(first.payment_id, Clock::System.now() - chrono::TimeDelta::hours(1)).await.unwrap();
    assert_eq!(found.unwrap().payment_id, Some(first.payment_id));
}

both_ways!(the_sandbox_keeps_the_contract, |app| {
    let acquirer = in_process(&app);
    let first = order(1, 10_000);
    keeps_the_contract(&acquirer, &first).await;
    let start = app.clock.now() - chrono::TimeDelta::hours(1);
    let found = acquirer.find(first.payment_id, start).await.unwrap().unwrap();
    assert_eq!(acquirer.find(PaymentId(Uuid::from_u128(9)), start).await, Ok(None));
    assert!(matches!(acquirer.capture(&found.id, "c", first.amount).await, Err(CallError::Refused { .. })));
    let canceled = acquirer.cancel(&found.id, "x").await.unwrap();
    assert_eq!(canceled.standing, Standing::Canceled { reason: "canceled_by_merchant".to_owned() });
    assert_eq!(acquirer.cancel(&found.id, "x").await.unwrap().standing, canceled.standing);
    app.drain().await;
    app.finish().await;
});

both_ways!(the_sandbox_holds_captures_and_gives_back, |app| {
    let acquirer = in_process(&app);
    let held = Order { two_stage: true, ..order(1, 10_000) };
    let made = acquirer.create(&held).await.unwrap();
    app.app.sandbox.decide(&made.id, Choice::Card).await.unwrap();
    let seen = acquirer.read(&made.id).await.unwrap().unwrap();
    assert_eq!(seen.standing, Standing::WaitingForCapture { amount: held.amount });
    let captured = acquirer.capture(&made.id, "capture", held.amount).await.unwrap();
    assert_eq!(captured.standing, Standing::Succeeded { amount: held.amount });
    let back = |number: u128, kopecks: i64| RefundOrder {
        refund_id: RefundId(Uuid::from_u128(number)),
        acquirer_payment_id: made.id.clone(),
        idempotence_key: number.to_string(),
        amount: Money(kopecks),
        reason: "…".to_owned(),
        receipt: order(1, kopecks).receipt,
    };
    let bare = RefundOrder { receipt: None, ..back(3, 4_000) };
    assert!(matches!(acquirer.refund(&bare).await, Err(CallError::Refused { .. })), "a part of what had a receipt");
    let refund = acquirer.refund(&back(1, 4_000)).await.unwrap();
    assert_eq!(refund.standing, RefundStanding::Succeeded);
    assert_eq!(acquirer.refund(&back(1, 4_000)).await.unwrap().id, refund.id, "once");
    assert!(matches!(acquirer.refund(&back(2, 6_001)).await, Err(CallError::Refused { .. })), "no more than was paid");
    assert_eq!(acquirer.read_refund(&refund.id).await.unwrap().unwrap().amount, Money(4_000));
    let found = acquirer.find_refund(&made.id, RefundId(Uuid::from_u128(1))).await.unwrap();
    assert_eq!(found.unwrap().id, refund.id);
    let day = chrono::TimeDelta::days(1);
    let rows = acquirer.register(app.clock.now() - day, app.clock.now() + day).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.kind, row.amount.0)).collect();
    assert_eq!(rows, [(RegisteredKind::Payment, 10_000), (RegisteredKind::Refund, 4_000)]);
    app.drain().await;
    app.finish().await;
});

both_ways!(the_kopecks_of_the_sum_choose_what_goes_wrong, |app| {
    let acquirer = in_process(&app);
    for kopecks in [10_005_i64, 10_007, 10_008] {
        let order = order(u128::from(kopecks.unsigned_abs()), kopecks);
        assert!(matches!(acquirer.create(&order).await, Err(CallError::Lost(_))), "{kopecks}");
        assert_eq!(acquirer.create(&order).await.unwrap().standing, Standing::Pending, "{kopecks}");
    }
    for _ in 0..3 {
        assert!(matches!(acquirer.create(&order(6, 10_006)).await, Err(CallError::Lost(_))));
    }
    for answer in [false, false, true] {
        let made = acquirer.create(&order(9, 10_009)).await;
        assert_eq!(made.is_ok(), answer, "{made:?}");
        assert!(made.is_ok() || matches!(made, Err(CallError::NotNow(_))));
    }
    for (kopecks, reason) in [(1_i64, "insufficient_funds"), (2, "3d_secure_failed"), (3, "expired_on_confirmation")] {
        let made = acquirer.create(&order(100 + u128::from(kopecks.unsigned_abs()), 20_000 + kopecks)).await.unwrap();
        app.app.sandbox.decide(&made.id, Choice::Card).await.unwrap();
        let seen = acquirer.read(&made.id).await.unwrap().unwrap();
        assert_eq!(seen.standing, Standing::Canceled { reason: reason.to_owned() });
    }
    app.drain().await;
    app.finish().await;
});

both_ways!(the_sandbox_forgets_a_key_after_a_day, |app| {
    let acquirer = in_process(&app);
    let first = acquirer.create(&order(1, 10_000)).await.unwrap();
    app.advance(chrono::TimeDelta::hours(23));
    assert_eq!(acquirer.create(&order(1, 10_000)).await.unwrap().id, first.id);
    app.advance(chrono::TimeDelta::hours(1));
    assert_ne!(acquirer.create(&order(1, 10_000)).await.unwrap().id, first.id);
    app.finish().await;
});
