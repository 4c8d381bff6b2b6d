//! Tokens of a person's own scripts: named, for some purposes only, shown once, until a date.

mod store;

use std::convert::Infallible;

use chrono::TimeDelta;
use entity::access_token;
use entity::enums::AuditEventKind;
use entity::ids::{AccessTokenId, UserId};

use super::Identity;
use super::audit::Act;
use super::error::AccessTokenRefusal;
use super::event::SendAccessTokenCreated;
use super::step_up::StepUp;
use crate::kernel::{Actor, Failure, Fault, Person, Scopes};
use crate::platform::db::Tx;
use crate::platform::keyvalue::Key;
use crate::platform::wakeups::Wake;

/// What a token begins with: whoever finds one in a log or a repository sees what it is.
pub const TOKEN_PREFIX: &str = "token_";
/// Characters of a name.
pub const LONGEST_NAME: usize = 100;
/// Days for which a token may be good.
pub const DAYS: std::ops::RangeInclusive<i64> = 1..=366;
/// Tokens that a person may have at once.
pub const MOST: u64 = 20;
/// A use is written down when the last one is older.
const USED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What is asked for.
#[derive(Clone)]
pub struct Wish {
    pub name: String,
    pub scopes: Scopes,
    pub days: i64,
}

/// The token is shown here, once.
#[derive(Clone)]
pub struct Created {
    pub token: String,
    pub row: access_token::Model,
}

impl Identity {
    pub async fn create_access_token(
        &self,
        actor: &Actor,
        person: &Person,
        wish: Wish,
        step_up: &StepUp,
    ) -> Result<Created, Failure<AccessTokenRefusal>> {
        let refused = |refusal| Err(Failure::Refused(refusal));
        if !person.confirmed {
            return refused(AccessTokenRefusal::NotConfirmed);
        }
        let name = wish.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return refused(AccessTokenRefusal::Name);
        }
        if wish.scopes.is_empty() {
            return refused(AccessTokenRefusal::NoScopes);
        }
        if !DAYS.contains(&wish.days) {
            return refused(AccessTokenRefusal::Days);
        }
        // A full list is told before a code of the second factor is spent.
        if store::count(self.db.read(), person.user_id, self.clock.now()).await? >= MOST {
            return refused(AccessTokenRefusal::TooMany);
        }
        let stepped = self.step_up(actor, person, step_up).await;
        stepped.map_err(|failure| failure.map(AccessTokenRefusal::StepUp))?;
        let token = format!("{TOKEN_PREFIX}{}", self.entropy.token()?);
        let now = self.clock.now();
        let row = access_token::Model {
            id: self.entropy.id(&self.clock)?,
            user_id: person.user_id,
            name,
            token_hash: Key::of_secret(&token).as_str().to_owned(),
            scopes: wish.scopes.words(),
            created_at: now,
            expires_at: now + TimeDelta::days(wish.days),
            used_at: None,
        };
        self.store_access_token(actor, &row).await?;
        Ok(Created { token, row })
    }

    async fn store_access_token(
        &self,
        actor: &Actor,
        row: &access_token::Model,
    ) -> Result<(), Failure<AccessTokenRefusal>> {
        let letter = &SendAccessTokenCreated { user_id: row.user_id, access_token_id: row.id, address: actor.address };
        let act = &Act::new(AuditEventKind::AccessTokenCreated).about(row.id).with("scopes", &row.scopes);
        let stored = self.db.transaction(|tx| async move {
            // The audit locks the person: of many at once each counts those before it.
            self.audit.append_in(&tx, row.user_id, actor, act.clone()).await?;
            if store::count(&*tx, row.user_id, row.created_at).await? >= MOST {
                return Err(Failure::Refused(AccessTokenRefusal::TooMany));
            }
            store::insert_in(&tx, row.clone()).await?;
            self.outbox.enqueue_in(&tx, letter).await?;
            Ok(())
        });
        stored.await
    }

    /// Those that still open something, newest first.
    pub async fn access_tokens(&self, person: &Person) -> Result<Vec<access_token::Model>, Fault> {
        store::list(self.db.read(), person.user_id, self.clock.now()).await
    }

    pub async fn access_token(&self, id: AccessTokenId) -> Result<Option<access_token::Model>, Fault> {
        store::find(self.db.read(), id).await
    }

    /// False when it is none of the person's. What is open by it ends.
    pub async fn revoke_access_token(&self, actor: &Actor, person: &Person, id: AccessTokenId) -> Result<bool, Fault> {
        let act = &Act::new(AuditEventKind::AccessTokenRevoked).about(id);
        let revoked = self.db.transaction(|tx| async move {
            let revoked = store::delete_in(&tx, person.user_id, id).await?;
            if revoked.is_some() {
                self.audit.append_in(&tx, person.user_id, actor, act.clone()).await?;
            }
            Ok::<_, Failure<Infallible>>(revoked)
        });
        let Some(row) = revoked.await.map_err(Fault::from)? else { return Ok(false) };
        self.wakeups.wake(Wake::SessionEnded(row.token_hash));
        Ok(true)
    }

    /// Whoever a token belongs to, and what it is good for.
    pub(super) async fn find_by_access_token(&self, token: &str) -> Result<Option<Person>, Fault> {
        let now = self.clock.now();
        let hash = Key::of_secret(token).as_str().to_owned();
        let Some(row) = store::find_by_hash(self.db.read(), &hash).await? else { return Ok(None) };
        if row.expires_at <= now {
            return Ok(None);
        }
        let id = row.id;
        if row.used_at.is_none_or(|used| now - used >= USED_EVERY) {
            let used = self.db.transaction(|tx| async move {
                Ok::<_, Failure<Infallible>>(store::update_used_in(&tx, id, now).await?)
            });
            // A use that cannot be written down is one all the same.
            if let Err(fault) = used.await.map_err(Fault::from) {
                tracing::debug!(%fault, "the use of a token was not written down");
            }
        }
        let scopes = Some(Scopes::of_words(&row.scopes));
        Ok(Some(Person { user_id: row.user_id, session: hash, confirmed: true, scopes, limits: None }))
    }

    /// All of them, for whoever does not trust their own scripts any more, nor the apps that were let in.
    pub(super) async fn revoke_access_tokens_in(&self, tx: &Tx, user_id: UserId) -> Result<(), Fault> {
        store::delete_of_in(tx, user_id).await?;
        self.revoke_grants_in(tx, user_id).await
    }

    /// Ends what apps were let do.
    pub(super) async fn revoke_grants_in(&self, tx: &Tx, user_id: UserId) -> Result<(), Fault> {
        store::revoke_grants_in(tx, user_id, self.clock.now()).await
    }
}

/// For the deletion of a cabinet.
pub(super) async fn delete_of_in(tx: &Tx, user_id: UserId) -> Result<(), Fault> {
    store::delete_of_in(tx, user_id).await
}
