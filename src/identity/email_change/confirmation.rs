//! What the links of the letters do. The database decides which of many uses of one is the one.

use chrono::{DateTime, Utc};
use entity::enums::{AuditEventKind, EmailChangeLinkPurpose as Purpose};
use entity::{email_change, email_change_link, user};

use super::{Mailbox, store};
use crate::identity::audit::{Act, Origin};
use crate::identity::error::ChangeLinkRefusal;
use crate::identity::event::{EndSessions, SendEmailChanged};
use crate::identity::{Identity, store as users};
use crate::kernel::{EmailAddress, Failure, Fault, Person};
use crate::platform::db::{Tx, is_duplicate};
use crate::platform::secret::fingerprint;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The other mailbox has not confirmed yet.
    Half(email_change::Model),
    /// The person has the new address.
    Whole(user::Model),
}

/// What a use of a link led to, to be committed in any case.
enum Used {
    Confirmed(Confirmed),
    /// Somebody else has the address: the request is over.
    Taken,
}

type Result<T> = std::result::Result<T, Failure<ChangeLinkRefusal>>;

fn bad_token<T>() -> Result<T> {
    Err(Failure::Refused(ChangeLinkRefusal::BadToken))
}

impl Identity {
    /// Confirms from one mailbox; the second of them changes the address and ends the sessions, but for that of `asking`.
    pub async fn confirm_email_change(
        &self,
        origin: impl Into<Origin>,
        asking: Option<&Person>,
        token: &str,
    ) -> Result<Confirmed> {
        let (now, hash, origin) = (self.clock.now(), &fingerprint(token), &origin.into());
        let keep = asking.map(|person| person.session.as_str());
        let used = self.db.transaction(|tx| async move {
            let Some(link) = store::find_link(&*tx, hash).await? else { return bad_token() };
            let Some((user, change)) = self.pending_in(&tx, &link, now).await? else { return bad_token() };
            let Some(change) = confirmed(change, link.purpose, now) else { return bad_token() };
            if !store::delete_links_in(&tx, change.id, link.purpose).await? {
                return bad_token();
            }
            self.confirm_change_in(&tx, (origin, keep), user, change).await
        });
        let confirmed = match used.await? {
            Used::Confirmed(confirmed) => confirmed,
            Used::Taken => return Err(Failure::Refused(ChangeLinkRefusal::Taken)),
        };
        if let Confirmed::Whole(user) = &confirmed {
            self.after_email_change(asking, user).await?;
        }
        Ok(confirmed)
    }

    /// For the owner of the old mailbox who did not ask for it.
    pub async fn cancel_email_change(&self, token: &str) -> Result<()> {
        let (now, hash) = (self.clock.now(), &fingerprint(token));
        self.db
            .transaction(|tx| async move {
                let link = store::find_link(&*tx, hash).await?.filter(|link| link.purpose == Purpose::Cancel);
                let Some(link) = link else { return bad_token() };
                let Some((_, change)) = self.pending_in(&tx, &link, now).await? else { return bad_token() };
                if !store::delete_change_in(&tx, change.id).await? {
                    return bad_token();
                }
                tracing::info!(user = %change.user_id.0, "a change of the address was cancelled by its owner");
                Ok(())
            })
            .await
    }

    /// The person of the link, locked, so that one link is used after the other, and what it decides about.
    async fn pending_in(
        &self,
        tx: &Tx,
        link: &email_change_link::Model,
        now: DateTime<Utc>,
    ) -> std::result::Result<Option<(user::Model, email_change::Model)>, Fault> {
        let Some(change) = store::find_change(&**tx, link.email_change_id).await? else { return Ok(None) };
        let Some(user) = users::lock_user_in(tx, change.user_id).await? else { return Ok(None) };
        let pending = store::find_pending_of(&**tx, user.id, now).await?;
        let same = |found: &email_change::Model| {
            found.id == change.id && found.credentials_version == user.credentials_version
        };
        Ok(pending.filter(same).map(|change| (user, change)))
    }

    async fn confirm_change_in(
        &self,
        tx: &Tx,
        (origin, keep): (&Origin, Option<&str>),
        user: user::Model,
        change: email_change::Model,
    ) -> Result<Used> {
        // Who confirms from the old mailbox alone must not learn of it.
        if change.confirmed_by_new_at.is_some() {
            let new_email = EmailAddress::stored(change.new_email.clone());
            if users::find_by_email(&**tx, &new_email).await?.is_some() {
                store::delete_change_in(tx, change.id).await?;
                return Ok(Used::Taken);
            }
        }
        store::update_confirmed_in(tx, &change).await?;
        if change.completed_at.is_none() {
            return Ok(Used::Confirmed(Confirmed::Half(change)));
        }
        store::delete_links_of_in(tx, change.id).await?;
        match store::replace_email_in(tx, &change).await {
            Ok(true) => {}
            Ok(false) => return bad_token(),
            // Registered in this moment: nothing is changed, and the next use finds the address taken.
            Err(error) if is_duplicate(&error) => return Err(Failure::Refused(ChangeLinkRefusal::Taken)),
            Err(error) => return Err(error.into()),
        }
        self.audit.append_in(tx, user.id, origin.clone(), Act::new(AuditEventKind::EmailChanged)).await?;
        // What is done at once after the commit is lost when the process dies in between.
        let end = EndSessions { user_id: user.id, before: self.clock.now(), keep: keep.map(str::to_owned) };
        self.outbox.enqueue_in(tx, &end).await?;
        for mailbox in [Mailbox::Old, Mailbox::New] {
            let letter = SendEmailChanged { email_change_id: change.id, mailbox };
            self.outbox.enqueue_in(tx, &letter).await?;
        }
        let credentials_version = user.credentials_version.saturating_add(1);
        Ok(Used::Confirmed(Confirmed::Whole(user::Model { email: change.new_email, credentials_version, ..user })))
    }

    async fn after_email_change(&self, asking: Option<&Person>, user: &user::Model) -> std::result::Result<(), Fault> {
        self.forget_reset_links(user.id).await?;
        match asking.filter(|person| person.user_id == user.id) {
            Some(person) => self.sessions.end_others(person).await?,
            None => self.sessions.end_all(user.id).await?,
        }
        self.brakes.forget_places(user.id.0).await?;
        self.brakes.release(&user.email).await
    }
}

/// The change after a confirmation; none when this mailbox has confirmed before.
fn confirmed(change: email_change::Model, purpose: Purpose, now: DateTime<Utc>) -> Option<email_change::Model> {
    let (by_old, by_new) = (change.confirmed_by_old_at, change.confirmed_by_new_at);
    let (by_old, by_new) = match purpose {
        Purpose::ConfirmByOld if by_old.is_none() => (Some(now), by_new),
        Purpose::ConfirmByNew if by_new.is_none() => (by_old, Some(now)),
        Purpose::ConfirmByOld | Purpose::ConfirmByNew | Purpose::Cancel => return None,
    };
    let completed_at = by_old.and(by_new).map(|_| now);
    Some(email_change::Model { confirmed_by_old_at: by_old, confirmed_by_new_at: by_new, completed_at, ..change })
}
