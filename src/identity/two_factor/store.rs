//! The tables `two_factors` and `recovery_codes`.

use chrono::{DateTime, Utc};
use entity::ids::UserId;
use entity::{recovery_code, two_factor};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QuerySelect,
};

use crate::kernel::Fault;
use crate::platform::db::Tx;

pub async fn find<C: ConnectionTrait>(db: &C, user_id: UserId) -> Result<Option<two_factor::Model>, Fault> {
    Ok(two_factor::Entity::find_by_id(user_id).one(db).await?)
}

/// The confirmed factor, held until the transaction ends: what is done to its codes is done one after the other.
pub async fn lock_confirmed_in(tx: &Tx, user_id: UserId) -> Result<Option<two_factor::Model>, Fault> {
    let confirmed = two_factor::Entity::find_by_id(user_id).filter(two_factor::Column::ConfirmedAt.is_not_null());
    Ok(confirmed.lock_exclusive().one(&**tx).await?)
}

pub async fn count_recovery_codes<C: ConnectionTrait>(db: &C, user_id: UserId) -> Result<u64, Fault> {
    let own = recovery_code::Entity::find().filter(recovery_code::Column::UserId.eq(user_id));
    Ok(own.count(db).await?)
}

/// In the place of one that was begun and not confirmed; false when there is a confirmed one.
pub async fn begin_in(tx: &Tx, factor: two_factor::Model) -> Result<bool, Fault> {
    let mut unless_confirmed = OnConflict::column(two_factor::Column::UserId);
    unless_confirmed
        .update_columns([two_factor::Column::Secret, two_factor::Column::BegunAt])
        .action_and_where(Expr::col((two_factor::Entity, two_factor::Column::ConfirmedAt)).is_null());
    let insert = two_factor::Entity::insert(factor.into_active_model()).on_conflict(unless_confirmed);
    Ok(insert.exec_without_returning(&**tx).await? == 1)
}

/// True for the one call that confirms this very secret.
pub async fn confirm_in(tx: &Tx, factor: &two_factor::Model, step: i64, now: DateTime<Utc>) -> Result<bool, Fault> {
    let confirmed =
        two_factor::ActiveModel { confirmed_at: Set(Some(now)), last_step: Set(Some(step)), ..Default::default() };
    let updated = two_factor::Entity::update_many()
        .set(confirmed)
        .filter(two_factor::Column::UserId.eq(factor.user_id))
        .filter(two_factor::Column::Secret.eq(&factor.secret))
        .filter(two_factor::Column::ConfirmedAt.is_null())
        .exec(&**tx)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// True for the one use of a step's code: the comparison is part of the update.
pub async fn use_step_in(tx: &Tx, factor: &two_factor::Model, step: i64) -> Result<bool, Fault> {
    let used = two_factor::ActiveModel { last_step: Set(Some(step)), ..Default::default() };
    let updated = two_factor::Entity::update_many()
        .set(used)
        .filter(two_factor::Column::UserId.eq(factor.user_id))
        .filter(two_factor::Column::Secret.eq(&factor.secret))
        .filter(two_factor::Column::ConfirmedAt.is_not_null())
        .filter(two_factor::Column::LastStep.lt(step))
        .exec(&**tx)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// True for the one use of a recovery code.
pub async fn use_recovery_code_in(tx: &Tx, user_id: UserId, code_hash: String) -> Result<bool, Fault> {
    let deleted = recovery_code::Entity::delete_by_id((user_id, code_hash)).exec(&**tx).await?;
    Ok(deleted.rows_affected == 1)
}

pub async fn replace_recovery_codes_in(tx: &Tx, user_id: UserId, hashes: &[String]) -> Result<(), Fault> {
    delete_recovery_codes_in(tx, user_id).await?;
    let rows = hashes.iter().map(|code_hash| recovery_code::Model { user_id, code_hash: code_hash.clone() });
    let rows = rows.map(IntoActiveModel::into_active_model);
    recovery_code::Entity::insert_many(rows).exec_without_returning(&**tx).await?;
    Ok(())
}

/// The factor, begun or confirmed, with its codes.
pub async fn delete_in(tx: &Tx, user_id: UserId) -> Result<(), Fault> {
    delete_recovery_codes_in(tx, user_id).await?;
    two_factor::Entity::delete_by_id(user_id).exec(&**tx).await?;
    Ok(())
}

async fn delete_recovery_codes_in(tx: &Tx, user_id: UserId) -> Result<(), Fault> {
    let own = recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user_id));
    own.exec(&**tx).await?;
    Ok(())
}
