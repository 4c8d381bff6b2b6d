//! Another address for a cabinet, confirmed from both mailboxes. Asking tells nobody whether the address is known.

mod confirmation;
mod letters;
pub(super) mod store;

use std::convert::Infallible;

use chrono::TimeDelta;
use entity::ids::EmailChangeId;
use entity::{email_change, user};
use serde::{Deserialize, Serialize};

pub use confirmation::Confirmed;
pub use letters::{ChangeLetter, ChangeLetterKind};

use super::error::EmailChangeRefusal;
use super::event::{DeleteEmailChange, SendEmailChangeLink};
use super::step_up::StepUp;
use super::{Identity, store as users};
use crate::kernel::{Actor, EmailAddress, Failure, Fault, Person};

const LIFETIME: TimeDelta = TimeDelta::hours(24);
/// Requests of one person: each of them writes to an address that is perhaps a stranger's.
pub(super) const REQUESTS: u32 = 5;
pub(super) const REQUESTS_PER: TimeDelta = TimeDelta::days(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mailbox {
    Old,
    New,
}

impl Identity {
    /// Writes to both mailboxes; an earlier request of the person that is pending ends.
    ///
    /// The same answer and the same work for every address; only the worker learns whether somebody has it.
    pub async fn request_email_change(
        &self,
        actor: &Actor,
        person: &Person,
        new_email: &EmailAddress,
        proof: &StepUp,
    ) -> Result<email_change::Model, Failure<EmailChangeRefusal>> {
        if !person.confirmed {
            return Err(Failure::Refused(EmailChangeRefusal::NotConfirmed));
        }
        if !self.config.identity.allows_mail_domain(new_email.domain()) {
            return Err(Failure::Refused(EmailChangeRefusal::DomainNotAllowed));
        }
        let user = self.find_user(person.user_id).await?;
        let user = user.ok_or_else(|| Fault::internal("a session without a person"))?;
        if user.email == new_email.as_str() {
            return Err(Failure::Refused(EmailChangeRefusal::Unchanged));
        }
        self.step_up(actor, person, proof).await.map_err(|failure| failure.map(EmailChangeRefusal::Proof))?;
        if !self.email_changes.take(&user.id.0.to_string()).await? {
            return Err(Failure::Refused(EmailChangeRefusal::TooManyTries { seconds: REQUESTS_PER.num_seconds() }));
        }
        let now = self.clock.now();
        let change = email_change::Model {
            id: self.entropy.id(&self.clock)?,
            user_id: user.id,
            old_email: user.email,
            new_email: new_email.to_string(),
            credentials_version: user.credentials_version,
            requested_at: now,
            expires_at: now + LIFETIME,
            confirmed_by_old_at: None,
            confirmed_by_new_at: None,
            completed_at: None,
        };
        self.insert_change(&change).await?;
        Ok(change)
    }

    async fn insert_change(&self, change: &email_change::Model) -> Result<(), Fault> {
        let inserted = self.db.transaction(|tx| async move {
            let user = users::lock_user_in(&tx, change.user_id).await?;
            if user.is_none_or(|user| user.credentials_version != change.credentials_version) {
                return Err(Fault::unavailable("the credentials were changed by another request").into());
            }
            store::delete_changes_of_in(&tx, change.user_id, false).await?;
            store::insert_change_in(&tx, change.clone()).await?;
            for mailbox in [Mailbox::Old, Mailbox::New] {
                let letter = SendEmailChangeLink { email_change_id: change.id, mailbox };
                self.outbox.enqueue_in(&tx, &letter).await?;
            }
            let deletion = DeleteEmailChange { email_change_id: change.id };
            self.outbox.enqueue_at_in(&tx, &deletion, change.expires_at).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(inserted.await?)
    }

    /// What the person waits for; none when the credentials have changed since.
    pub async fn pending_email_change(&self, user: &user::Model) -> Result<Option<email_change::Model>, Fault> {
        let pending = store::find_pending_of(self.db.read(), user.id, self.clock.now()).await?;
        Ok(pending.filter(|change| change.credentials_version == user.credentials_version))
    }

    /// Deletes a request whose time has passed; one that was carried out is kept.
    pub async fn delete_expired_email_change(&self, id: EmailChangeId) -> Result<(), Fault> {
        let now = self.clock.now();
        let deleted = self.db.transaction(|tx| async move {
            let change = store::find_change(&*tx, id).await?;
            if change.is_some_and(|change| change.completed_at.is_none() && change.expires_at <= now) {
                store::delete_change_in(&tx, id).await?;
            }
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(deleted.await?)
    }
}
