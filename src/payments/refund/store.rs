//! The table `refunds`.

use chrono::{DateTime, Utc};
use entity::enums::RefundStatus;
use entity::exact::Money;
use entity::ids::{PaymentId, RefundId, UserId};
use entity::payment;
use entity::refund::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, read_page};

pub async fn insert_in(tx: &Tx, refund: Model) -> Result<(), DbErr> {
    Entity::insert(refund.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn find<C: ConnectionTrait>(db: &C, id: RefundId) -> Result<Option<Model>, Fault> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

/// The refund of a payment that was asked for by that key.
pub async fn find_by_key_in(tx: &Tx, payment: PaymentId, key: &str) -> Result<Option<Model>, Fault> {
    let query = Entity::find().filter(Column::PaymentId.eq(payment)).filter(Column::RequestKey.eq(key));
    Ok(query.one(&**tx).await?)
}

pub async fn release_key_in(tx: &Tx, id: RefundId) -> Result<(), DbErr> {
    let released = ActiveModel { request_key: Set(None), ..Default::default() };
    Entity::update_many().set(released).filter(Column::Id.eq(id)).exec(&**tx).await.map(|_| ())
}

pub async fn lock_in(tx: &Tx, id: RefundId) -> Result<Model, DbErr> {
    let found = Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    found.ok_or_else(|| DbErr::RecordNotFound("refund".to_owned()))
}

pub async fn list(db: &DatabaseConnection, payments: &[PaymentId]) -> Result<Vec<Model>, Fault> {
    let query = Entity::find().filter(Column::PaymentId.is_in(payments.iter().copied())).order_by_asc(Column::Id);
    Ok(query.all(db).await?)
}

pub async fn list_in(tx: &Tx, payments: &[PaymentId]) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::PaymentId.is_in(payments.iter().copied()));
    query.order_by_asc(Column::Id).all(&**tx).await
}

/// Of what the person paid, newest first.
pub async fn page_of_user(db: &DatabaseConnection, user: UserId, page: &Page<RefundId>) -> Result<Vec<Model>, Fault> {
    let own =
        payment::Entity::find().select_only().column(payment::Column::Id).filter(payment::Column::UserId.eq(user));
    let refunds = Entity::find().filter(Column::PaymentId.in_subquery(own.into_query()));
    let mut cursor = refunds.cursor_by(Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

/// What is given back of a payment, or may be: all but the canceled ones.
pub async fn sum_of_live_in(tx: &Tx, payment: PaymentId) -> Result<Money, Fault> {
    let live = Entity::find().filter(Column::PaymentId.eq(payment)).filter(Column::Status.ne(RefundStatus::Canceled));
    Ok(live.all(&**tx).await?.iter().map(|refund| refund.amount).sum())
}

pub async fn update_in(tx: &Tx, refund: &Model) -> Result<(), DbErr> {
    let change = ActiveModel {
        status: Set(refund.status),
        acquirer_refund_id: Set(refund.acquirer_refund_id.clone()),
        failure: Set(refund.failure.clone()),
        finished_at: Set(refund.finished_at),
        called_at: Set(refund.called_at),
        ..Default::default()
    };
    Entity::update_many().set(change).filter(Column::Id.eq(refund.id)).exec(&**tx).await.map(|_| ())
}

/// Takes the right to call the acquirer about an open refund, unless a call began after `before`.
pub async fn claim_call_in(tx: &Tx, id: RefundId, now: DateTime<Utc>, before: DateTime<Utc>) -> Result<bool, Fault> {
    let rested = Condition::any().add(Column::CalledAt.is_null()).add(Column::CalledAt.lte(before));
    let called = ActiveModel { called_at: Set(Some(now)), ..Default::default() };
    let open = [RefundStatus::Created, RefundStatus::Unknown, RefundStatus::Pending];
    let claimed = Entity::update_many().set(called).filter(Column::Id.eq(id)).filter(Column::Status.is_in(open));
    Ok(claimed.filter(rested).exec(&**tx).await?.rows_affected == 1)
}
