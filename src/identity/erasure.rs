//! Deletes cabinets that were not confirmed in time.

use std::convert::Infallible;

use entity::ids::UserId;

use super::{Identity, store};
use crate::kernel::{Failure, Fault};

impl Identity {
    /// Deletes the cabinet if it is still unconfirmed and its date has passed; true when it did.
    pub async fn delete_unconfirmed(&self, user_id: UserId) -> Result<bool, Fault> {
        let now = self.clock.now();
        let deleted = self.db.transaction(|tx| async move {
            let user = store::lock_user_in(&tx, user_id).await?;
            let due = user.is_some_and(|user| user.confirmation_expires_at.is_some_and(|expires| expires <= now));
            if due {
                self.audit.erase_in(&tx, user_id).await?;
                store::delete_user_in(&tx, user_id).await?;
            }
            Ok::<_, Failure<Infallible>>(due)
        });
        let deleted = deleted.await?;
        if deleted {
            self.sessions.end_all(user_id).await?;
            tracing::info!(user = %user_id.0, "an unconfirmed cabinet was deleted");
        }
        Ok(deleted)
    }
}
