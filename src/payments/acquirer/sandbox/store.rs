//! The bank's tables: `sandbox_payments`, `sandbox_refunds`, `sandbox_keys`.

use chrono::{DateTime, Utc};
use entity::{sandbox_key, sandbox_payment, sandbox_refund};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};

use crate::kernel::Fault;
use crate::platform::db::Tx;

pub async fn find_payment<C: ConnectionTrait>(db: &C, id: &str) -> Result<Option<sandbox_payment::Model>, Fault> {
    Ok(sandbox_payment::Entity::find_by_id(id.to_owned()).one(db).await?)
}

pub async fn lock_payment(tx: &Tx, id: &str) -> Result<Option<sandbox_payment::Model>, DbErr> {
    sandbox_payment::Entity::find_by_id(id.to_owned()).lock_exclusive().one(&**tx).await
}

pub async fn insert_payment(tx: &Tx, payment: sandbox_payment::Model) -> Result<(), DbErr> {
    sandbox_payment::Entity::insert(payment.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn update_payment(tx: &Tx, payment: &sandbox_payment::Model) -> Result<(), DbErr> {
    let id = sandbox_payment::Column::Id.eq(&payment.id);
    let row = payment.clone().into_active_model().reset_all();
    sandbox_payment::Entity::update_many().set(row).filter(id).exec(&**tx).await.map(|_| ())
}

/// In the order of their creation.
pub async fn list_payments(db: &DatabaseConnection, shop: &str) -> Result<Vec<sandbox_payment::Model>, Fault> {
    let query = sandbox_payment::Entity::find()
        .filter(sandbox_payment::Column::Shop.eq(shop))
        .order_by_asc(sandbox_payment::Column::CreatedAt)
        .order_by_asc(sandbox_payment::Column::Id);
    Ok(query.all(db).await?)
}

pub async fn find_refund<C: ConnectionTrait>(db: &C, id: &str) -> Result<Option<sandbox_refund::Model>, Fault> {
    Ok(sandbox_refund::Entity::find_by_id(id.to_owned()).one(db).await?)
}

pub async fn insert_refund(tx: &Tx, refund: sandbox_refund::Model) -> Result<(), DbErr> {
    sandbox_refund::Entity::insert(refund.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn list_refunds(db: &DatabaseConnection, shop: &str) -> Result<Vec<sandbox_refund::Model>, Fault> {
    let of_shop = sandbox_payment::Entity::find()
        .select_only()
        .column(sandbox_payment::Column::Id)
        .filter(sandbox_payment::Column::Shop.eq(shop));
    let query = sandbox_refund::Entity::find()
        .filter(sandbox_refund::Column::PaymentId.in_subquery(sea_orm::QueryTrait::into_query(of_shop)))
        .order_by_asc(sandbox_refund::Column::CreatedAt)
        .order_by_asc(sandbox_refund::Column::Id);
    Ok(query.all(db).await?)
}

/// The key's row, made when it is new or forgotten: two calls with one key wait for each other.
pub async fn lock_key(tx: &Tx, row: sandbox_key::Model, forgotten: DateTime<Utc>) -> Result<sandbox_key::Model, Fault> {
    use sandbox_key::{Column, Entity};
    let own = || Entity::find_by_id((row.shop.clone(), row.key.clone()));
    let old = Entity::delete_many().filter(Column::Shop.eq(&row.shop)).filter(Column::Key.eq(&row.key));
    old.filter(Column::FirstAt.lte(forgotten)).exec(&**tx).await?;
    let once = OnConflict::columns([Column::Shop, Column::Key]).do_nothing().to_owned();
    let insert = Entity::insert(row.clone().into_active_model()).on_conflict(once);
    insert.exec_without_returning(&**tx).await?;
    own().lock_exclusive().one(&**tx).await?.ok_or_else(|| Fault::internal("the sandbox lost a key"))
}

pub async fn update_key(tx: &Tx, key: &sandbox_key::Model) -> Result<(), DbErr> {
    use sandbox_key::{Column, Entity};
    let row = key.clone().into_active_model().reset_all();
    let own = Entity::update_many().set(row).filter(Column::Shop.eq(&key.shop)).filter(Column::Key.eq(&key.key));
    own.exec(&**tx).await.map(|_| ())
}
