//! Brings the schema up to date, one process at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use migration::Migrator;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use sea_orm_migration::MigratorTrait;

use super::Db;
use crate::kernel::Fault;

/// Any number that nobody else uses with this database.
const ADVISORY_KEY: i64 = 0x006b_6162_696e_6574;

/// Waits until no other process holds `path`; the lock goes when the file is dropped, or with the process.
pub(super) async fn lock_file(path: &Path) -> Result<File, Fault> {
    let path = path.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    locked.await.map_err(Fault::internal)?.map_err(Fault::unavailable)
}

/// What keeps two starting instances from migrating at once.
#[derive(Clone, Debug)]
pub enum MigrationLock {
    /// A PostgreSQL advisory lock, held by a transaction.
    Advisory,
    /// An operating-system lock on this file.
    File(PathBuf),
}

impl Db {
    /// Applies what is missing; waits while another process does.
    pub async fn migrate_up(&self) -> Result<(), Fault> {
        self.locked(async {
            Migrator::up(&self.writer, None).await?;
            Ok(())
        })
        .await
    }

    /// Takes back the newest `steps`, or all.
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<(), Fault> {
        self.locked(async {
            Migrator::down(&self.writer, steps).await?;
            Ok(())
        })
        .await
    }

    /// Steps that are not applied yet; looks only.
    pub async fn pending_migrations(&self) -> Result<usize, Fault> {
        Ok(Migrator::get_pending_migrations_read_only(&self.reader).await?.len())
    }

    /// Whether every step is applied. Unlike `pending_migrations` it needs no writer, and makes no table where none is.
    pub async fn schema_is_current(&self) -> Result<bool, Fault> {
        let sql = "SELECT version FROM seaql_migrations";
        let rows = self.reader.query_all_raw(Statement::from_string(self.reader.get_database_backend(), sql)).await?;
        let applied: Vec<String> = rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?;
        Ok(Migrator::migrations().iter().all(|step| applied.iter().any(|version| version == step.name())))
    }

    async fn locked(&self, migrate: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
        match &self.lock {
            MigrationLock::File(path) => {
                let held = lock_file(path).await?;
                let result = migrate.await;
                drop(held);
                result
            }
            MigrationLock::Advisory => {
                #[expect(clippy::disallowed_methods, reason = "holds the lock while other connections migrate")]
                let tx = self.writer.begin().await?;
                // Waiting for the other instance and holding the lock both take as long as they take.
                tx.execute_unprepared(
                    "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
                     SET LOCAL idle_in_transaction_session_timeout = 0",
                )
                .await?;
                tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({ADVISORY_KEY})")).await?;
                let result = migrate.await;
                tx.commit().await?;
                result
            }
        }
    }
}
