//! What providers' servers are told of, by the Standard Webhooks convention (standardwebhooks.com, 1.0.0).
//!
//! Promises: news that was committed comes at least once to every address that wants it, signed, for up to three days; what an
//! address does holds up no other. Messages hold ids and words, never what ids stand for, so nothing of a person stays in them.
//! Refuses to know: why something has changed. Jobs: `event`. Tables: `webhook_endpoints`, `webhook_keys`, `webhook_messages`,
//! `webhook_attempts`. Tests: `tests/it/webhooks/`.

pub mod endpoint;
pub mod event;
pub mod key;
pub mod log;
mod news;
mod outcome;
pub mod pauses;
pub mod sending;
mod store;

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Notify;

use crate::config::Config;
use crate::kernel::{Clock, Entropy, Fault};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;
use crate::platform::outgoing::Courier;
use crate::platform::seal::Seal;
use crate::platform::secret::SigningKey;

pub use endpoint::{Added, WebhookRefusal, Wish};

#[derive(Debug)]
pub struct Webhooks {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    outbox: Outbox,
    courier: Courier,
    seal: Seal,
    config: Arc<Config>,
    /// Something may be due.
    news: Notify,
}

impl Webhooks {
    /// # Errors
    /// No key can be derived.
    pub fn new(mechanisms: &Mechanisms, signing_key: &SigningKey) -> Result<Self, Fault> {
        let Mechanisms { db, clock, entropy, outbox, config, .. } = mechanisms.clone();
        Ok(Self {
            db,
            clock,
            entropy,
            outbox,
            courier: Courier::new(config.webhooks.private_addresses),
            seal: Seal::new(&signing_key.derive("webhooks")?),
            config,
            news: Notify::new(),
        })
    }

    /// How long a message belongs to who sends it: longer than any attempt.
    fn lease(&self) -> TimeDelta {
        TimeDelta::from_std(self.config.webhooks.timeout).unwrap_or_default() + TimeDelta::seconds(30)
    }

    /// Returns when a message was made here, or after the worker's pause.
    pub async fn wait(&self) {
        tokio::select! {
            () = self.news.notified() => {}
            () = tokio::time::sleep(self.config.worker.poll) => {}
        }
    }
}
