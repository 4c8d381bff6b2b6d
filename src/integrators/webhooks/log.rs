//! Looking at what was sent, and sending it again.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::{WebhookEvent, WebhookState};
use entity::ids::{ProviderId, WebhookEndpointId, WebhookMessageId};
use entity::{webhook_attempt, webhook_endpoint, webhook_message};
use serde_json::json;

use super::endpoint::{Result, owned};
use super::event::body;
use super::{WebhookRefusal, Webhooks, store};
use crate::kernel::{Failure, Fault, type_id};

/// Messages that are sent again at once.
pub const MOST_AGAIN: u64 = 10_000;

/// A message with its attempts, oldest first.
#[derive(Clone, Debug)]
pub struct Logged {
    pub message: webhook_message::Model,
    pub attempts: Vec<webhook_attempt::Model>,
}

impl Webhooks {
    /// Messages to an address, newest first. Two statements.
    pub async fn log(&self, provider: Option<ProviderId>, id: WebhookEndpointId, most: u64) -> Result<Vec<Logged>> {
        owned(store::find(self.db.read(), id).await?, provider)?;
        let messages = store::list_messages(self.db.read(), id, most).await?;
        let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
        let mut attempts = store::list_attempts(self.db.read(), &ids).await?;
        let logged = messages.into_iter().map(|message| {
            let attempts = attempts.extract_if(.., |attempt| attempt.webhook_message_id == message.id).collect();
            Logged { message, attempts }
        });
        Ok(logged.collect())
    }

    /// A message that tells nothing, to see whether the address takes one. The worker sends it.
    pub async fn ping(&self, provider: Option<ProviderId>, id: WebhookEndpointId) -> Result<webhook_message::Model> {
        let (endpoint, message) = self.new_ping(provider, id).await?;
        self.insert(&endpoint, &message).await?;
        self.news.notify_one();
        Ok(message)
    }

    /// The same, sent by this process at once, with what came of it.
    pub async fn ping_now(
        &self,
        provider: Option<ProviderId>,
        id: WebhookEndpointId,
    ) -> Result<webhook_attempt::Model> {
        let (endpoint, mut message) = self.new_ping(provider, id).await?;
        // Leased from the start: no worker takes it.
        message.leased_until = Some(self.clock.now() + self.lease());
        message.attempts = 1;
        self.insert(&endpoint, &message).await?;
        Ok(self.deliver(&endpoint, &message).await?)
    }

    async fn new_ping(
        &self,
        provider: Option<ProviderId>,
        id: WebhookEndpointId,
    ) -> Result<(webhook_endpoint::Model, webhook_message::Model)> {
        let endpoint = active(owned(store::find(self.db.read(), id).await?, provider)?)?;
        let data = json!({ "webhookId": type_id::encode(id) });
        let payload = body(WebhookEvent::Ping, self.clock.now(), &data);
        let mut message = self.message(&endpoint, WebhookEvent::Ping, String::new(), payload)?;
        message.source = format!("ping/{}", message.id.0);
        Ok((endpoint, message))
    }

    async fn insert(
        &self,
        endpoint: &webhook_endpoint::Model,
        message: &webhook_message::Model,
    ) -> std::result::Result<(), Fault> {
        debug_assert_eq!(endpoint.id, message.webhook_endpoint_id);
        let inserted = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(store::insert_messages_in(&tx, std::slice::from_ref(message)).await?)
        });
        Ok(inserted.await?)
    }

    /// Sends a message again, under the same id, whatever became of it before.
    pub async fn redeliver(
        &self,
        provider: Option<ProviderId>,
        id: WebhookMessageId,
    ) -> Result<webhook_message::Model> {
        let now = self.clock.now();
        let sent = self.db.transaction(|tx| async move {
            let not_found = || Failure::Refused(WebhookRefusal::NotFound);
            let message = store::find_message(&*tx, id).await?.ok_or_else(not_found)?;
            active(owned(store::lock_in(&tx, message.webhook_endpoint_id).await?, provider)?)?;
            store::begin_anew_in(&tx, &[id], now).await?;
            Ok(store::find_message(&*tx, id).await?.unwrap_or(message))
        });
        let message = sent.await?;
        self.news.notify_one();
        Ok(message)
    }

    /// Sends again what an address has not taken since a moment, up to [`MOST_AGAIN`]; how many that are.
    pub async fn redeliver_since(
        &self,
        provider: Option<ProviderId>,
        id: WebhookEndpointId,
        since: DateTime<Utc>,
    ) -> Result<usize> {
        let now = self.clock.now();
        let sent = self.db.transaction(|tx| async move {
            active(owned(store::lock_in(&tx, id).await?, provider)?)?;
            let dropped = store::list_dropped_in(&tx, id, since, MOST_AGAIN).await?;
            store::begin_anew_in(&tx, &dropped, now).await?;
            Ok(dropped.len())
        });
        let count = sent.await?;
        self.news.notify_one();
        Ok(count)
    }
}

fn active(endpoint: webhook_endpoint::Model) -> Result<webhook_endpoint::Model> {
    match endpoint.state {
        WebhookState::Active => Ok(endpoint),
        WebhookState::Disabled => Err(Failure::Refused(WebhookRefusal::Disabled)),
    }
}
