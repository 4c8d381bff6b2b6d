//! A person asks for the deletion of their cabinet, and may think better of it until a date that is shown.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::AuditEventKind;
use entity::ids::UserId;
use entity::{cabinet_deletion, user};

use super::audit::{Act, Origin};
use super::error::{CancellationRefusal, DeletionRefusal};
use super::event::{EraseCabinet, SendDeletionCancelled, SendDeletionScheduled};
use super::step_up::StepUp;
use super::{Identity, store};
use crate::kernel::{Actor, Failure, Fault, Person};
use crate::platform::db::Tx;
use crate::platform::keyvalue::{Entry, Key, Space};
use crate::platform::wakeups::Wake;

const SPACE: Space = Space("deletion");

/// What the letter says.
#[derive(Clone, Debug)]
pub struct DeletionLink {
    pub user: user::Model,
    pub token: String,
    pub due_at: DateTime<Utc>,
}

impl Identity {
    /// The other sessions end, and what apps were let do; this session goes on and may cancel. Asked again, the first date stays.
    pub async fn request_deletion(
        &self,
        actor: &Actor,
        person: &Person,
        step_up: &StepUp,
    ) -> Result<DateTime<Utc>, Failure<DeletionRefusal>> {
        if !person.confirmed {
            return Err(Failure::Refused(DeletionRefusal::NotConfirmed));
        }
        let stepped = self.step_up(actor, person, step_up).await;
        stepped.map_err(|failure| failure.map(DeletionRefusal::StepUp))?;
        let (user_id, origin) = (person.user_id, &Origin::from(actor));
        let scheduled = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(self.schedule_in(&tx, user_id, origin.clone()).await?)
        });
        let due_at = scheduled.await.map_err(Fault::from)?;
        self.sessions.end_others(person).await?;
        self.wakeups.wake(Wake::SessionsEnded(user_id.0));
        Ok(due_at)
    }

    async fn schedule_in(&self, tx: &Tx, user_id: UserId, origin: Origin) -> Result<DateTime<Utc>, Fault> {
        store::lock_user_in(tx, user_id).await?;
        if let Some(scheduled) = store::find_deletion(&**tx, user_id).await? {
            return Ok(scheduled.due_at);
        }
        let now = self.clock.now();
        let due_at = now + self.config.identity.deletion_grace;
        let deletion = cabinet_deletion::Model { user_id, requested_at: now, due_at };
        store::insert_deletion_in(tx, deletion).await?;
        self.revoke_grants_in(tx, user_id).await?;
        self.audit.append_in(tx, user_id, origin, Act::new(AuditEventKind::DeletionRequested)).await?;
        self.outbox.enqueue_at_in(tx, &EraseCabinet { user_id }, due_at).await?;
        self.outbox.enqueue_in(tx, &SendDeletionScheduled { user_id }).await?;
        Ok(due_at)
    }

    /// When the person's cabinet will be deleted; none when it stays.
    pub async fn deletion_of(&self, user_id: UserId) -> Result<Option<DateTime<Utc>>, Fault> {
        Ok(store::find_deletion(self.db.read(), user_id).await?.map(|deletion| deletion.due_at))
    }

    /// The cabinet stays. Nothing when no deletion was asked for.
    pub async fn cancel_deletion(&self, actor: &Actor, person: &Person) -> Result<(), Fault> {
        self.cancel(actor.into(), person.user_id).await?;
        Ok(())
    }

    /// The same by the letter's link, for who is not signed in.
    pub async fn cancel_deletion_by_link(
        &self,
        origin: impl Into<Origin>,
        token: &str,
    ) -> Result<(), Failure<CancellationRefusal>> {
        let refused = || Failure::Refused(CancellationRefusal::BadToken);
        let entry = self.keys.get(SPACE, &Key::of_secret(token)).await?;
        let user_id = entry.and_then(|entry| entry.owner).map(UserId).ok_or_else(refused)?;
        // The database decides which of many uses is the one.
        if self.cancel(origin.into(), user_id).await? { Ok(()) } else { Err(refused()) }
    }

    /// False when there was nothing to cancel.
    async fn cancel(&self, origin: Origin, user_id: UserId) -> Result<bool, Fault> {
        let origin = &origin;
        let cancelled = self.db.transaction(|tx| async move {
            if !store::delete_deletion_in(&tx, user_id).await? {
                return Ok(false);
            }
            let act = Act::new(AuditEventKind::DeletionCancelled);
            self.audit.append_in(&tx, user_id, origin.clone(), act).await?;
            self.outbox.enqueue_in(&tx, &SendDeletionCancelled { user_id }).await?;
            Ok::<_, Failure<Infallible>>(true)
        });
        let cancelled = cancelled.await?;
        // Not only when it was this call that cancelled: the one that did may have ended here.
        self.keys.delete_of(SPACE, user_id.0).await?;
        Ok(cancelled)
    }

    /// Makes a link for the letter; none when there is no longer anything to cancel.
    pub async fn deletion_link(&self, user_id: UserId) -> Result<Option<DeletionLink>, Fault> {
        let Some(user) = self.find_user(user_id).await? else { return Ok(None) };
        let Some(deletion) = store::find_deletion(self.db.read(), user_id).await? else { return Ok(None) };
        let (token, due_at) = (self.entropy.token()?, deletion.due_at);
        let entry = Entry { owner: Some(user_id.0), value: String::new(), expires_at: due_at };
        self.keys.put(SPACE, &Key::of_secret(&token), &entry).await?;
        Ok(Some(DeletionLink { user, token, due_at }))
    }

    pub(super) async fn forget_deletion_links(&self, user_id: UserId) -> Result<(), Fault> {
        self.keys.delete_of(SPACE, user_id.0).await
    }
}
