//! Messages on their way.

use std::convert::Infallible;
use std::time::Instant;

use chrono::{DateTime, Utc};
use entity::enums::WebhookStop;
use entity::ids::WebhookEndpointId;
use entity::{webhook_attempt, webhook_endpoint, webhook_message};
use futures_util::future::join_all;

use super::event::SendWebhookStopped;
use super::outcome::{Outcome, judge};
use super::{Webhooks, key, store};
use crate::kernel::{Failure, Fault, type_id};
use crate::platform::outgoing::{Answer, Bounds, Unanswered};

/// Characters of an answer that are kept.
const KEPT: usize = 500;

impl Webhooks {
    /// Addresses with messages that are due and free, the longest due first.
    pub async fn due_endpoints(&self, most: u64) -> Result<Vec<WebhookEndpointId>, Fault> {
        store::list_due_endpoints(self.db.read(), self.clock.now(), most).await
    }

    /// Sends what is due to one address, as many at once as it may have; how many that were.
    pub async fn deliver_due(&self, endpoint: WebhookEndpointId) -> Result<usize, Fault> {
        let now = self.clock.now();
        let lease = (now, now + self.lease());
        let messages = store::lease(&self.db, endpoint, lease, self.config.webhooks.at_once).await?;
        let Some(endpoint) = store::find(self.db.read(), endpoint).await? else { return Ok(0) };
        let sent = join_all(messages.iter().map(|message| self.deliver(&endpoint, message))).await;
        for ended in sent {
            ended?;
        }
        Ok(messages.len())
    }

    /// One attempt of a message that this process has leased.
    pub(super) async fn deliver(
        &self,
        endpoint: &webhook_endpoint::Model,
        message: &webhook_message::Model,
    ) -> Result<webhook_attempt::Model, Fault> {
        let (made_at, begun) = (self.clock.now(), Instant::now());
        let answered = self.send(endpoint, message, made_at).await?;
        let attempt = webhook_attempt::Model {
            id: self.entropy.id(&self.clock)?,
            webhook_message_id: message.id,
            made_at,
            status: match &answered {
                Some(Ok(answer)) => i16::try_from(answer.status).ok(),
                Some(Err(_)) | None => None,
            },
            milliseconds: i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX),
            answer: match &answered {
                Some(Ok(answer)) => readable(&answer.body),
                Some(Err(unanswered)) => readable(unanswered.to_string().as_bytes()),
                None => "not sent: none of the keys can be opened".to_owned(),
            },
        };
        self.record(message, answered.as_ref(), &attempt).await?;
        Ok(attempt)
    }

    /// None when it cannot be signed.
    async fn send(
        &self,
        endpoint: &webhook_endpoint::Model,
        message: &webhook_message::Model,
        at: DateTime<Utc>,
    ) -> Result<Option<Result<Answer, Unanswered>>, Fault> {
        let keys = store::list_keys(self.db.read(), &[endpoint.id], at).await?;
        let (id, timestamp) = (type_id::encode(message.id), at.timestamp().to_string());
        let signature = key::signatures(&self.seal, &keys, &id, at, &message.payload)?;
        let Some(signature) = signature else { return Ok(None) };
        let headers: [(&'static str, &str); 3] =
            [("webhook-id", &id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)];
        // A character has at most four bytes.
        let bounds = Bounds { within: self.config.webhooks.timeout, most_bytes: KEPT * 4 };
        let body = message.payload.clone().into_bytes();
        Ok(Some(self.courier.post_json(&endpoint.url, &headers, body, bounds).await))
    }

    async fn record(
        &self,
        sent: &webhook_message::Model,
        answered: Option<&Result<Answer, Unanswered>>,
        attempt: &webhook_attempt::Model,
    ) -> Result<(), Fault> {
        let id = sent.id;
        let (now, chance) = (self.clock.now(), u16::from_be_bytes(self.entropy.bytes()?));
        let recorded = self.db.transaction(|tx| async move {
            // Address before message: what stops an address locks in the same order.
            let Some(message) = store::find_message(&*tx, id).await? else { return Ok(None) };
            let Some(endpoint) = store::lock_in(&tx, message.webhook_endpoint_id).await? else { return Ok(None) };
            store::insert_attempt_in(&tx, attempt.clone()).await?;
            let judged = |answered| judge(answered, sent, &endpoint, (now, chance));
            let outcome = answered.map_or(Outcome::Unsigned, judged);
            // Sent again or stopped by somebody meanwhile: a failure of before decides nothing about that.
            let begun_anew = message.leased_until != sent.leased_until;
            if begun_anew && matches!(outcome, Outcome::Again { .. } | Outcome::Dropped { .. }) {
                return Ok(None);
            }
            self.apply_in(&tx, (&endpoint, &message), &outcome, now).await?;
            Ok::<_, Failure<Infallible>>(Some((endpoint, outcome)))
        });
        let recorded = recorded.await.map_err(Fault::from)?;
        if let Some((endpoint, outcome @ (Outcome::Gone | Outcome::Unsigned | Outcome::Dropped { .. }))) = recorded {
            tracing::warn!(
                endpoint = type_id::encode(endpoint.id),
                message = type_id::encode(id),
                ?outcome,
                "a webhook was given up"
            );
        }
        Ok(())
    }

    async fn apply_in(
        &self,
        tx: &crate::platform::db::Tx,
        (endpoint, message): (&webhook_endpoint::Model, &webhook_message::Model),
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        match outcome {
            Outcome::Delivered => {
                store::end_in(tx, message.id, true, now).await?;
                store::note_taken_in(tx, endpoint.id, now).await?;
            }
            Outcome::Again { due_at, rests_until } => {
                store::postpone_in(tx, message.id, *due_at).await?;
                if let Some(until) = rests_until {
                    store::rest_in(tx, endpoint.id, *until).await?;
                }
            }
            Outcome::Gone => {
                store::end_in(tx, message.id, false, now).await?;
                self.stop_in(tx, endpoint, WebhookStop::Gone, now).await?;
            }
            Outcome::Unsigned => {
                store::end_in(tx, message.id, false, now).await?;
                self.stop_in(tx, endpoint, WebhookStop::Key, now).await?;
            }
            Outcome::Dropped { stops } => {
                store::end_in(tx, message.id, false, now).await?;
                if *stops {
                    self.stop_in(tx, endpoint, WebhookStop::Exhausted, now).await?;
                }
            }
        }
        Ok(())
    }

    /// The owner is told, once: of many messages that fail at once the first stops the address.
    async fn stop_in(
        &self,
        tx: &crate::platform::db::Tx,
        endpoint: &webhook_endpoint::Model,
        stop: WebhookStop,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        if endpoint.stop.is_some() {
            return Ok(());
        }
        store::stop_in(tx, endpoint.id, stop, now).await?;
        let told = SendWebhookStopped { webhook_endpoint_id: endpoint.id, stop, stopped_at: now };
        self.outbox.enqueue_in(tx, &told).await
    }
}

/// The first characters, without those that move a terminal's cursor.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|letter| !letter.is_control()).take(KEPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_readable_characters_are_kept() {
        assert_eq!(readable(b"no\x1b[2J such\r\n thing"), "no[2J such thing");
        assert_eq!(readable("я".repeat(900).as_bytes()).chars().count(), KEPT);
        assert_eq!(readable(&[0xff, b'a']), "\u{fffd}a");
    }
}
