//! The table `access_tokens`.

use chrono::{DateTime, Utc};
use entity::access_token::{ActiveModel, Column, Entity, Model};
use entity::client_grant;
use entity::ids::{AccessTokenId, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder,
};

use crate::kernel::Fault;
use crate::platform::db::Tx;

pub async fn insert_in(tx: &Tx, row: Model) -> Result<(), Fault> {
    Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn count<C: ConnectionTrait>(db: &C, user_id: UserId, now: DateTime<Utc>) -> Result<u64, Fault> {
    Ok(Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::ExpiresAt.gt(now)).count(db).await?)
}

pub async fn list<C: ConnectionTrait>(db: &C, user_id: UserId, now: DateTime<Utc>) -> Result<Vec<Model>, Fault> {
    let own = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::ExpiresAt.gt(now));
    Ok(own.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).all(db).await?)
}

pub async fn find<C: ConnectionTrait>(db: &C, id: AccessTokenId) -> Result<Option<Model>, Fault> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

pub async fn find_by_hash<C: ConnectionTrait>(db: &C, hash: &str) -> Result<Option<Model>, Fault> {
    Ok(Entity::find().filter(Column::TokenHash.eq(hash)).one(db).await?)
}

pub async fn update_used_in(tx: &Tx, id: AccessTokenId, now: DateTime<Utc>) -> Result<(), Fault> {
    let used = ActiveModel { used_at: Set(Some(now)), ..Default::default() };
    Entity::update_many().set(used).filter(Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// What was deleted.
pub async fn delete_in(tx: &Tx, user_id: UserId, id: AccessTokenId) -> Result<Option<Model>, Fault> {
    let found = Entity::find_by_id(id).filter(Column::UserId.eq(user_id)).one(&**tx).await?;
    if found.is_some() {
        Entity::delete_by_id(id).exec(&**tx).await?;
    }
    Ok(found)
}

/// Of the slice `consent`, which stands behind this one.
pub async fn revoke_grants_in(tx: &Tx, user_id: UserId, at: DateTime<Utc>) -> Result<(), Fault> {
    use client_grant::Column as C;
    let revoked = client_grant::ActiveModel { revoked_at: Set(Some(at)), ..Default::default() };
    let own = Condition::all().add(C::UserId.eq(user_id)).add(C::RevokedAt.is_null());
    client_grant::Entity::update_many().set(revoked).filter(own).exec(&**tx).await?;
    Ok(())
}

pub async fn delete_of_in(tx: &Tx, user_id: UserId) -> Result<(), Fault> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(&**tx).await?;
    Ok(())
}
