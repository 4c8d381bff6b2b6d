//! The one place where transactions begin, commit and are tried again.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use super::Db;
use crate::kernel::{Failure, Fault};

const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// An open transaction. It commits when the work that holds it returns `Ok`.
#[derive(Clone, Debug)]
pub struct Tx(Arc<DatabaseTransaction>);

impl Deref for Tx {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.0
    }
}

impl Db {
    /// Runs `work` in a transaction; a refusal or a fault rolls everything back.
    ///
    /// The work may run several times (serialization failures, deadlocks), so it sends no letter and calls nobody:
    /// effects are outbox rows.
    pub async fn transaction<T, R, F, Fut>(&self, work: F) -> Result<T, Failure<R>>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, Failure<R>>>,
    {
        let mut attempt = 1;
        loop {
            match self.attempt(&work).await {
                Err(Failure::Fault(Fault::Conflict(cause))) if attempt < ATTEMPTS => {
                    tracing::debug!(attempt, cause, "transaction runs again");
                    self.pause(attempt).await;
                    attempt += 1;
                }
                Err(Failure::Fault(Fault::Conflict(cause))) => return Err(Fault::Unavailable(cause).into()),
                result => return result,
            }
        }
    }

    async fn attempt<T, R, F, Fut>(&self, work: &F) -> Result<T, Failure<R>>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, Failure<R>>>,
    {
        // Ignored by PostgreSQL. SQLite must take its write lock at once: a deferred begin failed 707 of 1,000 times.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        #[expect(clippy::disallowed_methods, reason = "the one place where transactions begin")]
        let tx = Tx(Arc::new(self.writer.begin_with_options(options).await?));
        let result = work(tx.clone()).await;
        let Ok(transaction) = Arc::try_unwrap(tx.0) else {
            return Err(Fault::internal("a transaction outlived its work").into());
        };
        match result {
            Ok(value) => {
                self.failpoints.cross("before_commit").await;
                transaction.commit().await?;
                self.failpoints.cross("after_commit").await;
                Ok(value)
            }
            Err(failure) => {
                // The failure is what the caller must learn; a rollback that fails ends with the connection.
                if let Err(cause) = transaction.rollback().await {
                    tracing::warn!(%cause, "rollback failed");
                }
                Err(failure)
            }
        }
    }

    /// Doubles each time, with up to as much again by chance, so that rivals do not meet again.
    async fn pause(&self, attempt: u32) {
        let base = FIRST_PAUSE * 2_u32.pow(attempt);
        let [chance] = self.entropy.bytes::<1>().unwrap_or([0]);
        tokio::time::sleep(base + base * u32::from(chance) / 255).await;
    }
}
