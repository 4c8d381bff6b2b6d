//! YooKassa's REST API, version 3, translated: it keeps nothing, and whoever speaks the same surface can stand behind it, as
//! the sandbox does. Rules of its documentation: `wire.rs`.

#![expect(
    clippy::indexing_slicing,
    reason = "a member of JSON that is missing reads as null (serde_json): nothing panics"
)]

pub mod https;
mod order;
pub mod pace;
pub mod transport;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::exact::Money;
use entity::ids::{PaymentId, RefundId};
use serde_json::{Value, json};

use super::{Acquirer, CallError, Order, RefundOrder, RefundSeen, Registered, Seen};
use transport::{Call, Transport};
use wire::{accepted, found, payment, refund};

/// The acquirer's name.
pub const NAME: &str = "yookassa";
/// Pages of a list that are read at most: 100 payments each. A list without an end is none.
const MOST_PAGES: usize = 10_000;
/// A payment is at the acquirer within its key's life, or never.
const MADE_WITHIN: TimeDelta = TimeDelta::hours(27);

#[derive(Debug)]
pub struct Yookassa {
    name: &'static str,
    /// Payments of another shop are none of ours.
    shop: String,
    transport: Arc<dyn Transport>,
}

impl Yookassa {
    pub fn new(name: &'static str, shop: String, transport: Arc<dyn Transport>) -> Self {
        Self { name, shop, transport }
    }

    async fn get(&self, path: String) -> Result<Option<Value>, CallError> {
        found(self.transport.call(&Call::get(path)).await)
    }

    async fn post(&self, path: String, key: &str, body: Value) -> Result<Value, CallError> {
        accepted(self.transport.call(&Call::post(path, key, body)).await)
    }

    /// Items of a list, page after page, until `take` has what it wants.
    async fn walk(&self, list: &str, mut take: impl FnMut(&Value) -> bool + Send) -> Result<(), CallError> {
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let page = self.get(format!("{list}&limit=100{cursor}")).await?;
            let page = page.ok_or_else(|| CallError::NotNow("the acquirer has no such list".to_owned()))?;
            for item in page["items"].as_array().into_iter().flatten() {
                if take(item) {
                    return Ok(());
                }
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(()),
            }
        }
        Err(CallError::NotNow(format!("a list of over {MOST_PAGES} pages")))
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[async_trait]
impl Acquirer for Yookassa {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn create(&self, order: &Order) -> Result<Seen, CallError> {
        let made = self.post("/payments".to_owned(), &order.idempotence_key, order::body(order)).await?;
        payment(&made, &self.shop).ok_or_else(|| CallError::Lost("an answer without a payment".to_owned()))
    }

    async fn read(&self, id: &str) -> Result<Option<Seen>, CallError> {
        let Some(found) = self.get(format!("/payments/{id}")).await? else { return Ok(None) };
        let unreadable = || CallError::NotNow("an answer without a payment".to_owned());
        payment(&found, &self.shop).ok_or_else(unreadable).map(Some)
    }

    async fn find(&self, id: PaymentId, since: DateTime<Utc>) -> Result<Option<Seen>, CallError> {
        let mut seen = None;
        let list = format!("/payments?created_at.gte={}&created_at.lt={}", time(since), time(since + MADE_WITHIN));
        self.walk(&list, |item| {
            seen = payment(item, &self.shop).filter(|found| found.payment_id == Some(id));
            seen.is_some()
        })
        .await?;
        Ok(seen)
    }

    async fn cancel(&self, id: &str, key: &str) -> Result<Seen, CallError> {
        let canceled = self.post(format!("/payments/{id}/cancel"), key, json!({})).await?;
        payment(&canceled, &self.shop).ok_or_else(|| CallError::Lost("an answer without a payment".to_owned()))
    }

    async fn capture(&self, id: &str, key: &str, amount: Money) -> Result<Seen, CallError> {
        let body = json!({ "amount": order::amount(amount) });
        let captured = self.post(format!("/payments/{id}/capture"), key, body).await?;
        payment(&captured, &self.shop).ok_or_else(|| CallError::Lost("an answer without a payment".to_owned()))
    }

    async fn refund(&self, order: &RefundOrder) -> Result<RefundSeen, CallError> {
        let made = self.post("/refunds".to_owned(), &order.idempotence_key, order::refund_body(order)).await?;
        refund(&made).ok_or_else(|| CallError::Lost("an answer without a refund".to_owned()))
    }

    async fn read_refund(&self, id: &str) -> Result<Option<RefundSeen>, CallError> {
        let Some(found) = self.get(format!("/refunds/{id}")).await? else { return Ok(None) };
        refund(&found).ok_or_else(|| CallError::NotNow("an answer without a refund".to_owned())).map(Some)
    }

    async fn refunds_of(&self, payment: &str) -> Result<Vec<RefundSeen>, CallError> {
        let mut all = Vec::new();
        self.walk(&format!("/refunds?payment_id={payment}"), |item| {
            all.extend(refund(item));
            false
        })
        .await?;
        Ok(all)
    }

    async fn find_refund(&self, payment: &str, id: RefundId) -> Result<Option<RefundSeen>, CallError> {
        let mut seen = None;
        self.walk(&format!("/refunds?payment_id={payment}"), |item| {
            seen = refund(item).filter(|found| found.refund_id == Some(id));
            seen.is_some()
        })
        .await?;
        Ok(seen)
    }

    async fn register(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Registered>, CallError> {
        let mut rows = Vec::new();
        let span = |column: &str| format!("{column}.gte={}&{column}.lt={}", time(from), time(to));
        self.walk(&format!("/payments?status=succeeded&{}", span("captured_at")), |item| {
            rows.extend(wire::registered_payment(item));
            false
        })
        .await?;
        self.walk(&format!("/refunds?status=succeeded&{}", span("created_at")), |item| {
            rows.extend(wire::registered_refund(item));
            false
        })
        .await?;
        Ok(rows)
    }

    fn subject_of(&self, notification: &[u8]) -> Option<String> {
        wire::subject(notification)
    }

    fn ours_in(&self, notification: &[u8]) -> Option<PaymentId> {
        wire::ours(notification)
    }
}

#[cfg(test)]
mod tests;
