//! What providers' servers are told of.

mod owner;
mod safety;
mod sending;
mod trouble;

use std::collections::BTreeSet;

use entity::enums::{WebhookEvent, WebhookKeyKind};
use entity::ids::{ProviderId, WebhookEndpointId};
use kabinet::integrators::webhooks::{Added, Wish};

use crate::harness::{Customer, Received, Receiver, TestApp};
use crate::metering::provider_of;
use crate::payments::{custom, started};

/// The server as an address of the sample account's provider.
pub async fn add(app: &TestApp, server: &Receiver, events: &[WebhookEvent]) -> Added {
    add_for(app, provider_of(app, "debt").await, server, events).await
}

pub async fn add_for(app: &TestApp, provider: ProviderId, server: &Receiver, events: &[WebhookEvent]) -> Added {
    let wish = Wish { provider, url: server.url.clone(), events: events.to_vec(), key: WebhookKeyKind::Hmac };
    app.app.webhooks.add(&wish).await.expect("the address is taken")
}

/// Makes the balance of an account change, and sends what is due.
pub async fn pay(app: &TestApp, customer: &Customer, account: &str, sum: &str, key: &str) {
    let begun = started(customer, custom(account, sum, key)).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    app.discard_letters();
}

pub fn ids(received: &[Received]) -> BTreeSet<&str> {
    received.iter().map(Received::id).collect()
}

/// States of all messages to an address, newest first, with the number of attempts made.
pub async fn states(app: &TestApp, id: WebhookEndpointId) -> Vec<(&'static str, usize)> {
    let log = app.app.webhooks.log(None, id, 1000).await.unwrap();
    log.iter().map(|logged| (logged.message.state.word(), logged.attempts.len())).collect()
}
