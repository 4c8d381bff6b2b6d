//! What is done by the clock.

use std::convert::Infallible;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use tokio::task::JoinHandle;

use super::Worker;
use crate::billing::Billing;
use crate::kernel::{Failure, Fault};
use crate::platform::{Mechanisms, idempotency};

const WRITE_EVERY: TimeDelta = TimeDelta::minutes(1);
const TIDY_EVERY: TimeDelta = TimeDelta::minutes(10);
const ORDER_EVERY: TimeDelta = TimeDelta::seconds(10);
const COMPARE_EVERY: TimeDelta = TimeDelta::hours(1);
/// Also a process that never lasts an hour does it.
const AFTER_START: TimeDelta = TimeDelta::minutes(1);
/// The hour (UTC) at which a day of registers ends.
const TELL_AT: TimeDelta = TimeDelta::hours(2);
const PURGE_EVERY: TimeDelta = TimeDelta::days(1);
/// Reads the whole ledger.
const CHECK_EVERY: TimeDelta = TimeDelta::days(1);
/// Accounts named in the log.
const NAMED: u64 = 10;

pub struct Timetable {
    tidied: DateTime<Utc>,
    /// When what apps asked was written down.
    written: DateTime<Utc>,
    checked: DateTime<Utc>,
    /// None: not yet. A process that never lasts a day purges at its start.
    purged: Option<DateTime<Utc>>,
    /// When acquirers were compared with our books, and providers told, last.
    compared: DateTime<Utc>,
    telling: Option<JoinHandle<()>>,
    comparing: Option<JoinHandle<()>>,
    ordered: DateTime<Utc>,
}

impl Timetable {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            tidied: now,
            written: now,
            checked: now,
            purged: None,
            compared: now - COMPARE_EVERY + AFTER_START,
            telling: None,
            comparing: None,
            ordered: now,
        }
    }

    pub async fn run_due(&mut self, worker: &Worker) {
        let now = worker.mechanisms.clock.now();
        if now - self.written >= WRITE_EVERY {
            self.written = now;
            if let Err(fault) = worker.consents.write_calls().await {
                tracing::warn!(%fault, "what apps asked was not written down; it is tried again");
            }
        }
        if now - self.tidied >= TIDY_EVERY {
            self.tidied = now;
            if let Err(fault) = tidy(&worker.mechanisms, now).await {
                tracing::warn!(%fault, "tidying up failed; it is tried again");
            }
            if let Err(fault) = worker.changes.purge().await {
                tracing::warn!(%fault, "old changes were not deleted; it is tried again");
            }
            if let Err(fault) = worker.api_clients.purge_tokens().await {
                tracing::warn!(%fault, "expired tokens of clients were not deleted; it is tried again");
            }
            if let Err(fault) = worker.consents.purge().await {
                tracing::warn!(%fault, "expired tokens of apps were not deleted; it is tried again");
            }
            if let Err(fault) = worker.webhooks.purge().await {
                tracing::warn!(%fault, "old messages to providers' servers were not deleted; it is tried again");
            }
            if let Err(fault) = worker.batches.purge().await {
                tracing::warn!(%fault, "old batches were not deleted; it is tried again");
            }
            if let Err(fault) = worker.uploads.purge().await {
                tracing::warn!(%fault, "old exports that were sent were not deleted; it is tried again");
            }
            if let Err(fault) = worker.payments.mark_posted(None).await {
                tracing::warn!(%fault, "payments that providers show were not marked; it is tried again");
            }
        }
        if now - self.ordered >= ORDER_EVERY {
            self.ordered = now;
            // Where somebody follows, it is done at once; where nobody does, so that the first need not wait for it.
            if let Err(fault) = worker.changes.order().await {
                tracing::warn!(%fault, "changes were not given their places; it is tried again");
            }
        }
        if now - self.checked >= CHECK_EVERY {
            self.checked = now;
            if let Err(fault) = check_ledger(&worker.mechanisms).await {
                tracing::warn!(%fault, "the ledger was not checked; it is tried again tomorrow");
            }
        }
        // Looked for every hour, done once a day: the database knows whether yesterday was.
        if now - self.compared >= COMPARE_EVERY {
            self.compared = now;
            begin(&mut self.telling, worker, |worker| worker.tell_and_plan(now));
            begin(&mut self.comparing, worker, Worker::compare);
        }
        if self.purged.is_none_or(|purged| now - purged >= PURGE_EVERY) {
            self.purged = Some(now);
            if let Err(fault) = worker.purge_kept_records().await {
                tracing::warn!(%fault, "kept records were not purged; it is tried again tomorrow");
            }
        }
    }
}

/// The end of the last day of registers. What came since is told with the next, whichever instance is up then.
fn told_until(now: DateTime<Utc>) -> DateTime<Utc> {
    (now - TELL_AT).with_time(NaiveTime::MIN).single().unwrap_or(now) + TELL_AT
}

/// In a task of its own: an acquirer's list may take minutes, and neither jobs nor providers wait for it. Not while the last one
/// still goes on.
fn begin<F: Future<Output = ()> + Send + 'static>(
    running: &mut Option<JoinHandle<()>>,
    worker: &Worker,
    what: impl FnOnce(Worker) -> F,
) {
    if running.as_ref().is_none_or(JoinHandle::is_finished) {
        *running = Some(tokio::spawn(what(worker.clone())));
    }
}

impl Worker {
    /// Registers to providers, and autopays of new statements.
    async fn tell_and_plan(self, now: DateTime<Utc>) {
        match self.payments.write_registers(told_until(now)).await {
            Ok(0) => {}
            Ok(written) => tracing::info!(written, "registers of payments were written"),
            Err(fault) => tracing::warn!(%fault, "providers were not told of payments; it is tried again"),
        }
        if let Err(fault) = self.payments.plan_autopays().await {
            tracing::warn!(%fault, "autopays were not planned; it is tried again");
        }
    }

    /// The money of yesterday, and of days that were missed, beside the acquirers' lists.
    async fn compare(self) {
        match self.payments.reconcile_yesterday().await {
            Ok(0) => {}
            Ok(open) => tracing::error!(open, "we and an acquirer differ: see `kabinet reconcile list`"),
            Err(fault) => tracing::warn!(%fault, "acquirers were not compared; it is tried again"),
        }
    }

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

/// Balance = sum of the entries, always: whatever is found wrong is for people to look at. `kabinet doctor` tells the same.
async fn check_ledger(mechanisms: &Mechanisms) -> Result<(), Fault> {
    let wrong = Billing::new(mechanisms).unbalanced_accounts(NAMED).await?;
    if !wrong.is_empty() {
        let accounts: Vec<_> = wrong.iter().map(|account| account.0.to_string()).collect();
        tracing::error!(accounts = accounts.join(", "), "balances that are not the sum of their entries");
    }
    Ok(())
}

async fn tidy(mechanisms: &Mechanisms, now: DateTime<Utc>) -> Result<(), Fault> {
    mechanisms.keys.purge().await?;
    let purged = mechanisms.db.transaction(|tx| async move {
        idempotency::purge_in(&tx, now - idempotency::KEEP).await?;
        Ok::<_, Failure<Infallible>>(())
    });
    Ok(purged.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_registers_ends_at_two_whenever_it_is_looked_at() {
        let until = |now: &str| told_until(now.parse().unwrap()).to_rfc3339();
        assert_eq!(until("2026-06-20T01:59:59Z"), "2026-06-19T02:00:00+00:00");
        assert_eq!(until("2026-06-20T02:00:00Z"), "2026-06-20T02:00:00+00:00");
        assert_eq!(until("2026-06-20T23:30:00Z"), "2026-06-20T02:00:00+00:00");
    }
}
