//! What was kept of deleted cabinets is deleted as well when its term has passed.

use std::convert::Infallible;

use chrono::Months;

use super::{Identity, store};
use crate::kernel::{Failure, Fault};

impl Identity {
    /// Deletes records of erasures that are older than `retention.erasure_years`; how many there were.
    pub async fn purge_erasures(&self) -> Result<u64, Fault> {
        let years = self.config.retention.erasure_years;
        let before = self.clock.now() - Months::new(years.saturating_mul(12));
        let purged = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(store::delete_erasures_in(&tx, before).await?)
        });
        Ok(purged.await?)
    }
}
