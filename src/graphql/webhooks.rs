//! Addresses at which a provider's server is told of changes, for the provider's own program.

mod acts;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::{webhook_attempt, webhook_endpoint, webhook_message};

pub use acts::WebhookMutation;

use super::context::Find;
use super::error::TopError;
use super::ids;
use super::scalars::DateTime;
use crate::integrators::webhooks::endpoint::Listed;
use crate::integrators::webhooks::log::Logged;
use crate::kernel::{ApiClient, Failure};

/// Messages of a log at once.
const LOGGED: i32 = 100;

/// What a provider's server can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::WebhookEvent")]
pub enum WebhookEvent {
    /// `balance.changed`: the ledger of an account has grown.
    BalanceChanged,
    /// `reading.status_changed`: a reading was sent, or moved on.
    ReadingStatusChanged,
    /// `payment.status_changed`: money has come or gone back.
    PaymentStatusChanged,
    /// `webhook.ping`: asked for by `pingWebhook`; it cannot be chosen.
    Ping,
}

/// Whether messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::WebhookState")]
pub enum WebhookState {
    /// They are.
    Active,
    /// They are not.
    Disabled,
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::WebhookStop")]
pub enum WebhookStop {
    /// Somebody disabled it.
    Owner,
    /// It answered 410.
    Gone,
    /// A message could not be delivered in three days, and no other was taken.
    Exhausted,
    /// None of its keys can be opened here any more: give it a new one, enable it, and send again what was dropped.
    Key,
}

/// How messages are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::WebhookKeyKind")]
pub enum WebhookKeyKind {
    /// HMAC-SHA-256 with a shared secret: `v1`.
    #[default]
    Hmac,
    /// A pair, of which the public half is shown: `v1a`.
    #[graphql(name = "ED25519")]
    Ed25519,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::WebhookMessageState")]
pub enum WebhookMessageState {
    /// It waits for an attempt.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up; it can be sent again.
    Dropped,
}

/// A key that messages are signed with.
#[derive(Clone, Debug, SimpleObject)]
pub struct WebhookKey {
    /// How it signs.
    pub kind: WebhookKeyKind,
    /// The public half of a pair, `whpk_…`; null for a secret, which was shown once.
    pub public_key: Option<String>,
    /// When it was made.
    pub created_at: DateTime,
    /// When it stops signing; null: not before it is replaced.
    pub expires_at: Option<DateTime>,
}

/// One try to deliver a message.
#[derive(Clone, Debug, SimpleObject)]
pub struct WebhookAttempt {
    /// When it was made.
    pub made_at: DateTime,
    /// The answer's HTTP status; null: there was none.
    pub status: Option<i32>,
    /// How long it took.
    pub milliseconds: i32,
    /// The answer's first 500 characters, or why there was none.
    pub answer: String,
}

impl From<webhook_attempt::Model> for WebhookAttempt {
    fn from(row: webhook_attempt::Model) -> Self {
        let webhook_attempt::Model { made_at, status, milliseconds, answer, .. } = row;
        Self { made_at: DateTime(made_at), status: status.map(Into::into), milliseconds, answer }
    }
}

/// News for one address.
#[derive(Clone, Debug, SimpleObject)]
pub struct WebhookMessage {
    /// The header `webhook-id` of each attempt: TypeID with the prefix `msg`.
    pub id: ID,
    /// What it tells of.
    pub event: WebhookEvent,
    /// The body, byte for byte.
    pub payload: String,
    /// How far it has come.
    pub state: WebhookMessageState,
    /// When it was made.
    pub created_at: DateTime,
    /// Of a message that waits: when it is tried.
    pub due_at: Option<DateTime>,
    /// Every attempt, oldest first.
    pub attempts: Vec<WebhookAttempt>,
}

impl From<Logged> for WebhookMessage {
    fn from(Logged { message, attempts }: Logged) -> Self {
        let pending = message.state == entity::enums::WebhookMessageState::Pending;
        let webhook_message::Model { id, event, payload, state, created_at, due_at, .. } = message;
        Self {
            id: ids::encode(id),
            event: event.into(),
            payload,
            state: state.into(),
            created_at: DateTime(created_at),
            due_at: pending.then_some(DateTime(due_at)),
            attempts: attempts.into_iter().map(Into::into).collect(),
        }
    }
}

/// An address at which a provider's server is told of changes.
#[derive(Clone, Debug)]
pub struct Webhook {
    endpoint: webhook_endpoint::Model,
    keys: Vec<WebhookKey>,
}

impl From<Listed> for Webhook {
    fn from(Listed { endpoint, keys }: Listed) -> Self {
        let key = |key: entity::webhook_key::Model| WebhookKey {
            kind: key.kind.into(),
            public_key: key.public_key,
            created_at: DateTime(key.created_at),
            expires_at: key.expires_at.map(DateTime),
        };
        Self { endpoint, keys: keys.into_iter().map(key).collect() }
    }
}

/// An address at which a provider's server is told of changes.
#[Object]
impl Webhook {
    /// TypeID with the prefix `webhook`.
    async fn id(&self) -> ID {
        ids::encode(self.endpoint.id)
    }

    /// Where messages go.
    async fn url(&self) -> &str {
        &self.endpoint.url
    }

    /// What it is told of.
    async fn events(&self) -> Vec<WebhookEvent> {
        entity::enums::WebhookEvent::list(&self.endpoint.events).into_iter().map(Into::into).collect()
    }

    /// Whether messages are sent.
    async fn state(&self) -> WebhookState {
        self.endpoint.state.into()
    }

    /// Why nothing is sent; null while it is ACTIVE.
    async fn stop(&self) -> Option<WebhookStop> {
        self.endpoint.stop.map(Into::into)
    }

    /// When it last took a message.
    async fn took_at(&self) -> Option<DateTime> {
        self.endpoint.took_at.map(DateTime)
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime {
        DateTime(self.endpoint.created_at)
    }

    /// Keys that sign, the newest first.
    async fn keys(&self) -> &[WebhookKey] {
        &self.keys
    }
}

/// The addresses of the program's provider, the oldest first.
pub async fn webhooks(ctx: &Context<'_>, client: &ApiClient) -> Result<Vec<Webhook>, TopError> {
    let listed = ctx.services()?.webhooks.list(Some(client.provider_id)).await?;
    Ok(listed.into_iter().map(Into::into).collect())
}

/// The newest messages to one of them, newest first, with their attempts.
pub async fn messages(
    ctx: &Context<'_>,
    client: &ApiClient,
    webhook: &ID,
    first: i32,
) -> Result<Option<Vec<WebhookMessage>>, TopError> {
    let most = u64::try_from(first).ok().filter(|_| (1..=LOGGED).contains(&first));
    let most = most.ok_or_else(|| TopError::BadInput(format!("A log has 1 to {LOGGED} messages.")))?;
    let Some(id) = ids::decode(webhook) else { return Ok(None) };
    match ctx.services()?.webhooks.log(Some(client.provider_id), id, most).await {
        Ok(log) => Ok(Some(log.into_iter().map(Into::into).collect())),
        Err(Failure::Refused(_)) => Ok(None),
        Err(Failure::Fault(fault)) => Err(fault.into()),
    }
}
