//! What the owner of an address does with it.

use std::convert::Infallible;

use chrono::TimeDelta;
use entity::enums::{WebhookEvent, WebhookKeyKind, WebhookState, WebhookStop};
use entity::ids::{ProviderId, WebhookEndpointId};
use entity::{webhook_endpoint, webhook_key};

use super::key::{self, Made};
use super::{Webhooks, store};
use crate::kernel::{Failure, Fault};
use crate::platform::outgoing::Unfit;

/// Addresses that a provider may have.
pub const MOST: u64 = 20;
/// Batches of old messages that are deleted in one go: the next run goes on.
const MOST_PURGES: u32 = 100;
/// Keys of one address that are good at once.
pub const MOST_KEYS: usize = 4;
/// Hours for which replaced keys may go on signing.
pub const OVERLAP_HOURS: std::ops::RangeInclusive<i64> = 0..=168;

#[derive(Clone, Debug)]
pub struct Wish {
    pub provider: ProviderId,
    pub url: String,
    /// Empty: all that there is.
    pub events: Vec<WebhookEvent>,
    pub key: WebhookKeyKind,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// The provider has no such address, or no such message.
    NotFound,
    Address(Unfit),
    TooMany,
    /// Nothing is sent to the address: it must be enabled first.
    Disabled,
    /// So many keys are good at once that another must expire first.
    TooManyKeys,
    /// The overlap is not in [`OVERLAP_HOURS`].
    Overlap,
}

/// The key is shown here, once.
#[derive(Clone, Debug)]
pub struct Added {
    pub endpoint: webhook_endpoint::Model,
    pub key: String,
}

/// An address with the keys that are good.
#[derive(Clone, Debug)]
pub struct Listed {
    pub endpoint: webhook_endpoint::Model,
    pub keys: Vec<webhook_key::Model>,
}

pub(super) type Result<T> = std::result::Result<T, Failure<WebhookRefusal>>;

impl Webhooks {
    pub async fn add(&self, wish: &Wish) -> Result<Added> {
        self.courier.check(&wish.url).map_err(|unfit| Failure::Refused(WebhookRefusal::Address(unfit)))?;
        let id = self.entropy.id(&self.clock)?;
        let chosen =
            super::event::CHOICE.into_iter().filter(|event| wish.events.is_empty() || wish.events.contains(event));
        let endpoint = &webhook_endpoint::Model {
            id,
            provider_id: wish.provider,
            url: wish.url.clone(),
            events: chosen.map(WebhookEvent::word).collect::<Vec<_>>().join(","),
            state: WebhookState::Active,
            stop: None,
            created_at: self.clock.now(),
            rests_until: None,
            took_at: None,
        };
        let made = &self.new_key(wish.key, id)?;
        let added = self.db.transaction(|tx| async move {
            // Of many at once each counts those before it.
            store::lock_provider_in(&tx, endpoint.provider_id).await?;
            if store::count_in(&tx, endpoint.provider_id).await? >= MOST {
                return Err(Failure::Refused(WebhookRefusal::TooMany));
            }
            store::insert_endpoint_in(&tx, endpoint.clone(), made.row.clone()).await?;
            Ok(())
        });
        added.await?;
        Ok(Added { endpoint: endpoint.clone(), key: made.shown.clone() })
    }

    fn new_key(&self, kind: WebhookKeyKind, endpoint: WebhookEndpointId) -> std::result::Result<Made, Fault> {
        key::make(kind, endpoint, (&self.seal, &self.clock, &self.entropy))
    }

    /// Of one provider or of all, the oldest first.
    pub async fn list(&self, provider: Option<ProviderId>) -> std::result::Result<Vec<Listed>, Fault> {
        let endpoints = store::list(self.db.read(), provider).await?;
        let ids: Vec<_> = endpoints.iter().map(|endpoint| endpoint.id).collect();
        let mut keys = store::list_keys(self.db.read(), &ids, self.clock.now()).await?;
        let listed = endpoints.into_iter().map(|endpoint| {
            let keys = keys.extract_if(.., |key| key.webhook_endpoint_id == endpoint.id).collect();
            Listed { endpoint, keys }
        });
        Ok(listed.collect())
    }

    pub async fn find(&self, id: WebhookEndpointId) -> std::result::Result<Option<webhook_endpoint::Model>, Fault> {
        store::find(self.db.read(), id).await
    }

    /// A new key, beside which those before it go on signing for so many hours. It is shown here, once.
    pub async fn rotate(
        &self,
        provider: Option<ProviderId>,
        id: WebhookEndpointId,
        kind: WebhookKeyKind,
        overlap_hours: i64,
    ) -> Result<Added> {
        if !OVERLAP_HOURS.contains(&overlap_hours) {
            return Err(Failure::Refused(WebhookRefusal::Overlap));
        }
        let now = self.clock.now();
        let (made, until) = (&self.new_key(kind, id)?, now + TimeDelta::hours(overlap_hours));
        let rotated = self.db.transaction(|tx| async move {
            let endpoint = owned(store::lock_in(&tx, id).await?, provider)?;
            let good = store::list_keys(&*tx, &[id], now).await?;
            let still = good.iter().filter(|key| key.expires_at.is_none_or(|at| at > now) && until > now);
            if still.count() >= MOST_KEYS {
                return Err(Failure::Refused(WebhookRefusal::TooManyKeys));
            }
            store::expire_keys_in(&tx, id, until).await?;
            store::insert_key_in(&tx, made.row.clone()).await?;
            Ok(endpoint)
        });
        Ok(Added { endpoint: rotated.await?, key: made.shown.clone() })
    }

    /// Nothing more is sent; what waits is dropped, and can be sent again later.
    pub async fn disable(
        &self,
        provider: Option<ProviderId>,
        id: WebhookEndpointId,
    ) -> Result<webhook_endpoint::Model> {
        let now = self.clock.now();
        let disabled = self.db.transaction(|tx| async move {
            let endpoint = owned(store::lock_in(&tx, id).await?, provider)?;
            if endpoint.state == WebhookState::Active {
                store::stop_in(&tx, id, WebhookStop::Owner, now).await?;
            }
            Ok(store::lock_in(&tx, id).await?.unwrap_or(endpoint))
        });
        disabled.await
    }

    /// From now on news is sent again. What was dropped stays so until it is sent again by itself.
    pub async fn enable(&self, provider: Option<ProviderId>, id: WebhookEndpointId) -> Result<webhook_endpoint::Model> {
        let now = self.clock.now();
        let enabled = self.db.transaction(|tx| async move {
            let endpoint = owned(store::lock_in(&tx, id).await?, provider)?;
            if endpoint.state == WebhookState::Disabled {
                store::start_in(&tx, id, now).await?;
            }
            Ok(store::lock_in(&tx, id).await?.unwrap_or(endpoint))
        });
        enabled.await
    }

    /// Deletes what has ended so long ago that nobody asks for it: messages, attempts, keys. How many messages.
    pub async fn purge(&self) -> std::result::Result<u64, Fault> {
        let now = self.clock.now();
        let before = now - self.config.webhooks.keep;
        let mut purged = 0;
        for _ in 0..MOST_PURGES {
            let batch = self.db.transaction(|tx| async move {
                store::purge_keys_in(&tx, now).await?;
                Ok::<_, Failure<Infallible>>(store::purge_messages_in(&tx, before).await?)
            });
            let batch = batch.await?;
            purged += batch;
            if batch < store::PURGED_AT_ONCE {
                break;
            }
        }
        Ok(purged)
    }
}

/// An operator may touch all, a provider its own. A stranger's reads as one that does not exist.
pub(super) fn owned(
    endpoint: Option<webhook_endpoint::Model>,
    provider: Option<ProviderId>,
) -> Result<webhook_endpoint::Model> {
    let own = endpoint.filter(|endpoint| provider.is_none_or(|provider| provider == endpoint.provider_id));
    own.ok_or(Failure::Refused(WebhookRefusal::NotFound))
}
