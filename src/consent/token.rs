//! Codes and tokens of apps: got by the person's leave, looked at by whoever is asked with one.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::GrantTokenKind;
use entity::ids::{AppId, UserId};
use entity::{app, client_grant, client_grant_token};

use super::error::TokenRefusal;
use super::request::scopes_of;
use super::{ACCESS_PREFIX, Consents, REFRESH_PREFIX, pkce, store};
use crate::identity::audit::Origin;
use crate::kernel::{Failure, Fault, Limits, Person, Scopes, Since};
use crate::platform::db::Tx;
use crate::platform::keyvalue::Key;
use crate::platform::wakeups::Wake;

/// A refresh token that nobody uses ends (RFC 9700, section 4.14.2).
const REFRESH_LIFE: TimeDelta = TimeDelta::days(90);
/// A use is written down when the last one is older.
const USED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Which app asks, by what it says of itself, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub app: AppId,
    /// Empty of a public app.
    pub secret: &'a str,
    pub address: IpAddr,
}

/// Shown here, once.
#[derive(Clone, Debug)]
pub struct NewTokens {
    pub access: String,
    pub refresh: String,
    pub scopes: Scopes,
    pub issued_at: DateTime<Utc>,
    /// Of the access token.
    pub expires_at: DateTime<Utc>,
}

/// What a token that is good stands for.
#[derive(Clone, Debug)]
pub struct Good {
    pub app: AppId,
    pub user_id: UserId,
    pub scopes: Scopes,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

type Result<T> = std::result::Result<T, Failure<TokenRefusal>>;

fn refuse<T>(refusal: TokenRefusal) -> Result<T> {
    Err(Failure::Refused(refusal))
}

/// What becomes of a secret that is used once.
enum Used {
    /// The first time: its grant, and what it was good for.
    First(Box<client_grant::Model>, Scopes),
    /// Somebody else has it: its grant has ended.
    Again(UserId),
    /// Not good, or not for this.
    Not(TokenRefusal),
}

impl Consents {
    /// Tokens for a code (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
    pub async fn exchange(
        &self,
        claim: Claim<'_>,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<NewTokens> {
        let is_for_this = |row: &client_grant_token::Model| {
            let is_proof = row.challenge.as_deref().is_some_and(|challenge| pkce::verifies(verifier, challenge));
            if row.redirect_uri.as_deref() == Some(redirect_uri) && is_proof {
                Ok(Scopes::of_words(&row.scopes))
            } else {
                Err(TokenRefusal::Invalid)
            }
        };
        self.trade(claim, GrantTokenKind::Code, code, &is_for_this).await
    }

    /// Other tokens for a refresh token, which is good for nothing afterwards (RFC 6749, section 6; RFC 9700, section 4.14.2).
    pub async fn refresh(&self, claim: Claim<'_>, token: &str, wanted: Option<&str>) -> Result<NewTokens> {
        let wanted = wanted.map(scopes_of);
        let is_for_this = |row: &client_grant_token::Model| {
            let own = Scopes::of_words(&row.scopes);
            let scopes = wanted.unwrap_or(Some(own)).ok_or(TokenRefusal::Scope)?;
            if scopes.is_empty() || !own.lacking(scopes).is_empty() { Err(TokenRefusal::Scope) } else { Ok(scopes) }
        };
        self.trade(claim, GrantTokenKind::Refresh, token, &is_for_this).await
    }

    async fn trade(
        &self,
        claim: Claim<'_>,
        kind: GrantTokenKind,
        secret: &str,
        is_for_this: &(dyn Fn(&client_grant_token::Model) -> std::result::Result<Scopes, TokenRefusal> + Sync),
    ) -> Result<NewTokens> {
        // A stranger begins no transaction.
        let Some(app) = self.proved_app(claim.app, claim.secret).await? else { return refuse(TokenRefusal::Unproved) };
        let (access, refresh) = (self.entropy.token()?, self.entropy.token()?);
        let (access, refresh) = (format!("{ACCESS_PREFIX}{access}"), format!("{REFRESH_PREFIX}{refresh}"));
        let (app, hash, made) = (&app, &Key::of_secret(secret), (&Key::of_secret(&access), &Key::of_secret(&refresh)));
        let used = self.db.transaction(|tx| async move {
            let used = self.use_in(&tx, (app, claim.address), kind, hash, is_for_this).await?;
            if let Used::First(grant, scopes) = &used {
                self.issue_in(&tx, grant, *scopes, made).await?;
            }
            Ok::<_, Failure<TokenRefusal>>(used)
        });
        match used.await? {
            Used::First(grant, scopes) => {
                let issued_at = self.clock.now();
                let expires_at = grant.expires_at.min(issued_at + self.token_life);
                Ok(NewTokens { access, refresh, scopes, issued_at, expires_at })
            }
            Used::Again(user_id) => {
                self.wake(user_id);
                refuse(TokenRefusal::Invalid)
            }
            Used::Not(refusal) => refuse(refusal),
        }
    }

    async fn use_in(
        &self,
        tx: &Tx,
        (app, address): (&app::Model, IpAddr),
        kind: GrantTokenKind,
        hash: &Key,
        is_for_this: &(dyn Fn(&client_grant_token::Model) -> std::result::Result<Scopes, TokenRefusal> + Sync),
    ) -> std::result::Result<Used, Fault> {
        let invalid = Ok(Used::Not(TokenRefusal::Invalid));
        // The grant first, as a revocation locks it; under the lock the secret is read.
        let Some(grant_id) = store::grant_of_token(tx, hash.as_str(), kind).await? else { return invalid };
        let Some(grant) = store::lock_grant_in(tx, grant_id).await? else { return invalid };
        let Some(row) = store::find_token_in(tx, hash.as_str()).await? else { return invalid };
        let now = self.clock.now();
        if grant.app_id != app.id || grant.revoked_at.is_some() || grant.expires_at <= now {
            return invalid;
        }
        if row.spent_at.is_some() {
            tracing::warn!(grant = %grant.id.0, ?kind, %address, "a secret of an app was used twice: its grant ends");
            self.revoke_in(tx, &grant, &Origin::from(address), "reuse").await?;
            return Ok(Used::Again(grant.user_id));
        }
        if row.expires_at <= now {
            return invalid;
        }
        let scopes = match is_for_this(&row) {
            Ok(scopes) => scopes,
            Err(refusal) => return Ok(Used::Not(refusal)),
        };
        store::spend_token_in(tx, hash.as_str(), now).await?;
        Ok(Used::First(Box::new(grant), scopes))
    }

    /// The refresh token keeps what was granted, whatever the access token is for.
    async fn issue_in(
        &self,
        tx: &Tx,
        grant: &client_grant::Model,
        scopes: Scopes,
        (access, refresh): (&Key, &Key),
    ) -> std::result::Result<(), Fault> {
        let now = self.clock.now();
        let token = |hash: &Key, kind, scopes: String, life| client_grant_token::Model {
            token_hash: hash.as_str().to_owned(),
            client_grant_id: grant.id,
            kind,
            scopes,
            issued_at: now,
            expires_at: grant.expires_at.min(now + life),
            spent_at: None,
            redirect_uri: None,
            challenge: None,
        };
        store::insert_token_in(tx, token(access, GrantTokenKind::Access, scopes.words(), self.token_life)).await?;
        store::insert_token_in(tx, token(refresh, GrantTokenKind::Refresh, grant.scopes.clone(), REFRESH_LIFE)).await
    }

    /// Whom a token lets act, and how far. Two statements.
    pub async fn find(&self, token: &str) -> std::result::Result<Option<Person>, Fault> {
        if !token.starts_with(ACCESS_PREFIX) {
            return Ok(None);
        }
        let (hash, now) = (Key::of_secret(token), self.clock.now());
        let found = store::find_good(self.db.read(), hash.as_str(), now).await?;
        let Some((row, grant)) = found.filter(|(row, _)| row.kind == GrantTokenKind::Access) else { return Ok(None) };
        let accounts = store::list_accounts(self.db.read(), &[grant.id]).await?;
        let accounts = accounts.into_iter().map(|(_, account)| account).collect();
        self.note_use(&grant).await;
        Ok(Some(Person {
            user_id: grant.user_id,
            session: row.token_hash,
            confirmed: true,
            scopes: Some(Scopes::of_words(&row.scopes)),
            limits: Some(Arc::new(Limits { grant: grant.id, accounts, since: Since(grant.data_from) })),
        }))
    }

    async fn note_use(&self, grant: &client_grant::Model) {
        let (id, now) = (grant.id, self.clock.now());
        if grant.used_at.is_some_and(|used| now - used < USED_EVERY) {
            return;
        }
        let used = self.db.transaction(|tx| async move {
            Ok::<_, Failure<std::convert::Infallible>>(store::update_used_in(&tx, id, now).await?)
        });
        // A use that cannot be written down is one all the same.
        if let Err(fault) = used.await.map_err(Fault::from) {
            tracing::debug!(%fault, "the use of a grant was not written down");
        }
    }

    /// What a token of the same app is good for, an access token or a refresh token.
    pub async fn introspect(&self, claim: Claim<'_>, token: &str) -> Result<Option<Good>> {
        let app = self.proved_app(claim.app, claim.secret).await?;
        // Whoever knows a public app's name could ask (RFC 7662, section 2.1).
        let Some(app) = app.filter(|app| !app.public) else { return refuse(TokenRefusal::Unproved) };
        let found = store::find_good(self.db.read(), Key::of_secret(token).as_str(), self.clock.now()).await?;
        let own = found.filter(|(row, grant)| grant.app_id == app.id && row.kind != GrantTokenKind::Code);
        Ok(own.map(|(row, grant)| Good {
            app: app.id,
            user_id: grant.user_id,
            scopes: Scopes::of_words(&row.scopes),
            issued_at: row.issued_at,
            expires_at: row.expires_at,
        }))
    }

    /// Ends an access token of the app's, or with a refresh token all that it was granted (RFC 7009, section 2.1). Any other
    /// text is none.
    pub async fn revoke_token(&self, claim: Claim<'_>, token: &str) -> Result<()> {
        let Some(app) = self.proved_app(claim.app, claim.secret).await? else { return refuse(TokenRefusal::Unproved) };
        let (hash, app_id, origin) = (&Key::of_secret(token), app.id, &Origin::from(claim.address));
        let ended = self.db.transaction(|tx| async move {
            let Some(row) = store::find_token_in(&tx, hash.as_str()).await? else { return Ok(None) };
            let grant = store::lock_grant_in(&tx, row.client_grant_id).await?;
            let Some(grant) = grant.filter(|grant| grant.app_id == app_id && grant.revoked_at.is_none()) else {
                return Ok(None);
            };
            match row.kind {
                GrantTokenKind::Access => store::delete_token_in(&tx, hash.as_str()).await?,
                GrantTokenKind::Refresh => self.revoke_in(&tx, &grant, origin, "app").await?,
                GrantTokenKind::Code => return Ok(None),
            }
            Ok::<_, Failure<TokenRefusal>>(Some((row.kind, grant.user_id)))
        });
        match ended.await? {
            Some((GrantTokenKind::Access, _)) => self.wakeups.wake(Wake::SessionEnded(hash.as_str().to_owned())),
            Some((_, user_id)) => self.wake(user_id),
            None => {}
        }
        Ok(())
    }
}
