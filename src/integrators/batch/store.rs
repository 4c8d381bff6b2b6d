//! The table `import_batches`.

use chrono::{DateTime, Utc};
use entity::ids::{ImportBatchId, ProviderId};
use entity::import_batch::{ActiveModel, Column, Entity, Model};
use entity::provider;
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};

use super::answer::BatchRefusal;
use crate::kernel::{Failure, Fault};
use crate::platform::db::{Tx, is_lock_timeout};
use crate::platform::idempotency::KeyRefusal;

/// Provider, operation, key.
pub type Named<'a> = (ProviderId, &'a str, &'a str);

pub async fn find<C: ConnectionTrait>(db: &C, (provider, operation, key): Named<'_>) -> Result<Option<Model>, Fault> {
    let query = Entity::find()
        .filter(Column::ProviderId.eq(provider))
        .filter(Column::Operation.eq(operation))
        .filter(Column::Key.eq(key));
    Ok(query.one(db).await?)
}

/// None when this is the first with its key: then [`record_in`] must follow. Two at once: on PostgreSQL the insert waits for
/// the other transaction, up to its `lock_timeout`; on SQLite there is one writer.
pub async fn claim_in(tx: &Tx, row: &Model) -> Result<Option<Model>, Failure<BatchRefusal>> {
    let once = OnConflict::columns([Column::ProviderId, Column::Operation, Column::Key]).do_nothing().to_owned();
    let inserted =
        Entity::insert(row.clone().into_active_model()).on_conflict(once).exec_without_returning(&**tx).await;
    let inserted = inserted.map_err(|error| {
        if is_lock_timeout(&error) { Failure::Refused(KeyRefusal::Running.into()) } else { Fault::from(error).into() }
    })?;
    if inserted == 1 {
        return Ok(None);
    }
    let first = find(&**tx, (row.provider_id, &row.operation, &row.key)).await?;
    first.map(Some).ok_or_else(|| Fault::internal("a batch vanished").into())
}

pub async fn record_in(tx: &Tx, id: ImportBatchId, answers: &str) -> Result<(), Fault> {
    let answers = ActiveModel { answers: Set(answers.to_owned()), ..Default::default() };
    Entity::update_many().set(answers).filter(Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// Batches that may add what has no account to lock wait for one another here.
pub async fn lock_provider_in(tx: &Tx, id: ProviderId) -> Result<(), Fault> {
    // Accounts refer to the provider: a stronger lock would hold up everything else that adds one.
    provider::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&**tx).await?;
    Ok(())
}

pub async fn purge_in(tx: &Tx, before: DateTime<Utc>) -> Result<u64, Fault> {
    Ok(Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(&**tx).await?.rows_affected)
}
