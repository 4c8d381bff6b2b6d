//! What scenarios read of the tables that registers fill.

use entity::ids::PersonalAccountId;
use entity::{meter, meter_reading, payment, personal_account, provider, statement, statement_line};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};

use crate::kernel::Fault;

pub async fn find_account(
    db: &DatabaseConnection,
    (provider, number): (&str, &str),
) -> Result<Option<personal_account::Model>, Fault> {
    let Some(provider) = provider::Entity::find().filter(provider::Column::Code.eq(provider)).one(db).await? else {
        return Ok(None);
    };
    let account = personal_account::Entity::find()
        .filter(personal_account::Column::ProviderId.eq(provider.id))
        .filter(personal_account::Column::Number.eq(number));
    Ok(account.one(db).await?)
}

/// The newest, with its lines in order.
pub async fn newest_statement(
    db: &DatabaseConnection,
    account: PersonalAccountId,
) -> Result<Option<(statement::Model, Vec<statement_line::Model>)>, Fault> {
    let newest = statement::standing()
        .filter(statement::Column::PersonalAccountId.eq(account))
        .order_by_desc(statement::Column::Period)
        .one(db)
        .await?;
    let Some(newest) = newest else { return Ok(None) };
    let lines = statement_line::Entity::find()
        .filter(statement_line::Column::StatementId.eq(newest.id))
        .order_by_asc(statement_line::Column::Position);
    let lines = lines.all(db).await?;
    Ok(Some((newest, lines)))
}

/// The first meter in place, with its last reading.
pub async fn meter_in_place(
    db: &DatabaseConnection,
    account: PersonalAccountId,
) -> Result<Option<(meter::Model, meter_reading::Model)>, Fault> {
    let meters = meter::Entity::find()
        .filter(meter::Column::PersonalAccountId.eq(account))
        .filter(meter::Column::RemovedOn.is_null())
        .filter(meter::Column::LastReadingId.is_not_null())
        .order_by_asc(meter::Column::Id);
    let Some(meter) = meters.one(db).await? else { return Ok(None) };
    let Some(last) = meter.last_reading_id else { return Ok(None) };
    let reading = meter_reading::Entity::find_by_id(last).one(db).await?;
    Ok(reading.map(|reading| (meter, reading)))
}

/// Payments of the account whose money has come and which the provider has not posted.
pub async fn count_unposted(db: &DatabaseConnection, account: PersonalAccountId) -> Result<u64, Fault> {
    use sea_orm::PaginatorTrait;
    let payments = payment::Entity::find()
        .filter(payment::Column::PersonalAccountId.eq(account))
        .filter(payment::Column::PaidAt.is_not_null())
        .filter(payment::Column::PostedAt.is_null());
    Ok(payments.count(db).await?)
}
