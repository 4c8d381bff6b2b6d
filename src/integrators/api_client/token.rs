//! Tokens: got by a secret, good for an hour or so, looked at by whoever is asked with one.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::api_client_token;
use entity::enums::ClientScope;
use entity::ids::ApiClientId;

use super::error::TokenRefusal;
use super::{ApiClients, TOKEN_PREFIX, store};
use crate::kernel::{ApiClient, ClientScopes, Failure, Fault};
use crate::platform::keyvalue::Key;
use crate::platform::wakeups::Wake;

/// A token is shown here, once.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub token: String,
    pub scopes: ClientScopes,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// What a token that is good stands for.
#[derive(Clone, Debug)]
pub struct Good {
    pub client: ApiClient,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl ApiClients {
    /// A token for whoever has a secret of the client. `wanted` are scopes between spaces, by default all of the client's.
    pub async fn grant(
        &self,
        id: ApiClientId,
        secret: &str,
        wanted: Option<&str>,
    ) -> Result<NewToken, Failure<TokenRefusal>> {
        let unproved = || Failure::Refused(TokenRefusal::Unproved);
        // A stranger begins no transaction; under the lock it is looked at once more.
        if !self.is_proved(id, secret).await? {
            return Err(unproved());
        }
        let wanted = wanted.map(read);
        let token = format!("{TOKEN_PREFIX}{}", self.entropy.token()?);
        let (token_hash, secret_hash) = (Key::of_secret(&token), Key::of_secret(secret));
        let (token_hash, secret_hash, now) = (&token_hash, &secret_hash, self.clock.now());
        let granted = self.db.transaction(|tx| async move {
            let client = match self.lock_in(&tx, id).await {
                Ok(client) => client,
                Err(Failure::Refused(_)) => return Err(unproved()),
                Err(Failure::Fault(fault)) => return Err(fault.into()),
            };
            let good = store::list_secrets_in(&tx, id, now).await?;
            let found = good.into_iter().find(|good| good.secret_hash == secret_hash.as_str()).ok_or_else(unproved)?;
            let own = ClientScopes::of_words(&client.scopes);
            let scopes = wanted.unwrap_or(Ok(own)).map_err(Failure::Refused)?;
            if scopes.is_empty() || !own.lacking(scopes).is_empty() {
                return Err(Failure::Refused(TokenRefusal::Scope));
            }
            let life = now + self.token_life;
            let row = api_client_token::Model {
                token_hash: token_hash.as_str().to_owned(),
                api_client_id: id,
                secret_id: found.id,
                scopes: scopes.words(),
                issued_at: now,
                // It does not outlast its secret.
                expires_at: found.ends_at.map_or(life, |ends_at| life.min(ends_at)),
            };
            store::insert_token_in(&tx, row.clone()).await?;
            store::update_token_at_in(&tx, id, now).await?;
            Ok((scopes, row))
        });
        let (scopes, row) = granted.await?;
        Ok(NewToken { token, scopes, issued_at: row.issued_at, expires_at: row.expires_at })
    }

    /// Whether it is the client's secret: for what a client asks about its tokens.
    pub async fn is_proved(&self, id: ApiClientId, secret: &str) -> Result<bool, Fault> {
        store::has_secret(self.db.read(), id, Key::of_secret(secret).as_str(), self.clock.now()).await
    }

    /// Whose a token is, and for how long. One statement.
    pub async fn find(&self, token: &str) -> Result<Option<Good>, Fault> {
        if !token.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let hash = Key::of_secret(token);
        let Some((row, client)) = store::find_token(self.db.read(), hash.as_str(), self.clock.now()).await? else {
            return Ok(None);
        };
        let client = ApiClient {
            id: client.id,
            provider_id: client.provider_id,
            name: client.name,
            session: row.token_hash,
            scopes: ClientScopes::of_words(&row.scopes),
        };
        Ok(Some(Good { client, issued_at: row.issued_at, expires_at: row.expires_at }))
    }

    /// Ends a token of the client's, with what is open by it; any other text is none.
    pub async fn revoke_token(&self, id: ApiClientId, token: &str) -> Result<(), Fault> {
        let hash = Key::of_secret(token);
        let of_token = &hash;
        let revoked = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(store::delete_token_in(&tx, id, of_token.as_str()).await?)
        });
        if revoked.await.map_err(Fault::from)? {
            self.wakeups.wake(Wake::SessionEnded(hash.as_str().to_owned()));
        }
        Ok(())
    }
}

fn read(words: &str) -> Result<ClientScopes, TokenRefusal> {
    let scopes = words.split(' ').filter(|word| !word.is_empty()).map(ClientScope::from_word);
    scopes.collect::<Option<_>>().ok_or(TokenRefusal::Scope)
}
