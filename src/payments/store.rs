//! The tables `payments` and `acquirer_notifications`.

use chrono::{DateTime, Utc};
use entity::enums::PaymentStatus;
use entity::ids::{PaymentId, PersonalAccountId, UserId};
use entity::{acquirer_notification, ledger_entry, payment, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect, QueryTrait,
};

use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, read_page};

pub async fn find_payment<C: ConnectionTrait>(db: &C, id: PaymentId) -> Result<Option<payment::Model>, Fault> {
    Ok(payment::Entity::find_by_id(id).one(db).await?)
}

pub async fn find_by_acquirer(
    db: &DatabaseConnection,
    acquirer: &str,
    id: &str,
) -> Result<Option<payment::Model>, Fault> {
    let query = payment::Entity::find()
        .filter(payment::Column::Acquirer.eq(acquirer))
        .filter(payment::Column::AcquirerPaymentId.eq(id));
    Ok(query.one(db).await?)
}

pub async fn find_payments(db: &DatabaseConnection, ids: &[PaymentId]) -> Result<Vec<payment::Model>, Fault> {
    Ok(payment::Entity::find().filter(payment::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

pub async fn page_payments(
    db: &DatabaseConnection,
    account: PersonalAccountId,
    user: UserId,
    page: &Page<PaymentId>,
) -> Result<Vec<payment::Model>, Fault> {
    let query = payment::Entity::find()
        .filter(payment::Column::PersonalAccountId.eq(account))
        .filter(payment::Column::UserId.eq(user));
    let mut cursor = query.cursor_by(payment::Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn page_paid_by(
    db: &DatabaseConnection,
    user: UserId,
    page: &Page<PaymentId>,
) -> Result<Vec<payment::Model>, Fault> {
    let mut cursor = payment::Entity::find().filter(payment::Column::UserId.eq(user)).cursor_by(payment::Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn lock_payment_in(tx: &Tx, id: PaymentId) -> Result<payment::Model, DbErr> {
    let found = payment::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    found.ok_or_else(|| DbErr::RecordNotFound("payment".to_owned()))
}

pub async fn insert_payment_in(tx: &Tx, payment: payment::Model) -> Result<(), DbErr> {
    payment::Entity::insert(payment.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

async fn update_in(tx: &Tx, id: PaymentId, change: payment::ActiveModel) -> Result<(), DbErr> {
    payment::Entity::update_many().set(change).filter(payment::Column::Id.eq(id)).exec(&**tx).await.map(|_| ())
}

pub async fn clear_receipt_emails_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    let cleared = payment::ActiveModel { receipt_email: Set(None), ..Default::default() };
    let theirs = payment::Entity::update_many().set(cleared).filter(payment::Column::UserId.eq(user));
    Ok(theirs.filter(payment::Column::ReceiptEmail.is_not_null()).exec(&**tx).await?.rows_affected)
}

pub async fn update_checks_in(tx: &Tx, id: PaymentId, checks: i32) -> Result<(), DbErr> {
    update_in(tx, id, payment::ActiveModel { checks: Set(checks), ..Default::default() }).await
}

pub async fn update_canceled_in(tx: &Tx, id: PaymentId, reason: &str) -> Result<(), DbErr> {
    let failure = Set(Some(reason.to_owned()));
    update_in(tx, id, payment::ActiveModel { status: Set(PaymentStatus::Canceled), failure, ..Default::default() })
        .await
}

pub async fn update_succeeded_in(tx: &Tx, id: PaymentId, paid_at: DateTime<Utc>) -> Result<(), DbErr> {
    let paid_at = Set(Some(paid_at));
    update_in(tx, id, payment::ActiveModel { status: Set(PaymentStatus::Succeeded), paid_at, ..Default::default() })
        .await
}

/// Remembers where the person pays; a second placing finds it there.
pub async fn update_placed_in(
    tx: &Tx,
    id: PaymentId,
    acquirer_payment_id: &str,
    confirmation_url: &str,
) -> Result<(), DbErr> {
    let placed = payment::ActiveModel {
        acquirer_payment_id: Set(Some(acquirer_payment_id.to_owned())),
        confirmation_url: Set(Some(confirmation_url.to_owned())),
        ..Default::default()
    };
    update_in(tx, id, placed).await
}

pub async fn insert_notification_in(tx: &Tx, row: acquirer_notification::Model) -> Result<(), DbErr> {
    acquirer_notification::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

/// Rows of one batch.
const PURGED_AT_ONCE: u64 = 500;

/// Of deleted people, made before the moment and decided: up to a batch of payments with their notifications. Those that
/// came to nothing are deleted, of the others the bank's references. How many payments.
pub async fn purge_papers_in(tx: &Tx, before: DateTime<Utc>) -> Result<u64, Fault> {
    let deleted_people = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::Email.starts_with(crate::identity::erasure::PSEUDONYM));
    let old = payment::Entity::find()
        .filter(payment::Column::UserId.in_subquery(deleted_people.into_query()))
        .filter(payment::Column::CreatedAt.lt(before))
        .filter(payment::Column::Status.ne(PaymentStatus::Pending))
        .filter(payment::Column::Acquirer.ne(""))
        .limit(PURGED_AT_ONCE)
        .all(&**tx)
        .await?;
    let ids = || old.iter().map(|payment| payment.id);
    for acquirer in old.iter().map(|payment| payment.acquirer.as_str()).collect::<std::collections::BTreeSet<_>>() {
        let theirs = old.iter().filter(|payment| payment.acquirer == acquirer);
        let theirs = theirs.filter_map(|payment| payment.acquirer_payment_id.as_deref());
        acquirer_notification::Entity::delete_many()
            .filter(acquirer_notification::Column::Acquirer.eq(acquirer))
            .filter(acquirer_notification::Column::AcquirerPaymentId.is_in(theirs))
            .exec(&**tx)
            .await?;
    }
    let in_ledger = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::PaymentId)
        .filter(ledger_entry::Column::PaymentId.is_in(ids()));
    let came_to_nothing = payment::Column::Id.not_in_subquery(in_ledger.into_query());
    payment::Entity::delete_many().filter(payment::Column::Id.is_in(ids())).filter(came_to_nothing).exec(&**tx).await?;
    let bare = payment::ActiveModel {
        acquirer: Set(String::new()),
        acquirer_payment_id: Set(None),
        confirmation_url: Set(None),
        return_url: Set(None),
        failure: Set(None),
        ..Default::default()
    };
    payment::Entity::update_many().set(bare).filter(payment::Column::Id.is_in(ids())).exec(&**tx).await?;
    Ok(old.len().try_into().unwrap_or(u64::MAX))
}
