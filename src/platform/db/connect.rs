//! Opens the pools with the settings that lose nothing.

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::migrate::lock_file;
use super::{Db, Engine, MigrationLock};
use crate::config::DatabaseConfig;
use crate::kernel::{Entropy, Fault};
use crate::platform::failpoint::Failpoints;
use crate::platform::metrics::Statements;

const FILE: &str = "kabinet.sqlite";
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than the busy time-out: writers queue for the one connection.
const SQLITE_WRITER_WAIT: Duration = Duration::from_secs(15);

impl Db {
    /// Opens PostgreSQL when a URL is configured, else the SQLite file in `data_dir`, making both where missing.
    pub async fn connect(config: &DatabaseConfig, data_dir: &Path, entropy: Entropy) -> Result<Self, Fault> {
        match &config.url {
            Some(url) => Self::postgres(url.expose_secret(), config, entropy).await,
            None => Self::sqlite(data_dir, config, entropy).await,
        }
    }

    /// Opens a database that is there already, to look at it: makes and migrates nothing. `None` when there is none.
    pub async fn open_to_read(
        config: &DatabaseConfig,
        data_dir: &Path,
        entropy: Entropy,
    ) -> Result<Option<Self>, Fault> {
        if let Some(url) = &config.url {
            return Ok(Some(Self::postgres(url.expose_secret(), config, entropy).await?));
        }
        let file = data_dir.join(FILE);
        if !file.is_file() {
            return Ok(None);
        }
        // Not mode=ro: such a connection leaves SQLite's log and its index behind as new files.
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rw", file.display()));
        options.max_connections(1).min_connections(1).acquire_timeout(config.acquire_timeout);
        options.sqlx_logging(false).test_before_acquire(false).idle_timeout(None).max_lifetime(None);
        options.map_sqlx_sqlite_opts(|options: SqliteConnectOptions| {
            options.busy_timeout(SQLITE_BUSY_TIMEOUT).pragma("query_only", "ON")
        });
        let statements = Statements::default();
        let pool = counted(Database::connect(options).await?, &statements);
        let lock = MigrationLock::File(data_dir.join("migration.lock"));
        Ok(Some(Self {
            engine: Engine::Sqlite,
            writer: pool.clone(),
            reader: pool,
            statements,
            entropy,
            lock,
            failpoints: Failpoints::default(),
        }))
    }

    async fn postgres(url: &str, config: &DatabaseConfig, entropy: Entropy) -> Result<Self, Fault> {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(config.max_connections)
            .min_connections(1)
            .acquire_timeout(config.acquire_timeout)
            .test_before_acquire(false)
            .sqlx_logging(false);
        let timeouts = [
            ("statement_timeout", config.statement_timeout),
            ("lock_timeout", config.lock_timeout),
            ("idle_in_transaction_session_timeout", config.idle_in_transaction_timeout),
        ]
        .map(|(name, duration)| (name, duration.as_millis().to_string()));
        // "There is no transaction in progress" is what the ROLLBACK below is answered nearly always.
        let quiet = ("client_min_messages", "error");
        options.map_sqlx_postgres_opts(move |options: PgConnectOptions| {
            options.options(timeouts.clone()).options([quiet])
        });
        roll_back_what_was_left_open(&mut options);
        let pool = Database::connect(options).await?;
        let statements = Statements::default();
        let pool = counted(pool, &statements);
        let lock = MigrationLock::Advisory;
        Ok(Self {
            engine: Engine::Postgres,
            writer: pool.clone(),
            reader: pool,
            statements,
            entropy,
            lock,
            failpoints: Failpoints::default(),
        })
    }

    async fn sqlite(data_dir: &Path, config: &DatabaseConfig, entropy: Entropy) -> Result<Self, Fault> {
        std::fs::create_dir_all(data_dir)
            .map_err(|cause| Fault::unavailable(format!("cannot make {}: {cause}", data_dir.display())))?;
        let file = data_dir.join(FILE);
        let url = |mode| format!("sqlite://{}?mode={mode}", file.display());
        let mut writer = ConnectOptions::new(url("rwc"));
        // A second writer only waits for the first: 3143 ms against 444 ms at p99 with a pool of ten.
        writer.max_connections(1).min_connections(1).acquire_timeout(SQLITE_WRITER_WAIT);
        let mut reader = ConnectOptions::new(url("ro"));
        reader
            .max_connections(config.max_connections.min(8))
            .min_connections(1)
            .acquire_timeout(config.acquire_timeout);
        for options in [&mut writer, &mut reader] {
            options.sqlx_logging(false).test_before_acquire(false).idle_timeout(None).max_lifetime(None);
        }
        writer.map_sqlx_sqlite_opts(|options: SqliteConnectOptions| {
            options
                .journal_mode(SqliteJournalMode::Wal)
                // NORMAL may lose the last commits when the power goes.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
                .foreign_keys(true)
        });
        reader.map_sqlx_sqlite_opts(|options: SqliteConnectOptions| options.busy_timeout(SQLITE_BUSY_TIMEOUT));
        let statements = Statements::default();
        let lock = data_dir.join("migration.lock");
        // Two processes that turn a new file to WAL at once get "database is locked" without any busy time-out.
        let alone = lock_file(&lock).await?;
        let writer = counted(Database::connect(writer).await?, &statements);
        drop(alone);
        let reader = counted(Database::connect(reader).await?, &statements);
        let lock = MigrationLock::File(lock);
        Ok(Self {
            engine: Engine::Sqlite,
            writer,
            reader,
            statements,
            entropy,
            lock,
            failpoints: Failpoints::default(),
        })
    }
}

/// sqlx 0.9.0 leaves a pooled connection inside an open transaction when a `begin` is cancelled (issues #4385, #4393):
/// the next user's acknowledged rows go when anybody rolls back. So every connection is cleaned before use.
fn roll_back_what_was_left_open(options: &mut ConnectOptions) {
    options.map_sqlx_postgres_before_acquire(|connection, _| {
        Box::pin(async move {
            sqlx::Executor::execute(connection, "ROLLBACK").await?;
            Ok(true)
        })
    });
}

fn counted(mut connection: DatabaseConnection, statements: &Statements) -> DatabaseConnection {
    let statements = statements.clone();
    connection.set_metric_callback(move |statement| {
        statements.sent.inc();
        statements.seconds.observe(statement.elapsed.as_secs_f64());
        if statement.failed {
            statements.failed.inc();
        }
    });
    connection
}
