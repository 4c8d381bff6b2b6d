//! Messages to providers' servers. Each address has a task of its own, so that a slow one holds up no other.

use std::collections::HashMap;

use entity::ids::WebhookEndpointId;
use futures_util::future::join_all;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Worker;
use crate::kernel::Fault;

/// Addresses that are sent to at once.
const ADDRESSES: usize = 64;

#[derive(Default)]
struct Tasks {
    set: JoinSet<Result<usize, Fault>>,
    of: HashMap<Id, WebhookEndpointId>,
}

impl Worker {
    pub(super) async fn run_messages(&self, draining: CancellationToken) {
        let mut tasks = Tasks::default();
        while !draining.is_cancelled() {
            if let Err(fault) = self.begin_messages(&mut tasks).await {
                tracing::warn!(%fault, "the messages to providers' servers cannot be read");
            }
            tokio::select! {
                () = draining.cancelled() => {}
                () = self.webhooks.wait() => {}
                Some(ended) = tasks.set.join_next_with_id() => tasks.end(ended),
            }
        }
        // What was begun is recorded: a cut-off transaction may lose more than itself.
        while let Some(ended) = tasks.set.join_next_with_id().await {
            tasks.end(ended);
        }
    }

    /// A task for each address that has something due and no task yet.
    async fn begin_messages(&self, tasks: &mut Tasks) -> Result<(), Fault> {
        if tasks.of.len() >= ADDRESSES {
            return Ok(());
        }
        // As many more as there are tasks: theirs may be the first.
        let most = ADDRESSES + tasks.of.len();
        for endpoint in self.webhooks.due_endpoints(most as u64).await? {
            if tasks.of.len() >= ADDRESSES {
                break;
            }
            if tasks.of.values().any(|busy| *busy == endpoint) {
                continue;
            }
            let webhooks = self.webhooks.clone();
            let begun = tasks.set.spawn(async move { webhooks.deliver_due(endpoint).await });
            tasks.of.insert(begun.id(), endpoint);
        }
        Ok(())
    }

    /// Sends what is due once, and returns how many messages that were.
    pub(super) async fn run_due_messages(&self) -> Result<usize, Fault> {
        let endpoints = self.webhooks.due_endpoints(ADDRESSES as u64).await?;
        let sent = join_all(endpoints.into_iter().map(|endpoint| self.webhooks.deliver_due(endpoint))).await;
        sent.into_iter().sum()
    }
}

impl Tasks {
    fn end(&mut self, ended: Result<(Id, Result<usize, Fault>), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, result)) => {
                if let Err(fault) = result {
                    tracing::warn!(%fault, "messages to a provider's server were not sent; it is tried again");
                }
                id
            }
            Err(broken) => {
                tracing::error!(cause = %broken, "sending to a provider's server broke off; it is tried again");
                broken.id()
            }
        };
        self.of.remove(&id);
    }
}
