//! What `platform::db` promises of transactions, on the engine that threatens it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use kabinet::kernel::{Entropy, Failure, Fault};
use kabinet::platform::db::Db;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};

use crate::harness::{Backend, Way};

async fn connect(backend: &Backend) -> Db {
    let config = backend.config("http://127.0.0.1:1");
    Db::connect(&config.database, &config.data_dir, Entropy::System).await.unwrap()
}

fn url(backend: &Backend) -> String {
    let environment = backend.environment("http://127.0.0.1:1");
    environment.into_iter().find(|(name, _)| name == "KABINET__DATABASE__URL").expect("the full way").1
}

async fn number(db: &impl ConnectionTrait, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

/// A table of a test's own, filled with one row.
async fn counter(db: &Db) {
    let made = db.transaction(|tx| async move {
        tx.execute_unprepared("CREATE TABLE counter (n BIGINT NOT NULL)").await?;
        tx.execute_unprepared("INSERT INTO counter VALUES (0)").await?;
        Ok::<_, Failure<()>>(())
    });
    made.await.unwrap();
}

/// Begins a transaction and gives it up when it has waited so often: what a time-out around a request does.
/// False when it had begun by then.
async fn cancelled_begin(db: &DatabaseConnection, polls: u32) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the cancellation is what is tested")]
    let mut begin = pin!(db.begin());
    for _ in 0..polls {
        if let Poll::Ready(begun) = begin.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            begun.unwrap().rollback().await.unwrap();
            return false;
        }
        // The connection may still be on its way back to the pool.
        tokio::task::yield_now().await;
    }
    true
}

/// A cancelled begin, then an autocommit insert that is acknowledged, then somebody else's rollback.
async fn acknowledged_after_cancelling(db: &DatabaseConnection, row: u32, polls: u32) {
    cancelled_begin(db, polls).await;
    let inserted = db.execute_unprepared(&format!("INSERT INTO acknowledged VALUES ({row})")).await.unwrap();
    assert_eq!(inserted.rows_affected(), 1);
    #[expect(clippy::disallowed_methods, reason = "another user of the same connection")]
    let other = db.begin().await.unwrap();
    other.execute_unprepared("INSERT INTO acknowledged VALUES (-1)").await.unwrap();
    other.rollback().await.unwrap();
    // The connection's open transaction, if there is one, ends.
    drop(db.execute_unprepared("ROLLBACK").await);
}

const TABLE: &str = "CREATE TABLE acknowledged (n BIGINT NOT NULL)";
/// A begin is given up after one to so many polls.
const POLLS: u32 = 8;
const KEPT: &str = "SELECT count(*) AS n FROM acknowledged WHERE n >= 0";

/// Why the hook of `Db::connect` is there: remove both when the plain pool no longer loses rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_begin_on_a_plain_pool_loses_an_acknowledged_row() {
    // Which poll stands between the sending of BEGIN and its answer depends on the machine.
    const TRIES: u32 = 2000;
    let backend = Backend::empty(Way::Full).await;
    let mut options = ConnectOptions::new(url(&backend));
    options.max_connections(1).min_connections(1).test_before_acquire(false).sqlx_logging(false);
    let plain = Database::connect(options).await.unwrap();
    plain.execute_unprepared(TABLE).await.unwrap();
    let mut lost = false;
    for row in 0..TRIES {
        acknowledged_after_cancelling(&plain, row, 1 + row % POLLS).await;
        lost = number(&plain, KEPT).await <= i64::from(row);
        if lost {
            break;
        }
    }
    assert!(lost, "sqlx no longer loses rows (issue 4385): the hook can go");
    plain.close().await.unwrap();
    backend.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_begin_loses_nothing_with_the_hook() {
    const TRIES: u32 = 200;
    let backend = Backend::empty(Way::Full).await;
    let db = connect(&backend).await;
    let pool = db.read().clone();
    pool.execute_unprepared(TABLE).await.unwrap();
    let mut cancelled = 0;
    for row in 0..TRIES {
        cancelled += u32::from(cancelled_begin(&pool, 1 + row % POLLS).await);
        acknowledged_after_cancelling(&pool, row, 1 + row % POLLS).await;
    }
    // How many depends on how fast the server answers; none would mean that nothing was tried.
    assert!(cancelled > 0, "no begin was cancelled");
    assert_eq!(number(&pool, KEPT).await, i64::from(TRIES));
    db.close().await;
    backend.clean_up().await;
}

async fn increments_at_once(way: Way) {
    const AT_ONCE: i64 = 50;
    let backend = Backend::empty(way).await;
    let db = connect(&backend).await;
    counter(&db).await;
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let lock = if db.engine() == kabinet::platform::db::Engine::Postgres { " FOR UPDATE" } else { "" };
                let read = format!("SELECT n FROM counter{lock}");
                let read = &read;
                db.transaction(|tx| async move {
                    let seen = number(&*tx, read).await;
                    tokio::task::yield_now().await;
                    tx.execute_unprepared(&format!("UPDATE counter SET n = {}", seen + 1)).await?;
                    Ok::<_, Failure<()>>(())
                })
                .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().expect("nobody is turned away");
    }
    assert_eq!(number(db.read(), "SELECT n FROM counter").await, AT_ONCE, "no update is lost");
    db.close().await;
    backend.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_read_then_write_transactions_at_once_lose_no_update_on_sqlite() {
    increments_at_once(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_read_then_write_transactions_at_once_lose_no_update_on_postgres() {
    increments_at_once(Way::Full).await;
}

async fn refused(way: Way) {
    let backend = Backend::empty(way).await;
    let db = connect(&backend).await;
    counter(&db).await;
    let refused = db.transaction(|tx| async move {
        tx.execute_unprepared("UPDATE counter SET n = 1").await?;
        Err::<(), _>(Failure::Refused("no"))
    });
    assert!(matches!(refused.await, Err(Failure::Refused("no"))));
    let broken = db.transaction(|tx| async move {
        tx.execute_unprepared("UPDATE counter SET n = 2").await?;
        tx.execute_unprepared("UPDATE no_such_table SET n = 2").await?;
        Ok::<_, Failure<()>>(())
    });
    assert!(matches!(broken.await, Err(Failure::Fault(Fault::Internal(_)))));
    assert_eq!(number(db.read(), "SELECT n FROM counter").await, 0);
    db.close().await;
    backend.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_and_a_fault_roll_back_on_sqlite() {
    refused(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_and_a_fault_roll_back_on_postgres() {
    refused(Way::Full).await;
}

/// Raises the error so often, then succeeds; how often the work ran, and how it ended.
async fn conflicts(code: &str, times: u32) -> (u32, Result<(), Failure<()>>) {
    let backend = Backend::empty(Way::Full).await;
    let db = connect(&backend).await;
    counter(&db).await;
    let runs = AtomicU32::new(0);
    let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '{code}'; END $$");
    let (counted, raise) = (&runs, &raise);
    let result = db
        .transaction(|tx| async move {
            tx.execute_unprepared("UPDATE counter SET n = n + 1").await?;
            if counted.fetch_add(1, Ordering::SeqCst) < times {
                tx.execute_unprepared(raise).await?;
            }
            Ok(())
        })
        .await;
    let written = number(db.read(), "SELECT n FROM counter").await;
    assert_eq!(written, i64::from(result.is_ok()), "only the run that succeeded is kept");
    db.close().await;
    backend.clean_up().await;
    (runs.into_inner(), result)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serialization_failure_or_a_deadlock_runs_the_transaction_again() {
    for code in ["40001", "40P01"] {
        let (runs, result) = conflicts(code, 3).await;
        assert!(result.is_ok(), "{code}");
        assert_eq!(runs, 4, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_five_conflicts_the_database_counts_as_unavailable() {
    let (runs, result) = conflicts("40001", u32::MAX).await;
    assert!(matches!(result, Err(Failure::Fault(Fault::Unavailable(_)))));
    assert_eq!(runs, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_error_is_not_tried_again() {
    let (runs, result) = conflicts("22012", u32::MAX).await;
    assert!(matches!(result, Err(Failure::Fault(Fault::Internal(_)))));
    assert_eq!(runs, 1);
}

/// Two transactions that each read what the other writes: PostgreSQL itself refuses one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_conflict_between_two_transactions_is_healed() {
    let backend = Backend::empty(Way::Full).await;
    let db = connect(&backend).await;
    counter(&db).await;
    let both_have_read = Arc::new(tokio::sync::Barrier::new(2));
    let tasks = [(); 2].map(|()| {
        let (db, both) = (db.clone(), Arc::clone(&both_have_read));
        tokio::spawn(async move {
            let first_run = AtomicU32::new(0);
            let (first_run, both) = (&first_run, &both);
            db.transaction(|tx| async move {
                tx.execute_unprepared("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").await?;
                let seen = number(&*tx, "SELECT n FROM counter").await;
                if first_run.fetch_add(1, Ordering::SeqCst) == 0 {
                    both.wait().await;
                }
                tx.execute_unprepared(&format!("UPDATE counter SET n = {}", seen + 1)).await?;
                Ok::<_, Failure<()>>(())
            })
            .await?;
            Ok::<_, Failure<()>>(first_run.load(Ordering::SeqCst))
        })
    });
    let mut runs = 0;
    for task in tasks {
        runs += task.await.unwrap().expect("the conflict is healed");
    }
    assert_eq!(runs, 3, "one of them ran again");
    assert_eq!(number(db.read(), "SELECT n FROM counter").await, 2);
    db.close().await;
    backend.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_limits_are_postgres_own() {
    let backend = Backend::empty(Way::Full).await;
    let mut config = backend.config("http://127.0.0.1:1");
    config.database.statement_timeout = std::time::Duration::from_millis(200);
    let db = Db::connect(&config.database, &config.data_dir, Entropy::System).await.unwrap();
    let limits = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) AS limits FROM pg_settings \
                  WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')";
    let statement = Statement::from_string(db.read().get_database_backend(), limits);
    let limits: String = db.read().query_one_raw(statement).await.unwrap().unwrap().try_get("", "limits").unwrap();
    assert_eq!(limits, "idle_in_transaction_session_timeout=30000 lock_timeout=5000 statement_timeout=200");
    let slow = db.transaction(|tx| async move {
        tx.execute_unprepared("SELECT pg_sleep(20)").await?;
        Ok::<_, Failure<()>>(())
    });
    assert!(matches!(slow.await, Err(Failure::Fault(Fault::Unavailable(_)))));
    db.close().await;
    backend.clean_up().await;
}
