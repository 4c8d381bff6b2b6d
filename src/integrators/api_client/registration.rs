//! What is done with clients: by an operator with all, by a program with the scope CLIENTS with those of its own
//! provider (ADR 0057).

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{ApiClientEventKind, ClientScope};
use entity::ids::{ApiClientId, ApiClientSecretId, ProviderId, TypedId};
use entity::{api_client, api_client_event, api_client_secret};

use super::error::{AddRefusal, ClientRefusal, RegisterRefusal};
use super::{ApiClients, LONGEST_NAME, NewSecret, SECRET_PREFIX, store};
use crate::kernel::{ApiClient, ClientScopes, Failure, Fault, type_id};
use crate::platform::db::Tx;
use crate::platform::idempotency::LONGEST_KEY;
use crate::platform::keyvalue::Key;
use crate::platform::wakeups::Wake;

/// Clients of one provider that are not revoked.
pub const MOST: u64 = 100;
/// For which a secret that is replaced may stay good.
pub const LONGEST_OVERLAP: TimeDelta = TimeDelta::hours(720);

/// Who does something with a client.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Any client of any provider.
    Operator,
    /// A program with the scope CLIENTS, which whoever calls has seen to: clients of its own provider.
    Program(&'a ApiClient),
}

/// A client that a program has registered.
#[derive(Clone, Debug)]
pub struct Registered {
    pub client: api_client::Model,
    /// Shown here, once. None: the key was used for this client before, and nothing was done now.
    pub secret: Option<String>,
}

type Result<T> = std::result::Result<T, Failure<ClientRefusal>>;
type Added<T> = std::result::Result<T, Failure<AddRefusal>>;

fn refuse<T>(refusal: ClientRefusal) -> Result<T> {
    Err(Failure::Refused(refusal))
}

impl ApiClients {
    /// By an operator, who gives any scope.
    pub async fn add(&self, provider_id: ProviderId, name: &str, scopes: ClientScopes) -> Added<NewSecret> {
        let client = &self.new_client(provider_id, name, scopes, None)?;
        let (secret, row) = self.new_secret(client.id)?;
        let row = &row;
        let added = self.db.transaction(|tx| async move {
            store::lock_provider_in(&tx, provider_id).await?;
            self.insert_in(&tx, By::Operator, client, row).await
        });
        added.await?;
        Ok(NewSecret { client: client.clone(), id: row.id, secret, old_ends_at: None })
    }

    /// By a program, for its provider, with any scope but CLIENTS. Once for each key: the same client under it again is
    /// the first one, whose secret is not shown any more.
    pub async fn register(
        &self,
        program: &ApiClient,
        name: &str,
        scopes: ClientScopes,
        key: &str,
    ) -> std::result::Result<Registered, Failure<RegisterRefusal>> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(Failure::Refused(RegisterRefusal::KeyMalformed));
        }
        if has_clients(scopes) {
            return Err(Failure::Refused(RegisterRefusal::ScopeReserved));
        }
        let provider = program.provider_id;
        let client = self.new_client(provider, name, scopes, Some(key.to_owned()));
        let client = &client.map_err(|failure| failure.map(RegisterRefusal::Add))?;
        let (secret, row) = self.new_secret(client.id)?;
        let row = &row;
        let registered = self.db.transaction(|tx| async move {
            // Of many with one key each finds those before it.
            store::lock_provider_in(&tx, provider).await?;
            store::lock_in(&tx, program.id).await?;
            if !self.is_still_good_in(&tx, program).await? {
                return Err(Failure::Refused(RegisterRefusal::Ended));
            }
            match store::find_by_key_in(&tx, provider, key).await? {
                Some(first) if (&first.name, &first.scopes) == (&client.name, &client.scopes) => Ok(Some(first)),
                Some(_) => Err(Failure::Refused(RegisterRefusal::KeyReused)),
                None => {
                    let inserted = self.insert_in(&tx, By::Program(program), client, row).await;
                    inserted.map(|()| None).map_err(|failure| failure.map(RegisterRefusal::Add))
                }
            }
        });
        Ok(match registered.await? {
            Some(first) => Registered { client: first, secret: None },
            None => Registered { client: client.clone(), secret: Some(secret) },
        })
    }

    /// Another secret; the one before it is good for so long yet, and with it the tokens that were got by it.
    pub async fn rotate(&self, by: By<'_>, id: ApiClientId, overlap: TimeDelta) -> Result<NewSecret> {
        if !(TimeDelta::zero()..=LONGEST_OVERLAP).contains(&overlap) {
            return refuse(ClientRefusal::Overlap);
        }
        let now = self.clock.now();
        let (secret, row) = self.new_secret(id)?;
        let (row, ends_at) = (&row, now + overlap);
        let rotated = self.db.transaction(|tx| async move {
            let client = self.reach_in(&tx, by, id).await?;
            // Whoever has an administrator's secret outlives its own end.
            if by.is_another(id) && has_clients(ClientScopes::of_words(&client.scopes)) {
                return refuse(ClientRefusal::Administrator);
            }
            let good = store::list_secrets_in(&tx, id, now).await?;
            if good.len() > 1 {
                return refuse(ClientRefusal::TwoSecrets);
            }
            for old in &good {
                // One that is ending already does not live longer for it.
                store::end_secret_in(&tx, old.id, old.ends_at.map_or(ends_at, |end| end.min(ends_at))).await?;
            }
            store::insert_secret_in(&tx, row.clone()).await?;
            let details = format!("{}, the one before it ends {}", type_id::encode(row.id), shown(ends_at));
            self.note_in(&tx, by, id, ApiClientEventKind::SecretRotated, &details).await?;
            Ok(client)
        });
        let client = rotated.await?;
        self.wake(id);
        Ok(NewSecret { client, id: row.id, secret, old_ends_at: Some(ends_at) })
    }

    /// Ends a secret, and what was got by it, at once.
    pub async fn revoke_secret(
        &self,
        by: By<'_>,
        id: ApiClientId,
        secret: ApiClientSecretId,
    ) -> Result<api_client::Model> {
        let now = self.clock.now();
        let revoked = self.db.transaction(|tx| async move {
            let client = self.reach_in(&tx, by, id).await?;
            if !store::list_secrets_in(&tx, id, now).await?.iter().any(|good| good.id == secret) {
                return refuse(ClientRefusal::SecretNotFound);
            }
            store::end_secret_in(&tx, secret, now).await?;
            self.note_in(&tx, by, id, ApiClientEventKind::SecretRevoked, &type_id::encode(secret)).await?;
            Ok(client)
        });
        let client = revoked.await?;
        self.wake(id);
        Ok(client)
    }

    /// Ends a client, its secrets and its tokens at once, and for ever.
    pub async fn revoke(&self, by: By<'_>, id: ApiClientId) -> Result<api_client::Model> {
        let now = self.clock.now();
        let revoked = self.db.transaction(|tx| async move {
            let client = self.reach_in(&tx, by, id).await?;
            for good in store::list_secrets_in(&tx, id, now).await? {
                store::end_secret_in(&tx, good.id, now).await?;
            }
            store::revoke_in(&tx, id, now).await?;
            self.note_in(&tx, by, id, ApiClientEventKind::Revoked, "").await?;
            Ok(api_client::Model { revoked_at: Some(now), ..client })
        });
        let client = revoked.await?;
        self.wake(id);
        Ok(client)
    }

    /// Under lock: of a secret's end and a token that is got by it one is first.
    pub(super) async fn lock_in(&self, tx: &Tx, id: ApiClientId) -> Result<api_client::Model> {
        let client = store::lock_in(tx, id).await?.filter(|client| client.revoked_at.is_none());
        client.ok_or(Failure::Refused(ClientRefusal::NotFound))
    }

    /// The same for whoever does something with it. To a program another provider's reads as one that does not exist.
    async fn reach_in(&self, tx: &Tx, by: By<'_>, id: ApiClientId) -> Result<api_client::Model> {
        let By::Program(program) = by else { return self.lock_in(tx, id).await };
        let own = store::lock_of_in(tx, program.provider_id, &[program.id, id]).await?;
        if !self.is_still_good_in(tx, program).await? {
            return refuse(ClientRefusal::Ended);
        }
        let client = own.into_iter().find(|client| client.id == id && client.revoked_at.is_none());
        client.ok_or(Failure::Refused(ClientRefusal::NotFound))
    }

    /// Under the program's lock: of its end and what it does to others one is first.
    async fn is_still_good_in(&self, tx: &Tx, program: &ApiClient) -> std::result::Result<bool, Fault> {
        store::has_token_in(tx, program.id, &program.session, self.clock.now()).await
    }

    fn new_client(
        &self,
        provider_id: ProviderId,
        name: &str,
        scopes: ClientScopes,
        registration_key: Option<String>,
    ) -> Added<api_client::Model> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(Failure::Refused(AddRefusal::Name));
        }
        if scopes.is_empty() {
            return Err(Failure::Refused(AddRefusal::NoScopes));
        }
        Ok(api_client::Model {
            id: self.entropy.id(&self.clock)?,
            provider_id,
            name: name.to_owned(),
            scopes: scopes.words(),
            created_at: self.clock.now(),
            token_at: None,
            revoked_at: None,
            registration_key,
        })
    }

    /// Under the provider's lock: of many at once each counts those before it.
    async fn insert_in(
        &self,
        tx: &Tx,
        by: By<'_>,
        client: &api_client::Model,
        secret: &api_client_secret::Model,
    ) -> Added<()> {
        if store::count_good_in(tx, client.provider_id).await? >= MOST {
            return Err(Failure::Refused(AddRefusal::TooMany));
        }
        store::insert_in(tx, client.clone()).await?;
        store::insert_secret_in(tx, secret.clone()).await?;
        self.note_in(tx, by, client.id, ApiClientEventKind::Added, &client.scopes).await?;
        Ok(())
    }

    fn new_secret(&self, id: ApiClientId) -> std::result::Result<(String, api_client_secret::Model), Fault> {
        let secret = format!("{SECRET_PREFIX}{}", self.entropy.token()?);
        let row = api_client_secret::Model {
            id: self.entropy.id(&self.clock)?,
            api_client_id: id,
            secret_hash: Key::of_secret(&secret).as_str().to_owned(),
            created_at: self.clock.now(),
            ends_at: None,
        };
        Ok((secret, row))
    }

    async fn note_in(
        &self,
        tx: &Tx,
        by: By<'_>,
        id: ApiClientId,
        kind: ApiClientEventKind,
        details: &str,
    ) -> std::result::Result<(), Fault> {
        let event = api_client_event::Model {
            id: self.entropy.id(&self.clock)?,
            api_client_id: id,
            occurred_at: self.clock.now(),
            kind,
            details: by.named_in(details),
        };
        store::insert_event_in(tx, event).await
    }

    /// Its connections look again whether their tokens are good.
    fn wake(&self, id: ApiClientId) {
        self.wakeups.wake(Wake::SessionsEnded(id.uuid()));
    }
}

impl By<'_> {
    /// Whether it is a program, and not the one that something is done with.
    fn is_another(self, id: ApiClientId) -> bool {
        matches!(self, Self::Program(program) if program.id != id)
    }

    fn named_in(self, details: &str) -> String {
        match self {
            Self::Operator => details.to_owned(),
            Self::Program(program) if details.is_empty() => format!("by {}", type_id::encode(program.id)),
            Self::Program(program) => format!("{details}, by {}", type_id::encode(program.id)),
        }
    }
}

fn has_clients(scopes: ClientScopes) -> bool {
    scopes.iter().any(|scope| scope == ClientScope::Clients)
}

fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
