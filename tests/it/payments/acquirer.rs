//! A payment through a bank behind HTTP: another kabinet plays it, and something stands between that loses what it should not.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{custom, notify, payment, settle, start};
use crate::billing::number;
use crate::harness::{Customer, FaultProxy, TestApp, Trouble, Way, user_errors};
use crate::metering::owner;

const SHOP: &str = "100500";
const KEY: &str = "test_key";

/// A shop and its bank, each with its own data, and the network between.
pub struct Pair {
    pub shop: TestApp,
    pub bank: TestApp,
    pub between: FaultProxy,
}

impl Pair {
    pub async fn start(way: Way) -> Self {
        Self::limited(way, "1000").await
    }

    /// So many calls a second.
    async fn limited(way: Way, calls: &str) -> Self {
        let bank = TestApp::start_with(
            Way::Embedded,
            &[
                ("KABINET__PAYMENTS__SANDBOX_SHOP_ID", SHOP),
                ("KABINET__PAYMENTS__SANDBOX_SECRET_KEY", KEY),
                ("KABINET__PAYMENTS__SANDBOX_KOPECKS", "true"),
            ],
        )
        .await;
        let between = FaultProxy::before(bank.url.strip_prefix("http://").unwrap()).await;
        let url = format!("http://{}/sandbox/v3", between.address);
        let settings = [
            ("KABINET__PAYMENTS__ACQUIRER", "yookassa"),
            ("KABINET__PAYMENTS__YOOKASSA_SHOP_ID", SHOP),
            ("KABINET__PAYMENTS__YOOKASSA_SECRET_KEY", KEY),
            ("KABINET__PAYMENTS__YOOKASSA_TIMEOUT_MILLISECONDS", "400"),
            ("KABINET__PAYMENTS__YOOKASSA_URL", url.as_str()),
            ("KABINET__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
            ("KABINET__PAYMENTS__YOOKASSA_CALLS_A_SECOND", calls),
        ];
        let shop = TestApp::start_with(way, &settings).await;
        Self { shop, bank, between }
    }

    /// Both clocks go on, and the shop's janitor looks.
    async fn settle(&self) {
        self.bank.advance(TimeDelta::seconds(11));
        settle(&self.shop).await;
    }

    async fn finish(self) {
        self.bank.drain().await;
        self.bank.finish().await;
        self.shop.finish().await;
    }
}

async fn pays(pair: &Pair, customer: &Customer, id: &str) {
    let url = payment_url(customer, id).await;
    pair.bank.bank(&url, "pay").await;
    pair.settle().await;
    pair.shop.advance(TimeDelta::seconds(30));
    pair.shop.drain().await;
    assert_eq!(payment(customer, id).await["status"], "SUCCEEDED");
}

async fn payment_url(customer: &Customer, id: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { confirmationUrl } } }";
    let seen = customer.ask(query, json!({ "id": id })).await["node"].take();
    seen["confirmationUrl"].as_str().unwrap_or_else(|| panic!("{seen}")).to_owned()
}

/// Payments at the bank.
async fn at_the_bank(pair: &Pair) -> i64 {
    number(&pair.bank, "SELECT COUNT(*) AS number FROM sandbox_payments").await
}

async fn lost_and_found(way: Way) {
    let pair = Pair::start(way).await;
    let (customer, account) = owner(&pair.shop, "anna@example.com", "debt").await;
    // What happens on the way, what the person sees at once, and how many payments the bank has then.
    for (number, (fault, sum, seen, made)) in [
        (Trouble::None, "100.00", "PENDING", 1),
        (Trouble::BlackHole, "101.00", "UNKNOWN", 1),
        (Trouble::ResetAfterSend, "102.00", "UNKNOWN", 3),
        (Trouble::Refuse, "103.00", "UNKNOWN", 3),
        (Trouble::None, "104.05", "UNKNOWN", 5),
        (Trouble::None, "105.07", "UNKNOWN", 6),
        (Trouble::None, "106.09", "PENDING", 6),
    ]
    .into_iter()
    .enumerate()
    {
        pair.between.set(fault);
        let payload = start(&customer, custom(&account, sum, &number.to_string())).await;
        assert_eq!(user_errors(&payload), [], "{fault:?}");
        let id = payload["payment"]["id"].as_str().unwrap().to_owned();
        assert_eq!(payload["payment"]["status"], seen, "{fault:?} {sum}");
        let there = at_the_bank(&pair).await;
        assert!(there <= made, "{fault:?} {sum}: {there}");
        pair.between.set(Trouble::None);
        for _ in 0..3 {
            pair.settle().await;
        }
        pays(&pair, &customer, &id).await;
        assert_eq!(at_the_bank(&pair).await, i64::try_from(number).unwrap() + 1, "{sum}: one each");
        pair.shop.discard_letters();
    }
    assert_eq!(number(&pair.shop, "SELECT COUNT(*) AS number FROM journal_transactions").await, 7);
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_an_answer_is_unknown_and_heals_embedded() {
    lost_and_found(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_an_answer_is_unknown_and_heals_full() {
    lost_and_found(Way::Full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_beyond_our_own_limit_is_made_later() {
    let pair = Pair::limited(Way::Embedded, "1").await;
    let (customer, account) = owner(&pair.shop, "anna@example.com", "debt").await;
    for (key, seen) in [("one", true), ("two", false)] {
        let payload = start(&customer, custom(&account, "100.00", key)).await;
        assert_eq!(payload["payment"]["confirmationUrl"].is_string(), seen, "{payload}");
    }
    assert_eq!(at_the_bank(&pair).await, 1);
    pair.shop.advance(TimeDelta::seconds(1));
    let waiting = start(&customer, custom(&account, "100.00", "two")).await;
    assert!(waiting["payment"]["confirmationUrl"].is_string(), "{waiting}");
    assert_eq!(at_the_bank(&pair).await, 2);
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_come_from_the_acquirers_networks_only() {
    let pair = Pair::start(Way::Embedded).await;
    let (customer, account) = owner(&pair.shop, "anna@example.com", "debt").await;
    let payload = start(&customer, custom(&account, "100.00", "one")).await;
    let id = payload["payment"]["id"].as_str().unwrap();
    let name = payload["payment"]["confirmationUrl"].as_str().unwrap().rsplit_once('/').unwrap().1.to_owned();
    let news = json!({ "type": "notification", "event": "payment.succeeded", "object": { "id": name, "status": "succeeded" } });
    let kept = "SELECT COUNT(*) AS number FROM acquirer_notifications";
    assert_eq!(notify(&pair.shop, "yookassa", news.clone()).await, 403);
    assert_eq!(from(&pair, "203.0.113.9", &news).await, 403);
    assert_eq!(number(&pair.shop, kept).await, 0);
    assert_eq!(from(&pair, "185.71.76.5", &news).await, 200);
    assert_eq!(number(&pair.shop, kept).await, 1);
    pair.shop.drain().await;
    assert_eq!(payment(&customer, id).await["status"], "PENDING", "forged: the bank says otherwise");
    pair.bank.bank(&payment_url(&customer, id).await, "pay").await;
    assert_eq!(from(&pair, "2a02:5180::1", &news).await, 200);
    pair.shop.drain().await;
    assert_eq!(payment(&customer, id).await["status"], "SUCCEEDED");
    pair.shop.discard_letters();
    pair.settle().await;
    pair.finish().await;
}

/// As the trusted proxy passes it on.
async fn from(pair: &Pair, address: &str, news: &Value) -> u16 {
    let url = format!("{}/acquirers/yookassa/notifications", pair.shop.url);
    let request = reqwest::Client::new().post(url).header("x-forwarded-for", address);
    request.json(news).send().await.unwrap().status().as_u16()
}
