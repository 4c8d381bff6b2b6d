//! The tables `data_exports` and `data_export_chunks`.

use chrono::{DateTime, Utc};
use entity::ids::{DataExportId, UserId};
use entity::{data_export, data_export_chunk, user};
use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use crate::kernel::Fault;
use crate::platform::db::Tx;

/// What one person asks for is looked at one after the other.
pub async fn lock_person_in(tx: &Tx, id: UserId) -> Result<(), Fault> {
    let person = user::Entity::find_by_id(id).select_only().column(user::Column::Id).lock(LockType::NoKeyUpdate);
    let _: Option<UserId> = person.into_tuple().one(&**tx).await?;
    Ok(())
}

pub async fn find(db: &DatabaseConnection, id: DataExportId) -> Result<Option<data_export::Model>, Fault> {
    Ok(data_export::Entity::find_by_id(id).one(db).await?)
}

/// Newest first.
pub async fn list_of<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Vec<data_export::Model>, Fault> {
    let theirs = data_export::Entity::find().filter(data_export::Column::UserId.eq(user));
    let ordered = theirs.order_by_desc(data_export::Column::RequestedAt).order_by_desc(data_export::Column::Id);
    Ok(ordered.all(db).await?)
}

pub async fn insert_in(tx: &Tx, export: data_export::Model) -> Result<(), Fault> {
    data_export::Entity::insert(export.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

/// The next run of one that is not ready, with nothing written; none when there is nothing to make.
pub async fn begin_in(tx: &Tx, id: DataExportId) -> Result<Option<data_export::Model>, Fault> {
    let found = data_export::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    let Some(export) = found.filter(|export| export.ready_at.is_none()) else { return Ok(None) };
    let begun = data_export::Model { run: export.run.saturating_add(1), records: 0, ..export };
    let change = data_export::ActiveModel { run: Set(begun.run), records: Set(0), ..Default::default() };
    data_export::Entity::update_many().set(change).filter(data_export::Column::Id.eq(id)).exec(&**tx).await?;
    delete_chunks_in(tx, id).await?;
    Ok(Some(begun))
}

fn of_run(export: &data_export::Model) -> Condition {
    Condition::all()
        .add(data_export::Column::Id.eq(export.id))
        .add(data_export::Column::Run.eq(export.run))
        .add(data_export::Column::ReadyAt.is_null())
}

/// False when another run has begun, or the export is gone.
pub async fn add_records_in(tx: &Tx, export: &data_export::Model, more: i64) -> Result<bool, Fault> {
    let update = data_export::Entity::update_many()
        .col_expr(data_export::Column::Records, Expr::col(data_export::Column::Records).add(more))
        .filter(of_run(export));
    Ok(update.exec(&**tx).await?.rows_affected == 1)
}

/// The same.
pub async fn insert_chunk_in(
    tx: &Tx,
    export: &data_export::Model,
    position: i32,
    content: Vec<u8>,
) -> Result<bool, Fault> {
    let current = data_export::Entity::find().filter(of_run(export)).lock_exclusive().one(&**tx).await?;
    if current.is_none() {
        return Ok(false);
    }
    let chunk = data_export_chunk::Model { data_export_id: export.id, position, content };
    data_export_chunk::Entity::insert(chunk.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(true)
}

/// The same.
pub async fn finish_in(
    tx: &Tx,
    export: &data_export::Model,
    size: i64,
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, Fault> {
    let ready = data_export::ActiveModel {
        size: Set(Some(size)),
        ready_at: Set(Some(now)),
        expires_at: Set(Some(expires_at)),
        ..Default::default()
    };
    let update = data_export::Entity::update_many().set(ready).filter(of_run(export));
    Ok(update.exec(&**tx).await?.rows_affected == 1)
}

pub async fn find_chunk(db: &DatabaseConnection, id: DataExportId, position: i32) -> Result<Option<Vec<u8>>, Fault> {
    Ok(data_export_chunk::Entity::find_by_id((id, position)).one(db).await?.map(|chunk| chunk.content))
}

async fn delete_chunks_in(tx: &Tx, id: DataExportId) -> Result<(), Fault> {
    let chunks = data_export_chunk::Entity::delete_many().filter(data_export_chunk::Column::DataExportId.eq(id));
    chunks.exec(&**tx).await?;
    Ok(())
}

pub async fn delete_in(tx: &Tx, id: DataExportId) -> Result<(), Fault> {
    // Its maker waits for this lock, and finds nothing then.
    data_export::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    delete_chunks_in(tx, id).await?;
    data_export::Entity::delete_by_id(id).exec(&**tx).await?;
    Ok(())
}

/// How many there were.
pub async fn delete_of_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    let theirs = || data_export::Entity::find().filter(data_export::Column::UserId.eq(user));
    theirs().lock_exclusive().all(&**tx).await?;
    let ids = theirs().select_only().column(data_export::Column::Id);
    let chunks = data_export_chunk::Column::DataExportId.in_subquery(ids.into_query());
    data_export_chunk::Entity::delete_many().filter(chunks).exec(&**tx).await?;
    let deleted = data_export::Entity::delete_many().filter(data_export::Column::UserId.eq(user)).exec(&**tx).await?;
    Ok(deleted.rows_affected)
}
