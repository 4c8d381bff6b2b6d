//! Statements, balances and the ledger.

mod dashboard;
pub mod ledger;
mod outlook;
mod statements;

use std::convert::Infallible;

use kabinet::kernel::Failure;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::harness::TestApp;

/// Arranges what no customer can: a statement that both engines understand.
pub async fn execute_sql(app: &TestApp, sql: &str) {
    let executed = app.app.mechanisms.db.transaction(|tx| async move {
        tx.execute_unprepared(sql).await?;
        Ok::<_, Failure<Infallible>>(())
    });
    executed.await.unwrap();
}

/// The answer of `SELECT … AS number`.
pub async fn number(app: &TestApp, sql: &str) -> i64 {
    let read = app.app.mechanisms.db.read();
    let answer = read.query_one_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap();
    answer.unwrap().try_get("", "number").unwrap()
}

/// What the database says to a statement that it must refuse.
pub async fn refused_sql(app: &TestApp, sql: &str) -> DbErr {
    app.app.mechanisms.db.read().execute_unprepared(sql).await.unwrap_err()
}
