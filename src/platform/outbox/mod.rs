//! Effects that were decided in a transaction and are carried out after it, at least once.

mod store;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity::ids::OutboxJobId;
use entity::outbox_job;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::config::WorkerConfig;
use crate::kernel::{Clock, Entropy, Fault};
use crate::platform::db::{Db, Tx, bulk};
use crate::platform::metrics::Backlog;

/// An effect as a slice names it: ids, never content, and safe to carry out twice.
pub trait Job: Serialize + DeserializeOwned + Send + Sync {
    /// Unique in the program, in the imperative: "settle_payment"; of a letter it begins with "send_".
    const KIND: &'static str;
}

/// Jobs that wait for each other when they are carried out at once. Letters have a lane of their own: a silent mail
/// server must not hold up money. Archives have one too, since each takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Kinds that begin with "send_".
    Letters,
    /// Kinds that begin with "archive_".
    Archives,
    Effects,
}

impl Lane {
    const LETTERS: &'static str = "send_";
    const ARCHIVES: &'static str = "archive_";

    fn of(kind: &str) -> Self {
        match kind {
            kind if kind.starts_with(Self::LETTERS) => Self::Letters,
            kind if kind.starts_with(Self::ARCHIVES) => Self::Archives,
            _ => Self::Effects,
        }
    }
}

/// A job that this process has leased.
#[derive(Clone, Debug)]
pub struct Leased {
    pub id: OutboxJobId,
    pub kind: String,
    pub payload: String,
    /// This one included.
    pub attempts: i32,
}

impl Leased {
    pub fn read<J: Job>(&self) -> Result<J, Fault> {
        Ok(serde_json::from_str(&self.payload)?)
    }
}

#[derive(Clone, Debug)]
pub struct Outbox {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    config: WorkerConfig,
    enqueued: Arc<Enqueued>,
}

#[derive(Debug, Default)]
struct Enqueued {
    letters: Notify,
    archives: Notify,
    effects: Notify,
}

impl Enqueued {
    fn of(&self, lane: Lane) -> &Notify {
        match lane {
            Lane::Letters => &self.letters,
            Lane::Archives => &self.archives,
            Lane::Effects => &self.effects,
        }
    }
}

impl Outbox {
    pub fn new(db: Db, clock: Clock, entropy: Entropy, config: WorkerConfig) -> Self {
        Self { db, clock, entropy, config, enqueued: Arc::default() }
    }

    /// Adds a job to the caller's transaction: it exists exactly when that commits.
    pub async fn enqueue_in<J: Job>(&self, tx: &Tx, job: &J) -> Result<(), Fault> {
        self.enqueue_at_in(tx, job, self.clock.now()).await
    }

    /// The same, not before `due_at`.
    pub async fn enqueue_at_in<J: Job>(&self, tx: &Tx, job: &J, due_at: DateTime<Utc>) -> Result<(), Fault> {
        let row = outbox_job::Model {
            id: self.entropy.id(&self.clock)?,
            kind: J::KIND.to_owned(),
            payload: serde_json::to_string(job)?,
            created_at: self.clock.now(),
            due_at,
            attempts: 0,
            leased_until: None,
            dead_at: None,
            last_error: None,
        };
        store::insert_in(tx, row).await?;
        self.enqueued.of(Lane::of(J::KIND)).notify_one();
        Ok(())
    }

    /// Many at once, in few statements.
    pub async fn enqueue_all_in<J: Job>(&self, tx: &Tx, jobs: &[J]) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = |job: &J| {
            Ok::<_, Fault>(outbox_job::Model {
                id: self.entropy.id(&self.clock)?,
                kind: J::KIND.to_owned(),
                payload: serde_json::to_string(job)?,
                created_at: now,
                due_at: now,
                attempts: 0,
                leased_until: None,
                dead_at: None,
                last_error: None,
            })
        };
        let rows = jobs.iter().map(row).collect::<Result<Vec<_>, Fault>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        bulk::insert_all::<outbox_job::Entity>(tx, &rows).await?;
        self.enqueued.of(Lane::of(J::KIND)).notify_one();
        Ok(())
    }

    /// Up to `most` due jobs of the lane, which nobody else gets until the lease ends.
    pub async fn lease(&self, lane: Lane, most: u64) -> Result<Vec<Leased>, Fault> {
        let now = self.clock.now();
        store::lease(&self.db, lane, (now, now + self.config.lease), most).await
    }

    /// The process is still at it: nobody else gets the job for as long again.
    pub async fn extend(&self, job: &Leased) -> Result<(), Fault> {
        store::extend(&self.db, job.id, self.clock.now() + self.config.lease).await
    }

    pub async fn complete(&self, job: &Leased) -> Result<(), Fault> {
        store::delete(&self.db, job.id).await
    }

    /// It has been leased more often than it may be tried.
    pub fn is_worn_out(&self, job: &Leased) -> bool {
        job.attempts > self.config.max_attempts
    }

    /// Tries again after a growing pause, or puts the job aside after the last attempt.
    pub async fn fail(&self, job: &Leased, cause: &Fault) -> Result<(), Fault> {
        let now = self.clock.now();
        if job.attempts >= self.config.max_attempts {
            tracing::error!(kind = job.kind, id = %job.id.0, %cause, "a job is put aside");
            return store::bury(&self.db, job.id, now, &cause.to_string()).await;
        }
        self.retry(job, cause).await
    }

    /// Tries again after a growing pause, however often that was before.
    pub async fn retry(&self, job: &Leased, cause: &Fault) -> Result<(), Fault> {
        tracing::warn!(kind = job.kind, attempt = job.attempts, %cause, "a job is tried again later");
        store::postpone(&self.db, job.id, self.clock.now() + pause(job.attempts), &cause.to_string()).await
    }

    /// Gives a job that went well another try at a time of its own choosing; its attempts begin anew.
    pub async fn again_at(&self, job: &Leased, due_at: DateTime<Utc>) -> Result<(), Fault> {
        store::begin_anew(&self.db, job.id, due_at).await
    }

    /// Returns when something was enqueued here for the lane, or after the configured pause.
    pub async fn wait(&self, lane: Lane) {
        tokio::select! {
            () = self.enqueued.of(lane).notified() => {}
            () = tokio::time::sleep(self.config.poll) => {}
        }
    }

    /// How much waits, and how long.
    pub async fn standing(&self) -> Result<Backlog, Fault> {
        let now = self.clock.now();
        let (due, dead) = store::backlog(&self.db, now).await?;
        let oldest = store::oldest_due(&self.db, now).await?;
        let lag = oldest.map_or(0, |due_at| (now - due_at).num_seconds());
        Ok(Backlog { due, dead, lag })
    }

    /// Jobs due by now, and those put aside.
    pub async fn backlog(&self) -> Result<(u64, u64), Fault> {
        store::backlog(&self.db, self.clock.now()).await
    }
}

/// 2, 4, 8 … seconds, at most an hour.
fn pause(attempts: i32) -> TimeDelta {
    TimeDelta::seconds(2_i64.pow(attempts.clamp(1, 12).unsigned_abs()).min(3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_between_attempts_grow_to_an_hour() {
        let pauses: Vec<_> = [1, 2, 5, 11, 12, 99].map(|attempt| pause(attempt).num_seconds()).into();
        assert_eq!(pauses, [2, 4, 32, 2048, 3600, 3600]);
    }
}
