//! Addresses added, keys replaced, messages sent again.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::enums::Locale;
use entity::webhook_endpoint;

use super::{Webhook, WebhookEvent, WebhookKeyKind, webhooks};
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::graphql::scalars::DateTime;
use crate::integrators::webhooks::event::CHOICE;
use crate::integrators::webhooks::{Added, WebhookRefusal, Wish};
use crate::kernel::Failure;

/// An address to add.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterWebhookInput {
    /// Where messages go: a public address that begins with https.
    pub url: String,
    /// What it is told of; empty: everything that can be chosen.
    #[graphql(default)]
    pub events: Vec<WebhookEvent>,
    /// How messages are signed.
    #[graphql(default)]
    pub key: WebhookKeyKind,
}

/// The address with its key.
#[derive(Default, SimpleObject)]
pub struct RegisterWebhookPayload {
    /// The address.
    pub webhook: Option<Webhook>,
    /// Its secret, `whsec_…`, or the public half of its pair, `whpk_…`. A secret is shown this once.
    pub key: Option<String>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which address gets a new key.
#[derive(Clone, Debug, InputObject)]
pub struct RotateWebhookKeyInput {
    /// Id of the address.
    pub id: ID,
    /// How messages are signed by the new key.
    #[graphql(default)]
    pub key: WebhookKeyKind,
    /// For which the keys before it sign beside it: 0 to 168.
    #[graphql(default = 24)]
    pub overlap_hours: i32,
}

/// The address with its new key.
#[derive(Default, SimpleObject)]
pub struct RotateWebhookKeyPayload {
    /// The address.
    pub webhook: Option<Webhook>,
    /// The new key, as it was shown when the address was added.
    pub key: Option<String>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which address.
#[derive(Clone, Debug, InputObject)]
pub struct DisableWebhookInput {
    /// Id of the address.
    pub id: ID,
}

/// The address, DISABLED.
#[derive(Default, SimpleObject)]
pub struct DisableWebhookPayload {
    /// The address.
    pub webhook: Option<Webhook>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which address.
#[derive(Clone, Debug, InputObject)]
pub struct EnableWebhookInput {
    /// Id of the address.
    pub id: ID,
}

/// The address, ACTIVE.
#[derive(Default, SimpleObject)]
pub struct EnableWebhookPayload {
    /// The address.
    pub webhook: Option<Webhook>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which address.
#[derive(Clone, Debug, InputObject)]
pub struct PingWebhookInput {
    /// Id of the address.
    pub id: ID,
}

/// The message is on its way.
#[derive(Default, SimpleObject)]
pub struct PingWebhookPayload {
    /// Id of the message, to be looked for in the log.
    pub message_id: Option<ID>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// What is sent again.
#[derive(Clone, Debug, InputObject)]
pub struct RedeliverWebhookMessagesInput {
    /// Id of the address.
    pub id: ID,
    /// One message; without it all that were given up since `since`.
    pub message_id: Option<ID>,
    /// Since when; without it all that are kept.
    pub since: Option<DateTime>,
}

/// Messages are on their way again.
#[derive(Default, SimpleObject)]
pub struct RedeliverWebhookMessagesPayload {
    /// How many.
    pub count: i32,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// For a provider's own program: adds an address at which the provider's server is told of changes.
    async fn register_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] input: RegisterWebhookInput,
    ) -> Result<RegisterWebhookPayload, TopError> {
        let wish = Wish {
            provider: ctx.client()?.provider_id,
            url: input.url,
            events: input.events.into_iter().map(Into::into).filter(|event| CHOICE.contains(event)).collect(),
            key: input.key.into(),
        };
        let added = ctx.services()?.webhooks.add(&wish).await;
        Ok(match settled(ctx, added)? {
            Ok(Added { endpoint, key }) => {
                RegisterWebhookPayload { webhook: find(ctx, endpoint).await?, key: Some(key), user_errors: Vec::new() }
            }
            Err(user_errors) => RegisterWebhookPayload { user_errors, ..Default::default() },
        })
    }

    /// For a provider's own program: gives an address a new key. Those before it sign beside it for a while.
    async fn rotate_webhook_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address, and how.")] input: RotateWebhookKeyInput,
    ) -> Result<RotateWebhookKeyPayload, TopError> {
        let (provider, webhooks) = (Some(ctx.client()?.provider_id), &ctx.services()?.webhooks);
        let rotated = match ids::decode(&input.id) {
            Some(id) => webhooks.rotate(provider, id, input.key.into(), input.overlap_hours.into()).await,
            None => Err(Failure::Refused(WebhookRefusal::NotFound)),
        };
        Ok(match settled(ctx, rotated)? {
            Ok(Added { endpoint, key }) => {
                RotateWebhookKeyPayload { webhook: find(ctx, endpoint).await?, key: Some(key), user_errors: Vec::new() }
            }
            Err(user_errors) => RotateWebhookKeyPayload { user_errors, ..Default::default() },
        })
    }

    /// For a provider's own program: sends an address nothing more, and drops what waits for it.
    async fn disable_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] input: DisableWebhookInput,
    ) -> Result<DisableWebhookPayload, TopError> {
        let (provider, webhooks) = (Some(ctx.client()?.provider_id), &ctx.services()?.webhooks);
        let disabled = match ids::decode(&input.id) {
            Some(id) => webhooks.disable(provider, id).await,
            None => Err(Failure::Refused(WebhookRefusal::NotFound)),
        };
        Ok(match settled(ctx, disabled)? {
            Ok(endpoint) => DisableWebhookPayload { webhook: find(ctx, endpoint).await?, user_errors: Vec::new() },
            Err(user_errors) => DisableWebhookPayload { user_errors, ..Default::default() },
        })
    }

    /// For a provider's own program: sends an address news again, from now on.
    async fn enable_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] input: EnableWebhookInput,
    ) -> Result<EnableWebhookPayload, TopError> {
        let (provider, webhooks) = (Some(ctx.client()?.provider_id), &ctx.services()?.webhooks);
        let enabled = match ids::decode(&input.id) {
            Some(id) => webhooks.enable(provider, id).await,
            None => Err(Failure::Refused(WebhookRefusal::NotFound)),
        };
        Ok(match settled(ctx, enabled)? {
            Ok(endpoint) => EnableWebhookPayload { webhook: find(ctx, endpoint).await?, user_errors: Vec::new() },
            Err(user_errors) => EnableWebhookPayload { user_errors, ..Default::default() },
        })
    }

    /// For a provider's own program: sends an address a message that tells nothing.
    async fn ping_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] input: PingWebhookInput,
    ) -> Result<PingWebhookPayload, TopError> {
        let (provider, webhooks) = (Some(ctx.client()?.provider_id), &ctx.services()?.webhooks);
        let pinged = match ids::decode(&input.id) {
            Some(id) => webhooks.ping(provider, id).await,
            None => Err(Failure::Refused(WebhookRefusal::NotFound)),
        };
        Ok(match settled(ctx, pinged)? {
            Ok(message) => PingWebhookPayload { message_id: Some(ids::encode(message.id)), user_errors: Vec::new() },
            Err(user_errors) => PingWebhookPayload { user_errors, ..Default::default() },
        })
    }

    /// For a provider's own program: sends messages again, one or those that an address has not taken, under the same ids.
    async fn redeliver_webhook_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: RedeliverWebhookMessagesInput,
    ) -> Result<RedeliverWebhookMessagesPayload, TopError> {
        let (provider, webhooks) = (Some(ctx.client()?.provider_id), &ctx.services()?.webhooks);
        let sent = match (ids::decode(&input.id), &input.message_id) {
            (None, _) => Err(Failure::Refused(WebhookRefusal::NotFound)),
            (Some(id), None) => {
                let since = input.since.map_or(chrono::DateTime::UNIX_EPOCH, |since| since.0);
                webhooks.redeliver_since(provider, id, since).await
            }
            (Some(_), Some(message)) => match ids::decode(message) {
                Some(message) => webhooks.redeliver(provider, message).await.map(|_| 1),
                None => Err(Failure::Refused(WebhookRefusal::NotFound)),
            },
        };
        Ok(match settled(ctx, sent)? {
            Ok(count) => RedeliverWebhookMessagesPayload {
                count: i32::try_from(count).unwrap_or(i32::MAX),
                user_errors: Vec::new(),
            },
            Err(user_errors) => RedeliverWebhookMessagesPayload { user_errors, ..Default::default() },
        })
    }
}

/// What was done, or refusals as a form shows them.
type Settled<T> = Result<Result<T, Vec<UserError>>, TopError>;

fn settled<T>(ctx: &Context<'_>, done: Result<T, Failure<WebhookRefusal>>) -> Settled<T> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Failure::Fault(fault)) => Err(fault.into()),
        Err(Failure::Refused(refusal)) => Ok(Err(vec![error(refusal, ctx.actor()?.locale)])),
    }
}

fn error(refusal: WebhookRefusal, locale: Locale) -> UserError {
    let (code, field) = match refusal {
        WebhookRefusal::NotFound => (ErrorCode::WebhookNotFound, path(["id"])),
        WebhookRefusal::Address(_) => (ErrorCode::WebhookUrlUnfit, path(["url"])),
        WebhookRefusal::TooMany => (ErrorCode::TooManyWebhooks, None),
        WebhookRefusal::Disabled => (ErrorCode::WebhookDisabled, path(["id"])),
        WebhookRefusal::TooManyKeys => (ErrorCode::TooManyWebhookKeys, path(["id"])),
        WebhookRefusal::Overlap => (ErrorCode::WebhookOverlapOutOfRange, path(["overlapHours"])),
    };
    UserError::basic(code, field, locale)
}

/// With the keys that it has by now.
async fn find(ctx: &Context<'_>, endpoint: webhook_endpoint::Model) -> Result<Option<Webhook>, TopError> {
    let all = webhooks(ctx, ctx.client()?).await?;
    Ok(all.into_iter().find(|webhook| webhook.endpoint.id == endpoint.id))
}
