//! What was kept of deleted people's payments, and is kept no longer when the law does not ask for it.

use std::convert::Infallible;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc};

use super::{Payments, store};
use crate::kernel::{Failure, Fault};

/// Years end in Moscow.
const ZONE_SECONDS: i32 = 3 * 3600;

impl Payments {
    /// Deletes what is left of deleted people's payments of years that ended more than `retention.payment_years` ago:
    /// those that came to nothing, and of the others all that the bank knows them by. That money came, how much and when,
    /// stays in the ledger, which is the account's. How many payments it were.
    pub async fn purge_papers(&self) -> Result<u64, Fault> {
        let Some(before) = first_kept(self.clock.now(), self.config.retention.payment_years) else { return Ok(0) };
        let mut purged = 0;
        loop {
            let batch = self.db.transaction(|tx| async move {
                Ok::<_, Failure<Infallible>>(store::purge_papers_in(&tx, before).await?)
            });
            match batch.await? {
                0 => return Ok(purged),
                batch => purged += batch,
            }
        }
    }
}

/// The beginning of the oldest year whose papers are still kept: five years after the reporting year (402-FZ, article 29).
fn first_kept(now: DateTime<Utc>, years: u32) -> Option<DateTime<Utc>> {
    let moscow = FixedOffset::east_opt(ZONE_SECONDS)?;
    let year = now.with_timezone(&moscow).year().checked_sub_unsigned(years)?;
    let begin = NaiveDate::from_ymd_opt(year, 1, 1)?.and_hms_opt(0, 0, 0)?;
    begin.and_local_timezone(moscow).single().map(|begin| begin.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_of_a_year_are_kept_for_five_whole_years_after_it() {
        let first = |now: &str| first_kept(now.parse().unwrap(), 5).unwrap().to_rfc3339();
        assert_eq!(first("2031-12-31T20:59:59Z"), "2025-12-31T21:00:00+00:00", "2026 is kept until 2031 has ended");
        assert_eq!(first("2031-12-31T21:00:00Z"), "2026-12-31T21:00:00+00:00");
    }
}
