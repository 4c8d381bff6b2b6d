//! A new password for who knows the old one.

use std::convert::Infallible;
use std::net::IpAddr;

use entity::enums::AuditEventKind;
use entity::ids::UserId;
use entity::user;

use super::audit::{Act, Origin};
use super::error::ChangeRefusal;
use super::event::{EndSessions, SendPasswordChanged};
use super::{Identity, store};
use crate::kernel::{Actor, EmailAddress, Failure, Fault, Person};

impl Identity {
    /// Asks for the current password, ends every other session and writes to the owner.
    pub async fn change_password(
        &self,
        actor: &Actor,
        person: &Person,
        current: String,
        new: String,
    ) -> Result<user::Model, Failure<ChangeRefusal>> {
        if !person.confirmed {
            return Err(Failure::Refused(ChangeRefusal::NotConfirmed));
        }
        let user_id = person.user_id;
        let user = self.find_user(user_id).await?.ok_or_else(|| Fault::internal("a session without a person"))?;
        let checked = self.policy.check(&new, &EmailAddress::stored(user.email.clone()));
        checked.map_err(|refusal| Failure::Refused(ChangeRefusal::Password(refusal)))?;
        let proven = self.prove_password(actor, &user, current).await;
        proven.map_err(|failure| failure.map(ChangeRefusal::Proof))?;
        let (version, keep) = (user.credentials_version, Some(person.session.as_str()));
        if !self.set_password(user_id, version, new, actor.address, actor.into(), keep).await? {
            return Err(Fault::unavailable("the password was changed by another request").into());
        }
        self.forget_reset_links(user_id).await?;
        self.sessions.end_others(person).await?;
        Ok(user)
    }

    /// `keep`: the session of who changes it; none when it is reset. Sessions that cannot be ended at once are ended by a
    /// job. False when the credentials have changed since `version` was read. The owner is told by a letter.
    pub(super) async fn set_password(
        &self,
        user_id: UserId,
        version: i32,
        password: String,
        address: IpAddr,
        origin: Origin,
        keep: Option<&str>,
    ) -> Result<bool, Fault> {
        let hash = &self.hasher.hash(password).await?;
        let now = self.clock.now();
        let letter = &SendPasswordChanged { user_id, changed_at: now, address };
        let end = &EndSessions { user_id, before: now, keep: keep.map(str::to_owned) };
        let kind = if keep.is_some() { AuditEventKind::PasswordChanged } else { AuditEventKind::PasswordReset };
        let origin = &origin;
        let changed = self.db.transaction(|tx| async move {
            if !store::replace_password_in(&tx, user_id, version, hash.clone()).await? {
                return Ok(false);
            }
            self.audit.append_in(&tx, user_id, origin.clone(), Act::new(kind)).await?;
            // Whoever forgot the password, or lost it to another, does not know what that one let apps do.
            if keep.is_none() {
                self.revoke_grants_in(&tx, user_id).await?;
            }
            self.outbox.enqueue_in(&tx, end).await?;
            self.outbox.enqueue_in(&tx, letter).await?;
            Ok::<_, Failure<Infallible>>(true)
        });
        Ok(changed.await?)
    }
}
