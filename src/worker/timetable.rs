//! What is done by the clock.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};

use super::Worker;
use crate::kernel::{Failure, Fault};
use crate::platform::{Mechanisms, idempotency};

const TIDY_EVERY: TimeDelta = TimeDelta::minutes(10);
const PURGE_EVERY: TimeDelta = TimeDelta::days(1);
/// Longer than any client goes on repeating.
const KEEP_IDEMPOTENCY_KEYS: TimeDelta = TimeDelta::days(7);

pub struct Timetable {
    tidied_at: DateTime<Utc>,
    /// None: not yet. A process that never lasts a day purges at its start.
    purged_at: Option<DateTime<Utc>>,
}

impl Timetable {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { tidied_at: now, purged_at: None }
    }

    pub async fn run_due(&mut self, worker: &Worker) {
        let now = worker.mechanisms.clock.now();
        if now - self.tidied_at >= TIDY_EVERY {
            self.tidied_at = now;
            if let Err(fault) = tidy(&worker.mechanisms, now).await {
                tracing::warn!(%fault, "tidying up failed; it is tried again");
            }
        }
        if self.purged_at.is_none_or(|purged_at| now - purged_at >= PURGE_EVERY) {
            self.purged_at = Some(now);
            if let Err(fault) = worker.purge_kept_records().await {
                tracing::warn!(%fault, "kept records were not purged; it is tried again tomorrow");
            }
        }
    }
}

impl Worker {
    /// Deletes what was kept of deleted cabinets and whose term has passed.
    pub async fn purge_kept_records(&self) -> Result<(), Fault> {
        let erasures = self.identity.purge_erasures().await?;
        let payments = self.payments.purge_papers().await?;
        if erasures > 0 || payments > 0 {
            tracing::info!(erasures, payments, "kept records were deleted: their term has passed");
        }
        Ok(())
    }
}

async fn tidy(mechanisms: &Mechanisms, now: DateTime<Utc>) -> Result<(), Fault> {
    mechanisms.keys.purge().await?;
    let purged = mechanisms.db.transaction(|tx| async move {
        idempotency::purge_in(&tx, now - KEEP_IDEMPOTENCY_KEYS).await?;
        Ok::<_, Failure<Infallible>>(())
    });
    Ok(purged.await?)
}
