//! Providers' own programs: registered by an operator, or by a program that an operator lets (ADR 0057); proved by a
//! secret, let in by a short-lived token (ADR 0046).
//!
//! Promises: secrets and tokens are shown once and kept as hashes; what was revoked opens nothing from that moment on, and
//! a token outlasts neither its client nor its secret; everything that is done to a client is written down. Refuses to
//! know: what a program may ask (`graphql/document/scopes.txt`). Tables: `api_clients`, `api_client_secrets`,
//! `api_client_tokens`, `api_client_events`. GraphQL: `graphql/api_client.rs`, `graphql/clients.rs`. Tests:
//! `tests/it/integrators/`.

pub mod error;
mod looks;
pub mod registration;
mod store;
pub mod token;

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::ids::{ApiClientId, ApiClientSecretId, ProviderId};
use entity::{api_client, api_client_event, api_client_secret};

use self::looks::Looks;
use crate::kernel::{Clock, Entropy, Failure, Fault};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::wakeups::Wakeups;

/// What a secret begins with: whoever finds one in a log or a repository sees what it is.
pub const SECRET_PREFIX: &str = "csec_";
/// What a token begins with.
pub const TOKEN_PREFIX: &str = "ctok_";
/// Characters of a name.
pub const LONGEST_NAME: usize = 100;

#[derive(Debug)]
pub struct ApiClients {
    db: Db,
    wakeups: Wakeups,
    clock: Clock,
    entropy: Entropy,
    token_life: TimeDelta,
    looks: Looks,
}

/// A secret is shown here, once.
#[derive(Clone, Debug)]
pub struct NewSecret {
    pub client: api_client::Model,
    pub id: ApiClientSecretId,
    pub secret: String,
    /// When the secret before it ends; none for the first.
    pub old_ends_at: Option<DateTime<Utc>>,
}

/// A client with its secrets that still open something, oldest first.
#[derive(Clone, Debug)]
pub struct Listed {
    pub client: api_client::Model,
    pub secrets: Vec<api_client_secret::Model>,
}

impl ApiClients {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, wakeups, clock, entropy, config, .. } = mechanisms.clone();
        Self { db, wakeups, clock, entropy, token_life: config.api_clients.token_life, looks: Looks::default() }
    }

    /// Every client, oldest first; those that were revoked only when asked for.
    pub async fn list(&self, revoked_too: bool) -> Result<Vec<Listed>, Fault> {
        self.with_secrets(store::list(self.db.read(), revoked_too).await?).await
    }

    /// A provider's clients, oldest first; of those that were revoked the last [`registration::MOST`], when asked for.
    pub async fn list_of(&self, provider: ProviderId, revoked_too: bool) -> Result<Vec<Listed>, Fault> {
        let mut clients = store::list_good(self.db.read(), provider).await?;
        if revoked_too {
            clients.extend(store::list_revoked(self.db.read(), provider, registration::MOST).await?);
            clients.sort_by_key(|client| client.id);
        }
        self.with_secrets(clients).await
    }

    /// Clients as they were read, each with its secrets.
    pub async fn with_secrets(&self, clients: Vec<api_client::Model>) -> Result<Vec<Listed>, Fault> {
        let ids: Vec<_> = clients.iter().map(|client| client.id).collect();
        let mut secrets = store::list_secrets(self.db.read(), &ids, self.clock.now()).await?;
        let with_secrets = clients.into_iter().map(|client| {
            let own = secrets.extract_if(.., |secret| secret.api_client_id == client.id).collect();
            Listed { client, secrets: own }
        });
        Ok(with_secrets.collect())
    }

    /// What was done to a client, oldest first.
    pub async fn events(&self, id: ApiClientId) -> Result<Vec<api_client_event::Model>, Fault> {
        store::list_events(self.db.read(), id).await
    }

    /// Deletes tokens that open nothing any more.
    pub async fn purge_tokens(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let purged = self.db.transaction(|tx| async move {
            store::delete_expired_in(&tx, now).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(purged.await?)
    }
}
