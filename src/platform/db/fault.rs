//! What a database error means to the rest: try again, come back later, or a bug.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

use crate::kernel::{Failure, Fault};

/// Whether a unique key refused the row: somebody was there first.
pub fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) || matches!(error, DbErr::RecordNotInserted)
}

/// Whether another transaction held a lock for too long (PostgreSQL's lock_not_available).
pub fn is_lock_timeout(error: &DbErr) -> bool {
    let code =
        |cause: &sqlx::Error| cause.as_database_error().and_then(|error| error.code().map(|code| code == "55P03"));
    sqlx_error(error).and_then(code).unwrap_or_default()
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        // Before there is a connection any refusal means that: no such database, no entry, no connections allowed now.
        if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
            return Self::unavailable(error);
        }
        match sqlx_error(&error) {
            Some(sqlx::Error::Database(cause)) => by_code(cause.code().as_deref().unwrap_or_default(), &error),
            Some(
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Tls(_),
            ) => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl<R> From<DbErr> for Failure<R> {
    fn from(error: DbErr) -> Self {
        Self::Fault(error.into())
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// PostgreSQL's SQLSTATE (appendix A of its manual) or SQLite's extended result code.
fn by_code(code: &str, error: &DbErr) -> Fault {
    match code {
        // serialization_failure, deadlock_detected; SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT
        "40001" | "40P01" | "5" | "517" => Fault::Conflict(error.to_string()),
        // query_canceled by a time-out, lock_not_available, too many connections, shutting down; SQLITE_FULL, SQLITE_IOERR
        "57014" | "55P03" | "53300" | "57P01" | "57P02" | "57P03" | "25P03" | "13" | "10" => Fault::unavailable(error),
        code if code.starts_with("08") || code.starts_with("53") => Fault::unavailable(error),
        _ => Fault::internal(error),
    }
}
