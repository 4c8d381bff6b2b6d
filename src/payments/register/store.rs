//! The table `payment_registers`, and what registers read and write of `payments` and `refunds`.

use chrono::{DateTime, Utc};
use entity::enums::{PaymentStatus, RefundStatus};
use entity::exact::Money;
use entity::ids::{PaymentId, PaymentRegisterId, ProviderId, RefundId};
use entity::payment_register::{Column, Entity, Model};
use entity::{payment, payment_terms, personal_account, refund};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, JoinType,
    QueryFilter, QueryOrder, QuerySelect, RelationDef,
};

use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, read_page};

/// Payments of one register; the rest is in the next.
const MOST: u64 = 100_000;
const OWED: [PaymentStatus; 2] = [PaymentStatus::Succeeded, PaymentStatus::PartiallyRefunded];

fn account() -> RelationDef {
    let on = payment::Entity::belongs_to(personal_account::Entity).from(payment::Column::PersonalAccountId);
    on.to(personal_account::Column::Id).into()
}

pub async fn lock_terms_in(tx: &Tx, provider: ProviderId) -> Result<Option<payment_terms::Model>, DbErr> {
    payment_terms::Entity::find_by_id(provider).lock_exclusive().one(&**tx).await
}

pub async fn with_templates(db: &DatabaseConnection) -> Result<Vec<ProviderId>, Fault> {
    let terms = payment_terms::Entity::find().filter(payment_terms::Column::RegisterTemplate.is_not_null());
    Ok(terms.all(db).await?.into_iter().map(|terms| terms.provider_id).collect())
}

/// Paid until then and not told, oldest first, with the number of the account.
pub async fn waiting_in(
    tx: &Tx,
    provider: ProviderId,
    until: DateTime<Utc>,
) -> Result<Vec<(payment::Model, String)>, DbErr> {
    let rows = payment::Entity::find()
        .join(JoinType::InnerJoin, account())
        .select_also(personal_account::Entity)
        .filter(personal_account::Column::ProviderId.eq(provider))
        .filter(payment::Column::Status.is_in(OWED))
        .filter(payment::Column::SentAt.is_null())
        .filter(payment::Column::PaidAt.lte(until))
        .order_by_asc(payment::Column::Id)
        .limit(MOST)
        .all(&**tx)
        .await?;
    Ok(rows.into_iter().filter_map(|(payment, account)| Some((payment, account?.number))).collect())
}

/// Given back until then, and not told, of payments that were told: oldest first, with the number of the account.
pub async fn returns_in(
    tx: &Tx,
    provider: ProviderId,
    until: DateTime<Utc>,
) -> Result<Vec<(refund::Model, String)>, DbErr> {
    let paid = refund::Entity::belongs_to(payment::Entity).from(refund::Column::PaymentId).to(payment::Column::Id);
    let rows = refund::Entity::find()
        .join(JoinType::InnerJoin, paid.into())
        .join(JoinType::InnerJoin, account())
        .select_also(personal_account::Entity)
        .filter(personal_account::Column::ProviderId.eq(provider))
        .filter(payment::Column::SentAt.is_not_null())
        .filter(refund::Column::Status.eq(RefundStatus::Succeeded))
        .filter(refund::Column::SentAt.is_null())
        .filter(refund::Column::FinishedAt.lte(until))
        // Of a commission the provider never knew.
        .filter(refund::Column::Amount.gt(0))
        .order_by_asc(refund::Column::Id)
        .limit(MOST)
        .all(&**tx)
        .await?;
    Ok(rows.into_iter().filter_map(|(refund, account)| Some((refund, account?.number))).collect())
}

/// What was given back of the payments.
pub async fn given_back_in(tx: &Tx, payments: &[PaymentId]) -> Result<Vec<refund::Model>, DbErr> {
    let mut found = Vec::new();
    for ids in payments.chunks(AT_ONCE) {
        let query = refund::Entity::find()
            .filter(refund::Column::PaymentId.is_in(ids.iter().copied()))
            .filter(refund::Column::Status.eq(RefundStatus::Succeeded));
        found.extend(query.order_by_asc(refund::Column::Id).all(&**tx).await?);
    }
    Ok(found)
}

pub async fn last_number_in(tx: &Tx, provider: ProviderId) -> Result<i32, DbErr> {
    let last = Entity::find().filter(Column::ProviderId.eq(provider)).order_by_desc(Column::Number);
    Ok(last.one(&**tx).await?.map_or(0, |register| register.number))
}

pub async fn insert_in(tx: &Tx, register: Model) -> Result<(), DbErr> {
    Entity::insert(register.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

/// Ids in one statement.
const AT_ONCE: usize = 500;

pub async fn mark_sent_in(
    tx: &Tx,
    ids: &[PaymentId],
    register: PaymentRegisterId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sent = payment::ActiveModel { sent_at: Set(Some(now)), register_id: Set(Some(register)), ..Default::default() };
    update_in(tx, ids, &sent).await
}

pub async fn mark_posted_in(tx: &Tx, ids: &[PaymentId], now: DateTime<Utc>) -> Result<(), DbErr> {
    update_in(tx, ids, &payment::ActiveModel { posted_at: Set(Some(now)), ..Default::default() }).await
}

/// Who has posted a payment knows of it: it stands in no later register.
pub async fn mark_told_in(tx: &Tx, ids: &[PaymentId], now: DateTime<Utc>) -> Result<(), DbErr> {
    for ids in ids.chunks(AT_ONCE) {
        let told = payment::ActiveModel { sent_at: Set(Some(now)), ..Default::default() };
        let these = payment::Entity::update_many().set(told).filter(payment::Column::Id.is_in(ids.iter().copied()));
        these.filter(payment::Column::SentAt.is_null()).exec(&**tx).await?;
    }
    Ok(())
}

pub async fn mark_refunds_sent_in(
    tx: &Tx,
    ids: &[RefundId],
    register: PaymentRegisterId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sent = refund::ActiveModel { sent_at: Set(Some(now)), register_id: Set(Some(register)), ..Default::default() };
    update_refunds_in(tx, ids, &sent).await
}

/// Who has posted a return knows of it: it stands in no later register.
pub async fn mark_refunds_posted_in(tx: &Tx, ids: &[RefundId], now: DateTime<Utc>) -> Result<(), DbErr> {
    update_refunds_in(tx, ids, &refund::ActiveModel { posted_at: Set(Some(now)), ..Default::default() }).await?;
    for ids in ids.chunks(AT_ONCE) {
        let told = refund::ActiveModel { sent_at: Set(Some(now)), ..Default::default() };
        let these = refund::Entity::update_many().set(told).filter(refund::Column::Id.is_in(ids.iter().copied()));
        these.filter(refund::Column::SentAt.is_null()).exec(&**tx).await?;
    }
    Ok(())
}

async fn update_refunds_in(tx: &Tx, ids: &[RefundId], change: &refund::ActiveModel) -> Result<(), DbErr> {
    for ids in ids.chunks(AT_ONCE) {
        let these = refund::Column::Id.is_in(ids.iter().copied());
        refund::Entity::update_many().set(change.clone()).filter(these).exec(&**tx).await?;
    }
    Ok(())
}

async fn update_in(tx: &Tx, ids: &[PaymentId], change: &payment::ActiveModel) -> Result<(), DbErr> {
    for ids in ids.chunks(AT_ONCE) {
        let these = payment::Column::Id.is_in(ids.iter().copied());
        payment::Entity::update_many().set(change.clone()).filter(these).exec(&**tx).await?;
    }
    Ok(())
}

pub async fn paid_of_provider_in(
    tx: &Tx,
    provider: ProviderId,
    ids: &[PaymentId],
) -> Result<Vec<payment::Model>, DbErr> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(AT_ONCE) {
        let query = payment::Entity::find()
            .join(JoinType::InnerJoin, account())
            .filter(personal_account::Column::ProviderId.eq(provider))
            .filter(payment::Column::Id.is_in(ids.iter().copied()))
            .filter(payment::Column::PaidAt.is_not_null());
        found.extend(query.all(&**tx).await?);
    }
    Ok(found)
}

pub async fn list(db: &DatabaseConnection, provider: Option<ProviderId>) -> Result<Vec<Model>, Fault> {
    let query = Entity::find().order_by_desc(Column::Id).limit(1_000);
    let query = if let Some(provider) = provider { query.filter(Column::ProviderId.eq(provider)) } else { query };
    Ok(query.all(db).await?)
}

/// A register without its content.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct RegisterHead {
    pub number: i32,
    pub template: String,
    pub file_name: String,
    pub payments: i32,
    pub total: Money,
    pub created_at: DateTime<Utc>,
}

pub async fn page(db: &DatabaseConnection, provider: ProviderId, page: &Page<i32>) -> Result<Vec<RegisterHead>, Fault> {
    let query = Entity::find()
        .select_only()
        .columns([Column::Number, Column::Template, Column::FileName, Column::Payments, Column::Total])
        .column(Column::CreatedAt)
        .filter(Column::ProviderId.eq(provider));
    let mut cursor = query.cursor_by(Column::Number).into_model::<RegisterHead>();
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn find(db: &DatabaseConnection, provider: ProviderId, number: i32) -> Result<Option<Model>, Fault> {
    let query = Entity::find().filter(Column::ProviderId.eq(provider)).filter(Column::Number.eq(number));
    Ok(query.one(db).await?)
}

pub async fn find_by_id(db: &DatabaseConnection, id: PaymentRegisterId) -> Result<Option<Model>, Fault> {
    Ok(Entity::find_by_id(id).one(db).await?)
}
