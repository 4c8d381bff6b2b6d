//! The tables `meters` and `meter_readings`.

use entity::ids::{MeterId, MeterReadingId, PaymentId, PersonalAccountId};
use entity::{meter, meter_reading};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::meter::ReadingKey;
use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, read_page};

pub async fn list_meters(db: &DatabaseConnection, accounts: &[PersonalAccountId]) -> Result<Vec<meter::Model>, Fault> {
    let query = meter::Entity::find().filter(meter::Column::PersonalAccountId.is_in(accounts.iter().copied()));
    Ok(query.order_by_asc(meter::Column::Name).order_by_asc(meter::Column::Id).all(db).await?)
}

pub async fn find_meters(db: &DatabaseConnection, ids: &[MeterId]) -> Result<Vec<meter::Model>, Fault> {
    Ok(meter::Entity::find().filter(meter::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

/// In the order of their ids, so that two submissions never wait for each other in a circle.
pub async fn lock_meters_in(tx: &Tx, ids: &[MeterId]) -> Result<Vec<meter::Model>, DbErr> {
    let query =
        meter::Entity::find().filter(meter::Column::Id.is_in(ids.iter().copied())).order_by_asc(meter::Column::Id);
    query.lock_exclusive().all(&**tx).await
}

pub async fn find_readings<C: ConnectionTrait>(
    db: &C,
    ids: &[MeterReadingId],
) -> Result<Vec<meter_reading::Model>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(meter_reading::Entity::find().filter(meter_reading::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

pub async fn page_readings(
    db: &DatabaseConnection,
    account: PersonalAccountId,
    meter: MeterId,
    page: &Page<ReadingKey>,
) -> Result<Vec<meter_reading::Model>, Fault> {
    let query = meter_reading::Entity::find()
        .filter(meter_reading::Column::MeterId.eq(meter))
        .filter(meter_reading::Column::PersonalAccountId.eq(account));
    let mut cursor = query.cursor_by((meter_reading::Column::TakenOn, meter_reading::Column::Id));
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn list_readings_of_payments(
    db: &DatabaseConnection,
    payments: &[PaymentId],
) -> Result<Vec<meter_reading::Model>, Fault> {
    let query = meter_reading::Entity::find().filter(meter_reading::Column::PaymentId.is_in(payments.iter().copied()));
    Ok(query.order_by_asc(meter_reading::Column::Id).all(db).await?)
}

/// `newest` are those of them that become their meters' last readings.
pub async fn insert_readings_in(
    tx: &Tx,
    readings: &[meter_reading::Model],
    newest: impl Iterator<Item = &meter_reading::Model>,
) -> Result<(), DbErr> {
    let rows = readings.iter().cloned().map(IntoActiveModel::into_active_model);
    meter_reading::Entity::insert_many(rows).exec_without_returning(&**tx).await?;
    for reading in newest {
        let last = meter::ActiveModel { last_reading_id: Set(Some(reading.id)), ..Default::default() };
        meter::Entity::update_many().set(last).filter(meter::Column::Id.eq(reading.meter_id)).exec(&**tx).await?;
    }
    Ok(())
}
