//! Deletes cabinets, those that were not confirmed in time and those whose people asked for it, and keeps the proof.

use std::collections::BTreeMap;
use std::convert::Infallible;

use entity::enums::ErasureReason;
use entity::ids::UserId;
use entity::{erasure, user};

use super::{Identity, store};
use crate::kernel::{Failure, Fault};
use crate::platform::db::Tx;

/// Rows destroyed, by kind.
pub type Counts = BTreeMap<&'static str, u64>;

/// What an erased person's row holds in the place of the address: no address begins so.
pub const PSEUDONYM: &str = "erased:";

impl Identity {
    /// Deletes the cabinet if it is still unconfirmed and its date has passed; true when it did.
    pub async fn delete_unconfirmed(&self, user_id: UserId) -> Result<bool, Fault> {
        let now = self.clock.now();
        let erased = self.db.transaction(|tx| async move {
            let Some(user) = store::lock_user_in(&tx, user_id).await? else { return Ok(Erased::Before) };
            if user.confirmation_expires_at.is_none_or(|expires| expires > now) {
                return Ok(Erased::No);
            }
            let acceptances = store::delete_acceptances_in(&tx, user_id).await?;
            self.record_in(&tx, &user, ErasureReason::Unconfirmed, BTreeMap::from([("acceptances", acceptances)]))
                .await?;
            store::delete_user_in(&tx, user_id).await?;
            Ok::<_, Failure<Infallible>>(Erased::Now)
        });
        self.forget(user_id, erased.await?).await
    }

    /// Deletes the cabinet if its person asked for it and the date has passed; true when it did. `others` deletes in the
    /// same transaction what other slices keep. What the law keeps stays under a pseudonym.
    pub async fn erase_requested<F, Fut>(&self, user_id: UserId, others: F) -> Result<bool, Fault>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<Counts, Fault>>,
    {
        let (now, others) = (self.clock.now(), &others);
        let erased = self.db.transaction(|tx| async move {
            let user = store::lock_user_in(&tx, user_id).await?;
            let Some(user) = user.filter(|user| !is_erased(user)) else { return Ok(Erased::Before) };
            if store::find_deletion(&*tx, user_id).await?.is_none_or(|deletion| deletion.due_at > now) {
                return Ok(Erased::No);
            }
            let mut counts = others(tx.clone()).await?;
            counts.insert("acceptanceAddresses", store::clear_acceptances_in(&tx, user_id).await?);
            self.record_in(&tx, &user, ErasureReason::Requested, counts).await?;
            store::delete_deletion_in(&tx, user_id).await?;
            store::delete_secrets_in(&tx, user_id).await?;
            store::reduce_user_in(&tx, user_id, format!("{PSEUDONYM}{}", user_id.0)).await?;
            Ok::<_, Failure<Infallible>>(Erased::Now)
        });
        self.forget(user_id, erased.await?).await
    }

    async fn record_in(
        &self,
        tx: &Tx,
        user: &user::Model,
        reason: ErasureReason,
        mut counts: Counts,
    ) -> Result<(), Fault> {
        counts.insert("auditCircumstances", self.audit.erase_in(tx, user.id).await?);
        let record = erasure::Model {
            id: self.entropy.id(&self.clock)?,
            user_id: user.id,
            reason,
            erased_at: self.clock.now(),
            address_hash: self.address_hash(&user.email)?,
            counts: serde_json::to_string(&counts)?,
        };
        store::insert_erasure_in(tx, record).await
    }

    /// Sessions and links. Also when the cabinet was gone before: whoever deleted it may not have come so far.
    async fn forget(&self, user_id: UserId, erased: Erased) -> Result<bool, Fault> {
        if matches!(erased, Erased::No) {
            return Ok(false);
        }
        self.sessions.end_all(user_id).await?;
        self.forget_confirmation_links(user_id).await?;
        self.forget_reset_links(user_id).await?;
        self.forget_deletion_links(user_id).await?;
        self.brakes.forget_places(user_id.0).await?;
        let now = matches!(erased, Erased::Now);
        if now {
            tracing::info!(user = %user_id.0, "a cabinet was deleted");
        }
        Ok(now)
    }

    /// Erasures, oldest first; of one address when it is given.
    pub async fn erasures(&self, address: Option<&str>) -> Result<Vec<erasure::Model>, Fault> {
        let hash = address.map(|address| self.address_hash(address)).transpose()?;
        store::list_erasures(self.db.read(), hash.as_deref()).await
    }

    fn address_hash(&self, address: &str) -> Result<String, Fault> {
        self.signing_key.sign(&format!("erasure:{address}"))
    }
}

enum Erased {
    No,
    Now,
    Before,
}

/// Of such a person only a pseudonym is left, which payments and readings refer to.
pub(super) fn is_erased(user: &user::Model) -> bool {
    user.email.starts_with(PSEUDONYM)
}
