//! The tables `meters`, `meter_readings` and `reading_status_changes`.

use chrono::NaiveDate;
use entity::enums::{OutboundKind, ReadingStatus};
use entity::exact::Quantity;
use entity::ids::{MeterId, MeterReadingId, PaymentId, PersonalAccountId, ProviderId, UserId};
use entity::{meter, meter_reading, meter_replacement, outbound_row, personal_account, reading_status_change};
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, Order, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef,
};

use super::meter::ReadingKey;
use crate::accounts::AccountKey;
use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, bulk, read_page};

/// What reads: the connection, or a transaction that sees its own changes.
pub use sea_orm::ConnectionTrait as Reader;

pub async fn list_meters(db: &DatabaseConnection, accounts: &[PersonalAccountId]) -> Result<Vec<meter::Model>, Fault> {
    let query = meter::Entity::find().filter(meter::Column::PersonalAccountId.is_in(accounts.iter().copied()));
    Ok(query.order_by_asc(meter::Column::Name).order_by_asc(meter::Column::Id).all(db).await?)
}

pub async fn list_replacements(
    db: &DatabaseConnection,
    meters: &[MeterId],
) -> Result<Vec<meter_replacement::Model>, Fault> {
    use meter_replacement::Column as C;
    let of = |column: C| column.is_in(meters.iter().copied());
    let either = Condition::any().add(of(C::OldMeterId)).add(of(C::NewMeterId));
    Ok(meter_replacement::Entity::find().filter(either).all(db).await?)
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
    account: AccountKey,
    meter: MeterId,
    page: &Page<ReadingKey>,
) -> Result<Vec<meter_reading::Model>, Fault> {
    let wanted = Condition::all()
        .add(meter_reading::Column::MeterId.eq(meter))
        .add(meter_reading::Column::PersonalAccountId.eq(account.id()))
        .add_option(account.since().0.map(|since| meter_reading::Column::TakenOn.gte(since)));
    let query = meter_reading::Entity::find().filter(wanted);
    let mut cursor = query.cursor_by((meter_reading::Column::TakenOn, meter_reading::Column::Id));
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn page_sent_by(
    db: &DatabaseConnection,
    user: UserId,
    page: &Page<MeterReadingId>,
) -> Result<Vec<meter_reading::Model>, Fault> {
    let query = meter_reading::Entity::find().filter(meter_reading::Column::SubmittedBy.eq(user));
    Ok(read_page(query.cursor_by(meter_reading::Column::Id), page, db).await?)
}

/// Readings for a provider's accounts that have a place, by it.
pub async fn page_outbound(
    db: &DatabaseConnection,
    provider: ProviderId,
    page: &Page<i64>,
) -> Result<Vec<(i64, MeterReadingId)>, Fault> {
    use outbound_row::Column as C;
    let query = outbound_row::Entity::find()
        .filter(C::ProviderId.eq(provider))
        .filter(C::Kind.eq(OutboundKind::Reading))
        .filter(C::Position.is_not_null());
    let rows = read_page(query.cursor_by(C::Position), page, db).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.position?, MeterReadingId(row.row_id)))).collect())
}

/// That people have sent for the provider's accounts, and it does not have yet: behind one of them, in the order of their ids.
pub async fn list_submitted(
    db: &DatabaseConnection,
    provider: ProviderId,
    after: Option<MeterReadingId>,
    most: u64,
) -> Result<Vec<meter_reading::Model>, Fault> {
    use meter_reading::{Column as C, Entity};
    let account = Entity::belongs_to(personal_account::Entity).from(C::PersonalAccountId);
    let account = account.to(personal_account::Column::Id);
    let waiting = Entity::find()
        .join(JoinType::InnerJoin, account.into())
        .filter(personal_account::Column::ProviderId.eq(provider))
        .filter(C::Status.eq(ReadingStatus::Submitted))
        .apply_if(after, |waiting, id| waiting.filter(C::Id.gt(id)));
    Ok(waiting.order_by_asc(C::Id).limit(most).all(db).await?)
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

/// What `series::is_counted` says, for the database.
fn is_counted() -> Condition {
    use meter_reading::Column as C;
    let decided = C::Status.is_in([ReadingStatus::Accepted, ReadingStatus::Billed]);
    let waiting = C::Status.is_in([ReadingStatus::Submitted, ReadingStatus::Delivered]);
    Condition::any().add(decided).add(waiting.and(C::HistoryWithheld.eq(false)))
}

/// The readings of meters that count, in order, from a day on.
pub async fn list_counted<C: ConnectionTrait>(
    db: &C,
    meters: &[MeterId],
    since: Option<NaiveDate>,
) -> Result<Vec<meter_reading::Model>, Fault> {
    let mut query = meter_reading::Entity::find()
        .filter(meter_reading::Column::MeterId.is_in(meters.iter().copied()))
        .filter(is_counted());
    if let Some(since) = since {
        query = query.filter(meter_reading::Column::TakenOn.gte(since));
    }
    let query = query.order_by_asc(meter_reading::Column::TakenOn).order_by_asc(meter_reading::Column::Id);
    Ok(query.all(db).await?)
}

/// Meters of accounts by name, each with its last reading and those that count from a day on, in order: one statement.
pub async fn list_measured(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
    since: Option<NaiveDate>,
) -> Result<Vec<(meter::Model, Option<meter_reading::Model>)>, Fault> {
    use meter_reading::Column as C;
    let of_meter: RelationDef = meter::Entity::belongs_to(meter_reading::Entity)
        .from(meter::Column::Id)
        .to(meter_reading::Column::MeterId)
        .into();
    let wanted = move |meter: DynIden, reading: DynIden| {
        let last = Expr::col((reading.clone(), C::Id)).equals((meter, meter::Column::LastReadingId));
        let wanted = Condition::any().add(last);
        match since {
            None => wanted,
            Some(since) => {
                let late = Expr::col((reading, C::TakenOn)).gte(since);
                wanted.add(Condition::all().add(late).add(is_counted()))
            }
        }
    };
    let query = meter::Entity::find()
        .join(JoinType::LeftJoin, of_meter.on_condition(wanted))
        .filter(meter::Column::PersonalAccountId.is_in(accounts.iter().copied()))
        .order_by_asc(meter::Column::Name)
        .order_by_asc(meter::Column::Id)
        .order_by_asc(C::TakenOn)
        .order_by_asc(C::Id)
        .select_also(meter_reading::Entity);
    Ok(query.all(db).await?)
}

pub async fn list_status_changes(
    db: &DatabaseConnection,
    readings: &[MeterReadingId],
) -> Result<Vec<reading_status_change::Model>, Fault> {
    let of_readings = reading_status_change::Column::MeterReadingId.is_in(readings.iter().copied());
    let query = reading_status_change::Entity::find().filter(of_readings);
    Ok(query.order_by_asc(reading_status_change::Column::Position).all(db).await?)
}

pub async fn update_status_in(tx: &Tx, ids: &[MeterReadingId], status: ReadingStatus) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let moved = meter_reading::ActiveModel { status: Set(status), ..Default::default() };
    let readings = meter_reading::Column::Id.is_in(ids.iter().copied());
    meter_reading::Entity::update_many().set(moved).filter(readings).exec(&**tx).await.map(|_| ())
}

pub async fn insert_status_changes_in(tx: &Tx, rows: &[reading_status_change::Model]) -> Result<(), Fault> {
    bulk::insert_all::<reading_status_change::Entity>(tx, rows).await
}

/// One statement, whatever the number of readings.
pub async fn update_consumption_in(tx: &Tx, recounted: &[(MeterReadingId, Option<Quantity>)]) -> Result<(), DbErr> {
    if recounted.is_empty() {
        return Ok(());
    }
    let id = || Expr::col(meter_reading::Column::Id);
    let cases = recounted.iter().fold(sea_orm::sea_query::CaseStatement::new(), |cases, (reading, used)| {
        cases.case(id().eq(*reading), Expr::value(*used))
    });
    let update = Query::update()
        .table(meter_reading::Entity)
        .value(meter_reading::Column::Consumption, cases.finally(Expr::col(meter_reading::Column::Consumption)))
        .and_where(id().is_in(recounted.iter().map(|(reading, _)| *reading)))
        .to_owned();
    tx.execute(&update).await.map(|_| ())
}

/// Makes the newest reading that counts the last one of each meter.
pub async fn reset_last_readings_in(tx: &Tx, meters: &[MeterId]) -> Result<(), DbErr> {
    let of_meter =
        Expr::col((meter_reading::Entity, meter_reading::Column::MeterId)).equals((meter::Entity, meter::Column::Id));
    let newest = Query::select()
        .column((meter_reading::Entity, meter_reading::Column::Id))
        .from(meter_reading::Entity)
        .and_where(of_meter)
        .cond_where(is_counted())
        .order_by(meter_reading::Column::TakenOn, Order::Desc)
        .order_by((meter_reading::Entity, meter_reading::Column::Id), Order::Desc)
        .limit(1)
        .to_owned();
    let update = Query::update()
        .table(meter::Entity)
        .value(meter::Column::LastReadingId, Expr::SubQuery(None, Box::new(newest.into())))
        .and_where(meter::Column::Id.is_in(meters.iter().copied()))
        .to_owned();
    tx.execute(&update).await.map(|_| ())
}
