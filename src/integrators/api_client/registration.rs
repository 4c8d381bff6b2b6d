//! What an operator does with clients.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::ApiClientEventKind;
use entity::ids::{ApiClientId, ApiClientSecretId, ProviderId, TypedId};
use entity::{api_client, api_client_event, api_client_secret};

use super::error::{AddRefusal, ClientRefusal};
use super::{ApiClients, LONGEST_NAME, NewSecret, SECRET_PREFIX, store};
use crate::kernel::{ClientScopes, Failure, Fault, type_id};
use crate::platform::db::Tx;
use crate::platform::keyvalue::Key;
use crate::platform::wakeups::Wake;

type Result<T> = std::result::Result<T, Failure<ClientRefusal>>;

fn refuse<T>(refusal: ClientRefusal) -> Result<T> {
    Err(Failure::Refused(refusal))
}

impl ApiClients {
    pub async fn add(
        &self,
        provider_id: ProviderId,
        name: &str,
        scopes: ClientScopes,
    ) -> std::result::Result<NewSecret, Failure<AddRefusal>> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(Failure::Refused(AddRefusal::Name));
        }
        if scopes.is_empty() {
            return Err(Failure::Refused(AddRefusal::NoScopes));
        }
        let client = &api_client::Model {
            id: self.entropy.id(&self.clock)?,
            provider_id,
            name: name.to_owned(),
            scopes: scopes.words(),
            created_at: self.clock.now(),
            token_at: None,
            revoked_at: None,
        };
        let (secret, row) = self.new_secret(client.id)?;
        let row = &row;
        let added = self.db.transaction(|tx| async move {
            store::insert_in(&tx, client.clone()).await?;
            store::insert_secret_in(&tx, row.clone()).await?;
            self.note_in(&tx, client.id, ApiClientEventKind::Added, &client.scopes).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        added.await.map_err(Fault::from)?;
        Ok(NewSecret { client: client.clone(), id: row.id, secret, old_ends_at: None })
    }

    /// Another secret; the one before it is good for so long yet, and with it the tokens that were got by it.
    pub async fn rotate(&self, id: ApiClientId, overlap: TimeDelta) -> Result<NewSecret> {
        let now = self.clock.now();
        let (secret, row) = self.new_secret(id)?;
        let (row, ends_at) = (&row, now + overlap);
        let rotated = self.db.transaction(|tx| async move {
            let client = self.lock_in(&tx, id).await?;
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
            self.note_in(&tx, id, ApiClientEventKind::SecretRotated, &details).await?;
            Ok(client)
        });
        let client = rotated.await?;
        self.wake(id);
        Ok(NewSecret { client, id: row.id, secret, old_ends_at: Some(ends_at) })
    }

    /// Ends a secret, and what was got by it, at once.
    pub async fn revoke_secret(&self, id: ApiClientId, secret: ApiClientSecretId) -> Result<()> {
        let now = self.clock.now();
        let revoked = self.db.transaction(|tx| async move {
            self.lock_in(&tx, id).await?;
            if !store::list_secrets_in(&tx, id, now).await?.iter().any(|good| good.id == secret) {
                return refuse(ClientRefusal::SecretNotFound);
            }
            store::end_secret_in(&tx, secret, now).await?;
            self.note_in(&tx, id, ApiClientEventKind::SecretRevoked, &type_id::encode(secret)).await?;
            Ok(())
        });
        revoked.await?;
        self.wake(id);
        Ok(())
    }

    /// Ends a client, its secrets and its tokens at once, and for ever.
    pub async fn revoke(&self, id: ApiClientId) -> Result<()> {
        let now = self.clock.now();
        let revoked = self.db.transaction(|tx| async move {
            self.lock_in(&tx, id).await?;
            for good in store::list_secrets_in(&tx, id, now).await? {
                store::end_secret_in(&tx, good.id, now).await?;
            }
            store::revoke_in(&tx, id, now).await?;
            self.note_in(&tx, id, ApiClientEventKind::Revoked, "").await?;
            Ok(())
        });
        revoked.await?;
        self.wake(id);
        Ok(())
    }

    /// Under lock: of a secret's end and a token that is got by it one is first.
    pub(super) async fn lock_in(&self, tx: &Tx, id: ApiClientId) -> Result<api_client::Model> {
        let client = store::lock_in(tx, id).await?.filter(|client| client.revoked_at.is_none());
        client.ok_or(Failure::Refused(ClientRefusal::NotFound))
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
        id: ApiClientId,
        kind: ApiClientEventKind,
        details: &str,
    ) -> std::result::Result<(), Fault> {
        let event = api_client_event::Model {
            id: self.entropy.id(&self.clock)?,
            api_client_id: id,
            occurred_at: self.clock.now(),
            kind,
            details: details.to_owned(),
        };
        store::insert_event_in(tx, event).await
    }

    /// Its connections look again whether their tokens are good.
    fn wake(&self, id: ApiClientId) {
        self.wakeups.wake(Wake::SessionsEnded(id.uuid()));
    }
}

fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
