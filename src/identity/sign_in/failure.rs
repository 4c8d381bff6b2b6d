//! A sign-in that failed is written down for the person whose address it was, if it was anybody's.

use std::convert::Infallible;

use entity::enums::AuditEventKind;
use entity::ids::UserId;

use crate::identity::Identity;
use crate::identity::audit::Act;
use crate::identity::event::RecordFailedSignIn;
use crate::kernel::{Actor, EmailAddress, Failure, Fault};

impl Identity {
    /// As much work for an address that nobody has: only the job learns whether there is a log to write to.
    pub(super) async fn leave_failure(
        &self,
        actor: &Actor,
        email: &EmailAddress,
        user_id: Option<UserId>,
    ) -> Result<(), Fault> {
        if !self.audit.takes_failure(email.as_str()).await? {
            return Ok(());
        }
        let job = &RecordFailedSignIn { user_id, origin: actor.into() };
        let due_at = self.clock.now() + self.discretion()?;
        let enqueued = self.db.transaction(|tx| async move {
            self.outbox.enqueue_at_in(&tx, job, due_at).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(enqueued.await?)
    }

    /// Done twice, when the process ended in between, it stands in the log twice.
    pub async fn record_failed_sign_in(&self, job: RecordFailedSignIn) -> Result<(), Fault> {
        let Some(user_id) = job.user_id else { return Ok(()) };
        self.audit.append(user_id, job.origin, Act::new(AuditEventKind::SignInFailed)).await
    }
}
