//! The database: one writer and many readers (SQLite), or one small pool (PostgreSQL).
//!
//! Every change goes through [`Db::transaction`], which begins, commits, rolls back and tries again.

pub mod bulk;
mod connect;
mod fault;
mod migrate;
mod paging;
mod transaction;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::kernel::{Clock, Entropy, Fault};
use crate::platform::failpoint::Failpoints;
use crate::platform::metrics::{Pool, Statements};

pub use fault::{is_duplicate, is_lock_timeout};
pub use migrate::MigrationLock;
pub use paging::read_page;
pub use transaction::Tx;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Clone, Debug)]
pub struct Db {
    engine: Engine,
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    statements: Statements,
    entropy: Entropy,
    lock: MigrationLock,
    failpoints: Failpoints,
}

impl Db {
    #[must_use]
    pub fn with_failpoints(self, failpoints: Failpoints) -> Self {
        Self { failpoints, ..self }
    }

    /// A place of the caller's own, between transactions.
    pub async fn cross(&self, failpoint: &'static str) {
        self.failpoints.cross(failpoint).await;
    }

    /// For statements that change nothing and need no transaction.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Statements sent so far by this process: what tests count.
    pub fn statements(&self) -> u64 {
        self.statements.sent.get()
    }

    pub fn measured(&self) -> &Statements {
        &self.statements
    }

    pub fn pools(&self) -> Vec<Pool> {
        let pool = |name, connection: &DatabaseConnection| {
            let (open, idle, most) = match self.engine {
                Engine::Sqlite => standing(connection.get_sqlite_connection_pool()),
                Engine::Postgres => standing(connection.get_postgres_connection_pool()),
            };
            Pool { name, idle, open, most }
        };
        match self.engine {
            Engine::Sqlite => vec![pool("writer", &self.writer), pool("readers", &self.reader)],
            Engine::Postgres => vec![pool("all", &self.reader)],
        }
    }

    /// # Errors
    /// The database does not answer.
    pub async fn ping(&self) -> Result<(), Fault> {
        let statement = Statement::from_string(self.reader.get_database_backend(), "SELECT 1");
        self.reader.query_one_raw(statement).await?;
        Ok(())
    }

    /// How far the database's clock is from ours; with SQLite they are one.
    pub async fn clock_difference(&self, clock: &Clock) -> Result<Duration, Fault> {
        if self.engine == Engine::Sqlite {
            return Ok(Duration::ZERO);
        }
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";
        let row = self.reader.query_one_raw(Statement::from_string(self.reader.get_database_backend(), sql)).await?;
        let theirs: i64 = row.ok_or_else(|| Fault::internal("the database has no clock"))?.try_get("", "micros")?;
        Ok(Duration::from_micros(theirs.abs_diff(clock.now().timestamp_micros())))
    }

    /// Lets connections go; statements under way are finished.
    pub async fn close(self) {
        // The writer last: only it can move SQLite's log into the database file.
        let closed = (self.reader.close().await, self.writer.close().await);
        if let (Err(cause), _) | (_, Err(cause)) = closed {
            tracing::warn!(%cause, "closing the database");
        }
    }
}

/// Open and idle connections, and how many there may be.
fn standing<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> (usize, usize, usize) {
    let count = |connections: u32| usize::try_from(connections).unwrap_or(usize::MAX);
    (count(pool.size()), pool.num_idle(), count(pool.options().get_max_connections()))
}
