//! A new password for whoever opens the mailbox. Asking tells nobody whether an address is known.

use std::convert::Infallible;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use entity::ids::UserId;
use entity::user;

use super::captcha::CaptchaAction;
use super::error::{ResetRefusal, ResetRequestRefusal};
use super::event::SendPasswordReset;
use super::{Identity, store};
use crate::kernel::{EmailAddress, Failure, Fault};
use crate::platform::keyvalue::{Entry, Key, Space};

const SPACE: Space = Space("password-reset");
const LIFETIME: TimeDelta = TimeDelta::minutes(30);
/// Letters to one address an hour: nobody's mailbox is flooded from here.
pub(super) const LETTERS_AN_HOUR: u32 = 3;

/// What the letter says.
#[derive(Clone, Debug)]
pub struct ResetLink {
    pub user: user::Model,
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

impl Identity {
    /// The same answer and the same work for every address; only the worker learns whether there is a letter to write.
    pub async fn request_password_reset(
        &self,
        address: IpAddr,
        email: &EmailAddress,
        captcha: Option<&str>,
    ) -> Result<(), Failure<ResetRequestRefusal>> {
        if !self.captcha.accept(CaptchaAction::ResetPassword, address, captcha).await? {
            return Err(Failure::Refused(ResetRequestRefusal::Captcha));
        }
        let granted = self.reset_letters.take(email.as_str()).await?;
        let user = store::find_by_email(self.db.read(), email).await?.filter(|_| granted);
        let asked_at = self.clock.now();
        let job = &SendPasswordReset { user_id: user.map(|user| user.id), asked_at };
        let due_at = asked_at + self.discretion()?;
        let enqueued = self.db.transaction(|tx| async move {
            self.outbox.enqueue_at_in(&tx, job, due_at).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(enqueued.await.map_err(Fault::from)?)
    }

    /// Makes a link for the letter; none when there is nobody to write to. Whoever is unconfirmed gets another letter: their
    /// way to a password is the confirmation, whose page asks for one.
    pub async fn reset_link(&self, job: SendPasswordReset) -> Result<Option<ResetLink>, Fault> {
        let SendPasswordReset { user_id, asked_at } = job;
        let Some(user_id) = user_id else { return Ok(None) };
        let Some(user) = self.find_user(user_id).await? else { return Ok(None) };
        if user.email_confirmed_at.is_none() {
            let sent = self.db.transaction(|tx| async move {
                let _within_limits = self.send_link_again_in(&tx, user_id, asked_at).await?;
                Ok::<_, Failure<Infallible>>(())
            });
            sent.await.map_err(Fault::from)?;
            return Ok(None);
        }
        let (token, expires_at) = (self.entropy.token()?, self.clock.now() + LIFETIME);
        // A link is good for the password that it was asked against: any newer one makes it void.
        let entry = Entry { owner: Some(user_id.0), value: user.credentials_version.to_string(), expires_at };
        self.keys.put(SPACE, &Key::of_secret(&token), &entry).await?;
        Ok(Some(ResetLink { user, token, expires_at }))
    }

    /// Sets the password by a link's token, once, and ends every session.
    pub async fn reset_password(
        &self,
        address: IpAddr,
        token: &str,
        password: String,
    ) -> Result<user::Model, Failure<ResetRefusal>> {
        let refused = || Failure::Refused(ResetRefusal::BadToken);
        let key = Key::of_secret(token);
        let found = self.keys.get(SPACE, &key).await?.ok_or_else(refused)?;
        let user_id = found.owner.map(UserId).ok_or_else(refused)?;
        let user = self.find_user(user_id).await?.ok_or_else(refused)?;
        // Before the link is spent: a refused password may be corrected.
        let checked = self.policy.check(&password, &EmailAddress::stored(user.email.clone()));
        checked.map_err(|refusal| Failure::Refused(ResetRefusal::Password(refusal)))?;
        // One of many uses goes on: the others hash nothing.
        let entry = self.keys.take(SPACE, &key).await?.ok_or_else(refused)?;
        let version = entry.value.parse().map_err(Fault::internal)?;
        match self.set_password(user_id, version, password, address, address.into(), None).await {
            Ok(true) => {}
            Ok(false) => return Err(refused()),
            Err(fault) => {
                self.keys.put(SPACE, &key, &entry).await?;
                return Err(fault.into());
            }
        }
        self.keys.delete_of(SPACE, user_id.0).await?;
        self.sessions.end_all(user_id).await?;
        self.brakes.release(&user.email).await?;
        Ok(user)
    }

    /// Links that were sent and not used are void once the password is another.
    pub(super) async fn forget_reset_links(&self, user_id: UserId) -> Result<(), Fault> {
        self.keys.delete_of(SPACE, user_id.0).await
    }
}
