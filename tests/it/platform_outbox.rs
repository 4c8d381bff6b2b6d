//! Effects that are decided in a transaction and carried out after it.

use std::collections::HashSet;
use std::convert::Infallible;

use chrono::TimeDelta;
use entity::ids::{PersonalAccountId, UserId};
use futures_util::future::join_all;
use kabinet::billing::event::BalanceChanged;
use kabinet::identity::event::DeleteUnconfirmed;
use kabinet::kernel::{Failure, Fault};
use kabinet::platform::outbox::{Lane, Leased};
use uuid::Uuid;

use crate::billing::{execute_sql, number};
use crate::harness::{TestApp, both_ways};
use crate::metering::owner;
use crate::payments::{current_debt, payment, started};

const HOW_MANY: &str = "SELECT COUNT(*) AS number FROM outbox_jobs";

/// Jobs that do nothing when they are carried out.
async fn enqueue(app: &TestApp, many: u128) {
    let enqueued = app.app.mechanisms.db.transaction(|tx| async move {
        for job in 0..many {
            let job = BalanceChanged { personal_account_id: PersonalAccountId(Uuid::from_u128(job)), payment: None };
            app.app.mechanisms.outbox.enqueue_in(&tx, &job).await?;
        }
        Ok::<_, Failure<Infallible>>(())
    });
    enqueued.await.unwrap();
}

async fn lease(app: &TestApp, most: u64) -> Vec<Leased> {
    app.app.mechanisms.outbox.lease(Lane::Effects, most).await.unwrap()
}

both_ways!(a_job_whose_worker_died_is_carried_out_again_after_its_lease, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let payment_started = started(&customer, current_debt(&account, "one")).await;
    app.bank(&payment_started.url, "pay").await;
    // A worker takes the job and is never heard of again.
    let lost = lease(&app, 16).await;
    assert_eq!(lost.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["notify_from_sandbox"]);
    app.advance(app.app.config.worker.lease - TimeDelta::milliseconds(1));
    execute_sql(&app, "DELETE FROM outbox_jobs WHERE kind = 'settle_payment'").await;
    app.drain().await;
    // Its owner's look would ask the bank.
    let pending = "SELECT COUNT(*) AS number FROM payments WHERE status = 'PENDING'";
    assert_eq!(number(&app, pending).await, 1, "the lease still runs");
    app.advance(TimeDelta::milliseconds(1));
    app.drain().await;
    assert_eq!(payment(&customer, &payment_started.id).await["status"], "SUCCEEDED");
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    app.finish().await;
});

both_ways!(a_job_that_fails_is_tried_again_after_growing_pauses_and_then_put_aside, |app| {
    enqueue(&app, 1).await;
    let cause = Fault::unavailable("the other side does not answer");
    let most = app.app.config.worker.max_attempts;
    for attempt in 1..=most {
        let job = lease(&app, 1).await.pop().expect("the job is due");
        assert_eq!(job.attempts, attempt);
        app.app.mechanisms.outbox.fail(&job, &cause).await.unwrap();
        let pause = 2_i64.pow(attempt.unsigned_abs()).min(3600);
        assert_eq!(lease(&app, 1).await.len(), 0, "not at once");
        app.advance(TimeDelta::seconds(pause - 1));
        assert_eq!(lease(&app, 1).await.len(), 0, "attempt {attempt}: not before {pause} s");
        app.advance(TimeDelta::seconds(1));
    }
    app.advance(TimeDelta::days(30));
    assert_eq!(lease(&app, 1).await.len(), 0, "put aside");
    assert_eq!(app.app.mechanisms.outbox.backlog().await.unwrap(), (0, 1));
    let kept =
        "SELECT COUNT(*) AS number FROM outbox_jobs WHERE dead_at IS NOT NULL AND last_error LIKE '%does not answer%'";
    assert_eq!(number(&app, kept).await, 1, "for people to see");
    execute_sql(&app, "DELETE FROM outbox_jobs").await;
    app.finish().await;
});

both_ways!(letters_are_in_a_lane_of_their_own, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let started = started(&customer, current_debt(&account, "one")).await;
    app.bank(&started.url, "pay").await;
    app.drain().await;
    let again = "UPDATE outbox_jobs SET due_at = created_at";
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    enqueue(&app, 1).await;
    execute_sql(&app, again).await;
    execute_sql(&app, "UPDATE outbox_jobs SET kind = 'send_something' WHERE kind = 'balance_changed'").await;
    assert!(lease(&app, 16).await.iter().all(|job| !job.kind.starts_with("send_")));
    let letters = app.app.mechanisms.outbox.lease(Lane::Letters, 16).await.unwrap();
    assert_eq!(letters.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["send_something"]);
    execute_sql(&app, "DELETE FROM outbox_jobs").await;
    app.finish().await;
});

both_ways!(a_job_that_went_well_and_comes_again_has_all_its_attempts, |app| {
    enqueue(&app, 1).await;
    for _ in 0..3 {
        let job = lease(&app, 1).await.pop().expect("the job is due");
        assert_eq!(job.attempts, 1);
        app.app.mechanisms.outbox.again_at(&job, app.clock.now()).await.unwrap();
    }
    execute_sql(&app, "DELETE FROM outbox_jobs").await;
    app.finish().await;
});

both_ways!(a_pending_payment_is_never_put_aside, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let started = started(&customer, current_debt(&account, "one")).await;
    execute_sql(&app, "UPDATE payments SET acquirer = 'gone'").await;
    execute_sql(&app, "UPDATE outbox_jobs SET attempts = 99 WHERE kind = 'settle_payment'").await;
    app.advance(TimeDelta::minutes(1));
    app.drain().await;
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM outbox_jobs WHERE dead_at IS NOT NULL").await, 0);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM outbox_jobs WHERE last_error IS NOT NULL").await, 1);
    execute_sql(&app, "UPDATE payments SET acquirer = 'sandbox'").await;
    app.bank(&started.url, "pay").await;
    app.advance(TimeDelta::hours(1));
    app.drain().await;
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments WHERE status = 'SUCCEEDED'").await, 1);
    app.take_letters("anna@example.com");
    app.finish().await;
});

both_ways!(a_job_that_nobody_knows_is_tried_again_and_hurts_no_other, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    enqueue(&app, 1).await;
    execute_sql(&app, "UPDATE outbox_jobs SET kind = 'unheard_of'").await;
    let started = started(&customer, current_debt(&account, "one")).await;
    app.bank(&started.url, "refuse").await;
    app.drain().await;
    assert_eq!(payment(&customer, &started.id).await["status"], "CANCELED");
    let waiting = "SELECT COUNT(*) AS number FROM outbox_jobs WHERE kind = 'unheard_of' AND attempts = 1 AND leased_until IS NULL";
    assert_eq!(number(&app, waiting).await, 1);
    execute_sql(&app, "DELETE FROM outbox_jobs").await;
    app.finish().await;
});

both_ways!(a_job_that_took_the_process_with_it_each_time_is_put_aside, |app| {
    enqueue(&app, 1).await;
    execute_sql(&app, &format!("UPDATE outbox_jobs SET attempts = {}", app.app.config.worker.max_attempts)).await;
    app.drain().await;
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM outbox_jobs WHERE dead_at IS NOT NULL").await, 1);
    execute_sql(&app, "DELETE FROM outbox_jobs").await;
    app.finish().await;
});

both_ways!(two_workers_never_get_the_same_job, |app| {
    enqueue(&app, 60).await;
    let leased = join_all((0..12).map(|_| lease(&app, 7))).await;
    let ids: Vec<_> = leased.iter().flatten().map(|job| job.id.0).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "a job was leased twice");
    let mut leased: Vec<_> = leased.into_iter().flatten().collect();
    loop {
        let more = lease(&app, 7).await;
        if more.is_empty() {
            break;
        }
        leased.extend(more);
    }
    assert_eq!(leased.len(), 60, "every job is somebody's");
    for job in &leased {
        app.app.mechanisms.outbox.complete(job).await.unwrap();
    }
    app.finish().await;
});

both_ways!(a_transaction_that_is_rolled_back_leaves_no_job, |app| {
    let rolled_back = app.app.mechanisms.db.transaction(|tx| {
        let outbox = &app.app.mechanisms.outbox;
        async move {
            outbox.enqueue_in(&tx, &DeleteUnconfirmed { user_id: UserId(Uuid::nil()) }).await?;
            Err::<(), _>(Failure::Refused("changed my mind"))
        }
    });
    assert!(matches!(rolled_back.await, Err(Failure::Refused("changed my mind"))));
    assert_eq!(number(&app, HOW_MANY).await, 0);
    app.finish().await;
});

both_ways!(a_job_that_is_due_later_waits, |app| {
    let due_at = app.clock.now() + TimeDelta::minutes(5);
    let enqueued = app.app.mechanisms.db.transaction(|tx| {
        let outbox = &app.app.mechanisms.outbox;
        async move {
            let job = BalanceChanged { personal_account_id: PersonalAccountId(Uuid::nil()), payment: None };
            outbox.enqueue_at_in(&tx, &job, due_at).await?;
            Ok::<_, Failure<Infallible>>(())
        }
    });
    enqueued.await.unwrap();
    app.advance(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
    assert_eq!(lease(&app, 16).await.len(), 0);
    app.advance(TimeDelta::microseconds(1));
    app.drain().await;
    assert_eq!(number(&app, HOW_MANY).await, 0);
    app.finish().await;
});
