//! The tables `uploads`, `upload_files`, `upload_chunks`.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::UploadState;
use entity::ids::{ProviderId, UploadId};
use entity::{provider, upload, upload_chunk, upload_file};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Upload;
use crate::kernel::{Failure, Fault};
use crate::platform::db::{Db, Tx, bulk};

use upload::Column as C;

/// Exports that are looked at for one that may be carried out.
const LOOKED_AT: u64 = 100;
/// Deleted at once.
const PURGED: u64 = 1000;

/// What concerns several exports of a provider is done one after the other.
pub async fn lock_provider_in(tx: &Tx, id: ProviderId) -> Result<(), Fault> {
    provider::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&**tx).await?;
    Ok(())
}

pub async fn count_open_in(tx: &Tx, provider: ProviderId) -> Result<u64, Fault> {
    let open = [UploadState::Receiving, UploadState::Waiting, UploadState::Running];
    let query = upload::Entity::find().filter(C::ProviderId.eq(provider)).filter(C::State.is_in(open));
    Ok(query.count(&**tx).await?)
}

pub async fn insert_in(tx: &Tx, upload: &Upload) -> Result<(), Fault> {
    upload::Entity::insert(upload.row.clone().into_active_model()).exec_without_returning(&**tx).await?;
    bulk::insert_all::<upload_file::Entity>(tx, &upload.files).await
}

pub async fn find(db: &DatabaseConnection, id: UploadId) -> Result<Option<upload::Model>, Fault> {
    Ok(upload::Entity::find_by_id(id).one(db).await?)
}

pub async fn lock_in(tx: &Tx, id: UploadId) -> Result<Option<upload::Model>, Fault> {
    Ok(upload::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?)
}

/// By name.
pub async fn list_files<D: ConnectionTrait>(db: &D, id: UploadId) -> Result<Vec<upload_file::Model>, Fault> {
    let query = upload_file::Entity::find().filter(upload_file::Column::UploadId.eq(id));
    Ok(query.order_by_asc(upload_file::Column::Name).all(db).await?)
}

pub async fn insert_chunk_in(tx: &Tx, chunk: upload_chunk::Model) -> Result<(), Fault> {
    upload_chunk::Entity::insert(chunk.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn find_chunk(
    db: &DatabaseConnection,
    (id, name): (UploadId, &str),
    position: i64,
) -> Result<Option<upload_chunk::Model>, Fault> {
    Ok(upload_chunk::Entity::find_by_id((id, name.to_owned(), position)).one(db).await?)
}

pub async fn advance_in(tx: &Tx, (id, name): (UploadId, &str), received: i64, complete: bool) -> Result<(), Fault> {
    let change = upload_file::ActiveModel { received: Set(received), complete: Set(complete), ..Default::default() };
    let file = upload_file::Entity::update_many().set(change).filter(upload_file::Column::UploadId.eq(id));
    file.filter(upload_file::Column::Name.eq(name)).exec(&**tx).await?;
    Ok(())
}

pub async fn arrive_in(tx: &Tx, id: UploadId, now: DateTime<Utc>) -> Result<(), Fault> {
    let change =
        upload::ActiveModel { state: Set(UploadState::Waiting), arrived_at: Set(Some(now)), ..Default::default() };
    upload::Entity::update_many().set(change).filter(C::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// Arrived, and in nobody's hands.
fn ready(now: DateTime<Utc>) -> Condition {
    let dropped = Condition::all().add(C::State.eq(UploadState::Running)).add(C::LeasedUntil.lte(now));
    Condition::any().add(C::State.eq(UploadState::Waiting)).add(dropped)
}

/// The longest arrived first.
pub async fn list_ready(db: &DatabaseConnection, now: DateTime<Utc>) -> Result<Vec<(UploadId, ProviderId)>, Fault> {
    let query = upload::Entity::find()
        .select_only()
        .columns([C::Id, C::ProviderId])
        .filter(ready(now))
        .order_by_asc(C::ArrivedAt)
        .order_by_asc(C::Id)
        .limit(LOOKED_AT);
    Ok(query.into_tuple().all(db).await?)
}

/// None when it was taken meanwhile, or another export of the provider came before and is not done.
pub async fn lease_in(
    tx: &Tx,
    (id, provider): (UploadId, ProviderId),
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<upload::Model>, Fault> {
    let first = upload::Entity::find()
        .filter(C::ProviderId.eq(provider))
        .filter(C::State.is_in([UploadState::Waiting, UploadState::Running]))
        .order_by_asc(C::ArrivedAt)
        .order_by_asc(C::Id);
    let Some(row) = first.one(&**tx).await?.filter(|row| row.id == id) else { return Ok(None) };
    if row.state == UploadState::Running && row.leased_until.is_some_and(|leased| leased > now) {
        return Ok(None);
    }
    let leased = upload::Model { state: UploadState::Running, run: row.run + 1, leased_until: Some(until), ..row };
    let change = upload::ActiveModel {
        state: Set(leased.state),
        run: Set(leased.run),
        leased_until: Set(leased.leased_until),
        ..Default::default()
    };
    // It may have been given up meanwhile.
    let taken = upload::Entity::update_many().set(change).filter(C::Id.eq(id)).exec(&**tx).await?;
    Ok((taken.rows_affected > 0).then_some(leased))
}

fn of_run(upload: &upload::Model) -> Condition {
    Condition::all().add(C::Id.eq(upload.id)).add(C::Run.eq(upload.run)).add(C::State.eq(UploadState::Running))
}

/// False when another run has begun.
pub async fn beat(db: &Db, upload: &upload::Model, until: DateTime<Utc>, steps: i64) -> Result<bool, Fault> {
    let done = db.transaction(|tx| async move {
        let change =
            upload::ActiveModel { leased_until: Set(Some(until)), steps_done: Set(steps), ..Default::default() };
        let mine = upload::Entity::update_many().set(change).filter(of_run(upload)).exec(&*tx).await?;
        Ok::<_, Failure<Infallible>>(mine.rows_affected > 0)
    });
    Ok(done.await?)
}

/// What has arrived is kept no longer. Nothing when another run has begun.
pub async fn end_in(
    tx: &Tx,
    upload: &upload::Model,
    (state, report): (UploadState, &str),
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let change = upload::ActiveModel {
        state: Set(state),
        report: Set(Some(report.to_owned())),
        finished_at: Set(Some(now)),
        leased_until: Set(None),
        steps_done: Set(upload.steps_total),
        ..Default::default()
    };
    let mine = upload::Entity::update_many().set(change).filter(of_run(upload)).exec(&**tx).await?;
    if mine.rows_affected > 0 {
        delete_chunks_in(tx, upload.id).await?;
    }
    Ok(())
}

async fn delete_chunks_in(tx: &Tx, id: UploadId) -> Result<(), Fault> {
    upload_chunk::Entity::delete_many().filter(upload_chunk::Column::UploadId.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub async fn delete_in(tx: &Tx, id: UploadId) -> Result<(), Fault> {
    delete_chunks_in(tx, id).await?;
    upload_file::Entity::delete_many().filter(upload_file::Column::UploadId.eq(id)).exec(&**tx).await?;
    upload::Entity::delete_many().filter(C::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub async fn list_old(
    db: &DatabaseConnection,
    begun_before: DateTime<Utc>,
    finished_before: DateTime<Utc>,
) -> Result<Vec<UploadId>, Fault> {
    let late = Condition::all().add(C::State.eq(UploadState::Receiving)).add(C::CreatedAt.lte(begun_before));
    let old = Condition::any().add(late).add(C::FinishedAt.lte(finished_before));
    let query = upload::Entity::find().select_only().column(C::Id).filter(old).limit(PURGED);
    Ok(query.into_tuple().all(db).await?)
}
