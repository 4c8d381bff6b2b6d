//! What is done by the clock.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::{Failure, Fault};
use crate::platform::{Mechanisms, idempotency};

const TIDY_EVERY: TimeDelta = TimeDelta::minutes(10);
/// Longer than any client goes on repeating.
const KEEP_IDEMPOTENCY_KEYS: TimeDelta = TimeDelta::days(7);

pub struct Timetable {
    tidied_at: DateTime<Utc>,
}

impl Timetable {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { tidied_at: now }
    }

    pub async fn run_due(&mut self, mechanisms: &Mechanisms) {
        let now = mechanisms.clock.now();
        if now - self.tidied_at < TIDY_EVERY {
            return;
        }
        self.tidied_at = now;
        if let Err(fault) = tidy(mechanisms, now).await {
            tracing::warn!(%fault, "tidying up failed; it is tried again");
        }
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
