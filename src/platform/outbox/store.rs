//! The table `outbox_jobs`.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::ids::OutboxJobId;
use entity::outbox_job::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Lane, Leased};
use crate::kernel::{Failure, Fault};
use crate::platform::db::{Db, Tx};

pub async fn insert_in(tx: &Tx, row: Model) -> Result<(), Fault> {
    Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn lease(
    db: &Db,
    lane: Lane,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    most: u64,
) -> Result<Vec<Leased>, Fault> {
    let waiting = &waiting(now).add(of_lane(lane));
    if Entity::find().filter(waiting.clone()).limit(1).one(db.read()).await?.is_none() {
        return Ok(Vec::new());
    }
    let leased = db.transaction(|tx| async move {
        let due = Entity::find()
            .filter(waiting.clone())
            .order_by_asc(Column::DueAt)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&*tx)
            .await?;
        let lease = ActiveModel { leased_until: Set(Some(until)), ..Default::default() };
        Entity::update_many()
            .set(lease)
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.is_in(due.iter().map(|job| job.id)))
            .exec(&*tx)
            .await?;
        Ok::<_, Failure<Infallible>>(due)
    });
    let job = |row: Model| Leased { id: row.id, kind: row.kind, payload: row.payload, attempts: row.attempts + 1 };
    Ok(leased.await?.into_iter().map(job).collect())
}

fn of_lane(lane: Lane) -> SimpleExpr {
    // The underscore stands for any letter in LIKE; no kind is so near to another.
    let letter = Column::Kind.starts_with(Lane::LETTERS);
    let archive = Column::Kind.starts_with(Lane::ARCHIVES);
    match lane {
        Lane::Letters => letter,
        Lane::Archives => archive,
        Lane::Effects => letter.not().and(archive.not()),
    }
}

fn waiting(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(Column::DeadAt.is_null())
        .add(Column::DueAt.lte(now))
        .add(Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lte(now)))
}

pub async fn delete(db: &Db, id: OutboxJobId) -> Result<(), Fault> {
    db.transaction(|tx| async move {
        Entity::delete_by_id(id).exec(&*tx).await?;
        Ok::<_, Failure<Infallible>>(())
    })
    .await?;
    Ok(())
}

pub async fn extend(db: &Db, id: OutboxJobId, until: DateTime<Utc>) -> Result<(), Fault> {
    update(db, id, ActiveModel { leased_until: Set(Some(until)), ..Default::default() }).await
}

pub async fn begin_anew(db: &Db, id: OutboxJobId, due_at: DateTime<Utc>) -> Result<(), Fault> {
    let change = ActiveModel {
        due_at: Set(due_at),
        attempts: Set(0),
        leased_until: Set(None),
        last_error: Set(None),
        ..Default::default()
    };
    update(db, id, change).await
}

pub async fn postpone(db: &Db, id: OutboxJobId, due_at: DateTime<Utc>, error: &str) -> Result<(), Fault> {
    let error = Some(error.to_owned());
    update(
        db,
        id,
        ActiveModel { due_at: Set(due_at), leased_until: Set(None), last_error: Set(error), ..Default::default() },
    )
    .await
}

pub async fn bury(db: &Db, id: OutboxJobId, now: DateTime<Utc>, error: &str) -> Result<(), Fault> {
    let error = Some(error.to_owned());
    update(
        db,
        id,
        ActiveModel { dead_at: Set(Some(now)), leased_until: Set(None), last_error: Set(error), ..Default::default() },
    )
    .await
}

async fn update(db: &Db, id: OutboxJobId, change: ActiveModel) -> Result<(), Fault> {
    let change = &change;
    db.transaction(|tx| async move {
        Entity::update_many().set(change.clone()).filter(Column::Id.eq(id)).exec(&*tx).await?;
        Ok::<_, Failure<Infallible>>(())
    })
    .await?;
    Ok(())
}

pub async fn backlog(db: &Db, now: DateTime<Utc>) -> Result<(u64, u64), Fault> {
    let due = Entity::find().filter(waiting(now)).count(db.read()).await?;
    let dead = Entity::find().filter(Column::DeadAt.is_not_null()).count(db.read()).await?;
    Ok((due, dead))
}

/// Of the jobs in nobody's hands.
pub async fn oldest_due(db: &Db, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Fault> {
    let oldest = Entity::find().filter(waiting(now)).order_by_asc(Column::DueAt).limit(1).one(db.read()).await?;
    Ok(oldest.map(|job| job.due_at))
}
