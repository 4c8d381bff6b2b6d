//! The table `incidents`.

use chrono::{DateTime, Utc};
use entity::ids::IncidentId;
use entity::incident::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder,
};

use crate::kernel::Fault;
use crate::platform::db::Tx;

/// Whether it is new.
pub async fn insert_once_in(tx: &Tx, row: Model) -> Result<bool, Fault> {
    let once = OnConflict::columns([Column::Subject, Column::Kind]).do_nothing().to_owned();
    Ok(Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(&**tx).await? == 1)
}

pub async fn list(db: &DatabaseConnection, open_only: bool) -> Result<Vec<Model>, Fault> {
    let query = Entity::find().order_by_asc(Column::Id);
    let query = if open_only { query.filter(Column::ClosedAt.is_null()) } else { query };
    Ok(query.all(db).await?)
}

pub async fn find(db: &DatabaseConnection, id: IncidentId) -> Result<Option<Model>, Fault> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

pub async fn count_open(db: &DatabaseConnection) -> Result<u64, Fault> {
    Ok(Entity::find().filter(Column::ClosedAt.is_null()).count(db).await?)
}

pub async fn update_owner_in(tx: &Tx, id: IncidentId, owner: &str) -> Result<u64, Fault> {
    update_open_in(tx, id, ActiveModel { owner: Set(Some(owner.to_owned())), ..Default::default() }).await
}

pub async fn update_closed_in(tx: &Tx, id: IncidentId, at: DateTime<Utc>, resolution: &str) -> Result<u64, Fault> {
    let resolution = Set(Some(resolution.to_owned()));
    update_open_in(tx, id, ActiveModel { closed_at: Set(Some(at)), resolution, ..Default::default() }).await
}

async fn update_open_in(tx: &Tx, id: IncidentId, change: ActiveModel) -> Result<u64, Fault> {
    let open = Entity::update_many().set(change).filter(Column::Id.eq(id)).filter(Column::ClosedAt.is_null());
    Ok(open.exec(&**tx).await?.rows_affected)
}
