//! "It was not me": the answer to the letter about a sign-in from a new device (ADR 0022).

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::AuditEventKind;
use entity::ids::UserId;
use entity::user;

use super::audit::{Act, Origin};
use super::error::ReportRefusal;
use super::event::{EndSessions, SendPasswordReset};
use super::{Identity, store};
use crate::kernel::{Failure, Fault};
use crate::platform::keyvalue::{Entry, Key, Space};

const SPACE: Space = Space("foreign-sign-in");
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// What the letter says besides the sign-in itself.
#[derive(Clone, Debug)]
pub struct ReportLink {
    pub user: user::Model,
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

impl Identity {
    /// Makes a link for the letter; none when the person has gone.
    pub async fn report_link(&self, user_id: UserId) -> Result<Option<ReportLink>, Fault> {
        let Some(user) = self.find_user(user_id).await? else { return Ok(None) };
        let (token, expires_at) = (self.entropy.token()?, self.clock.now() + LIFETIME);
        // Good whatever the password is by then: who came in may have changed it.
        let entry = Entry { owner: Some(user_id.0), value: String::new(), expires_at };
        self.keys.put(SPACE, &Key::of_secret(&token), &entry).await?;
        Ok(Some(ReportLink { user, token, expires_at }))
    }

    /// Ends every session, voids the password and mails a link that sets another; by a letter's token, once.
    pub async fn report_foreign_sign_in(
        &self,
        origin: impl Into<Origin>,
        token: &str,
    ) -> Result<user::Model, Failure<ReportRefusal>> {
        let refused = || Failure::Refused(ReportRefusal::BadToken);
        let key = Key::of_secret(token);
        // One of many uses goes on: the others hash nothing.
        let entry = self.keys.take(SPACE, &key).await?.ok_or_else(refused)?;
        let user_id = entry.owner.map(UserId).ok_or_else(refused)?;
        match self.lock_out(&origin.into(), user_id).await {
            Ok(user) => user.ok_or_else(refused),
            Err(fault) => {
                self.keys.put(SPACE, &key, &entry).await?;
                Err(fault.into())
            }
        }
    }

    /// None when there is no such person.
    async fn lock_out(&self, origin: &Origin, user_id: UserId) -> Result<Option<user::Model>, Fault> {
        // A hash of what nobody knows: signing in takes as long as ever, and no password opens it.
        let hash = &self.hasher.hash(self.entropy.token()?).await?;
        // This moment's too.
        let before = self.clock.now() + TimeDelta::microseconds(1);
        let ended = &EndSessions { user_id, before, keep: None };
        let done = self.db.transaction(|tx| async move {
            let Some(user) = store::lock_user_in(&tx, user_id).await? else { return Ok(None) };
            store::replace_password_in(&tx, user_id, user.credentials_version, hash.clone()).await?;
            let act = Act::new(AuditEventKind::ForeignSignInReported);
            self.audit.append_in(&tx, user_id, origin.clone(), act).await?;
            self.revoke_access_tokens_in(&tx, user_id).await?;
            self.outbox.enqueue_in(&tx, ended).await?;
            self.outbox
                .enqueue_in(&tx, &SendPasswordReset { user_id: Some(user_id), asked_at: self.clock.now() })
                .await?;
            Ok::<_, Failure<Infallible>>(Some(user))
        });
        let user = done.await.map_err(Fault::from)?;
        // At once; the job is for the case that the process dies here.
        self.sessions.end_all(user_id).await?;
        self.brakes.forget_places(user_id.0).await?;
        self.keys.delete_of(SPACE, user_id.0).await?;
        Ok(user)
    }
}
