//! The tables `payments` and `acquirer_notifications`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::enums::{OutboundKind, PaymentStatus, ReceiptStatus};
use entity::exact::Money;
use entity::ids::{JournalTransactionId, PaymentId, PersonalAccountId, ProviderId, UserId};
use entity::{
    acquirer_notification, journal_transaction, ledger_entry, outbound_row, payment, payment_terms, personal_account,
    user,
};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::payment::Filter;
use crate::accounts::AccountKey;
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

/// Money that moved for a provider and has a place, by it.
pub async fn page_outbound(
    db: &DatabaseConnection,
    provider: ProviderId,
    page: &Page<i64>,
) -> Result<Vec<(i64, JournalTransactionId)>, Fault> {
    use outbound_row::Column as C;
    let query = outbound_row::Entity::find()
        .filter(C::ProviderId.eq(provider))
        .filter(C::Kind.eq(OutboundKind::Movement))
        .filter(C::Position.is_not_null());
    let rows = read_page(query.cursor_by(C::Position), page, db).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.position?, JournalTransactionId(row.row_id)))).collect())
}

pub async fn find_transactions(
    db: &DatabaseConnection,
    ids: &[JournalTransactionId],
) -> Result<Vec<journal_transaction::Model>, Fault> {
    let query = journal_transaction::Entity::find();
    Ok(query.filter(journal_transaction::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

pub async fn page_payments(
    db: &DatabaseConnection,
    account: AccountKey,
    user: UserId,
    page: &Page<PaymentId>,
) -> Result<Vec<payment::Model>, Fault> {
    let wanted = Condition::all()
        .add(payment::Column::PersonalAccountId.eq(account.id()))
        .add(payment::Column::UserId.eq(user))
        .add_option(account.since().moment().map(|since| payment::Column::CreatedAt.gte(since)));
    let query = payment::Entity::find().filter(wanted);
    let mut cursor = query.cursor_by(payment::Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn page_paid_by(
    db: &DatabaseConnection,
    user: UserId,
    filter: Filter,
    page: &Page<PaymentId>,
) -> Result<Vec<payment::Model>, Fault> {
    let Filter { accounts, statuses, from, to } = filter;
    let wanted = Condition::all()
        .add(payment::Column::UserId.eq(user))
        .add_option(accounts.map(|ids| payment::Column::PersonalAccountId.is_in(ids)))
        .add_option(statuses.map(|statuses| payment::Column::Status.is_in(statuses)))
        .add_option(from.map(|from| payment::Column::CreatedAt.gte(from)))
        .add_option(to.map(|to| payment::Column::CreatedAt.lt(to)));
    let mut cursor = payment::Entity::find().filter(wanted).cursor_by(payment::Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn find_terms<C: ConnectionTrait>(
    db: &C,
    provider: ProviderId,
) -> Result<Option<payment_terms::Model>, Fault> {
    Ok(payment_terms::Entity::find_by_id(provider).one(db).await?)
}

pub async fn terms_of_accounts(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
) -> Result<HashMap<PersonalAccountId, payment_terms::Model>, Fault> {
    let on = personal_account::Entity::belongs_to(payment_terms::Entity)
        .from(personal_account::Column::ProviderId)
        .to(payment_terms::Column::ProviderId);
    let query = personal_account::Entity::find()
        .filter(personal_account::Column::Id.is_in(accounts.iter().copied()))
        .join(JoinType::InnerJoin, on.into())
        .select_also(payment_terms::Entity);
    let rows = query.all(db).await?;
    Ok(rows.into_iter().filter_map(|(account, terms)| Some((account.id, terms?))).collect())
}

pub async fn put_terms_in(tx: &Tx, terms: payment_terms::Model) -> Result<(), DbErr> {
    use payment_terms::{Column, Entity};
    let others = [
        Column::Receipt,
        Column::VatCode,
        Column::TaxSystem,
        Column::CommissionRate,
        Column::CommissionLeast,
        Column::Utilities,
        Column::RegisterTemplate,
    ];
    let replace = OnConflict::column(Column::ProviderId).update_columns(others).to_owned();
    Entity::insert(terms.into_active_model()).on_conflict(replace).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn email_of(db: &DatabaseConnection, id: UserId) -> Result<Option<String>, Fault> {
    Ok(user::Entity::find_by_id(id).one(db).await?.map(|user| user.email))
}

/// What newer payments do not account for of what is in transit is not shown yet; the rest is.
const NOT_IN_TRANSIT: &str = "posted_at IS NULL AND status IN ('SUCCEEDED', 'PARTIALLY_REFUNDED') AND COALESCE((\
    SELECT SUM(newer.amount - newer.refunded) FROM payments AS newer \
    WHERE newer.personal_account_id = payments.personal_account_id \
    AND newer.status IN ('SUCCEEDED', 'PARTIALLY_REFUNDED') AND (newer.paid_at > payments.paid_at \
    OR (newer.paid_at = payments.paid_at AND newer.id > payments.id))), 0) >= \
    (SELECT in_transit FROM personal_accounts WHERE personal_accounts.id = payments.personal_account_id)";

pub async fn mark_posted_in(tx: &Tx, account: Option<PersonalAccountId>, now: DateTime<Utc>) -> Result<u64, Fault> {
    let posted = payment::ActiveModel { posted_at: Set(Some(now)), ..Default::default() };
    let marked = payment::Entity::update_many().set(posted).filter(Expr::cust(NOT_IN_TRANSIT));
    let marked = marked.apply_if(account, |marked, id| marked.filter(payment::Column::PersonalAccountId.eq(id)));
    Ok(marked.exec(&**tx).await?.rows_affected)
}

pub async fn lock_payment_in(tx: &Tx, id: PaymentId) -> Result<payment::Model, DbErr> {
    let found = payment::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    found.ok_or_else(|| DbErr::RecordNotFound("payment".to_owned()))
}

/// All that are paid at once, by their first.
pub async fn list_together(db: &DatabaseConnection, firsts: &[PaymentId]) -> Result<Vec<payment::Model>, Fault> {
    let query = payment::Entity::find().filter(payment::Column::TogetherId.is_in(firsts.iter().copied()));
    Ok(query.order_by_asc(payment::Column::Id).all(db).await?)
}

pub async fn lock_others_in(tx: &Tx, first: PaymentId) -> Result<Vec<payment::Model>, DbErr> {
    let others = payment::Entity::find()
        .filter(payment::Column::TogetherId.eq(first))
        .filter(payment::Column::Id.ne(first))
        .order_by_asc(payment::Column::Id);
    others.lock_exclusive().all(&**tx).await
}

pub async fn insert_payment_in(tx: &Tx, payment: payment::Model) -> Result<(), DbErr> {
    payment::Entity::insert(payment.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn insert_payments_in(tx: &Tx, payments: impl Iterator<Item = payment::Model>) -> Result<(), DbErr> {
    let rows = payments.map(IntoActiveModel::into_active_model);
    payment::Entity::insert_many(rows).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn clear_receipt_emails_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    let cleared = payment::ActiveModel { receipt_email: Set(None), ..Default::default() };
    let theirs = payment::Entity::update_many().set(cleared).filter(payment::Column::UserId.eq(user));
    Ok(theirs.filter(payment::Column::ReceiptEmail.is_not_null()).exec(&**tx).await?.rows_affected)
}

/// What is new about a payment; `None` leaves a column as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub status: Option<PaymentStatus>,
    pub failure: Option<String>,
    pub paid_at: Option<DateTime<Utc>>,
    pub acquirer_payment_id: Option<String>,
    pub confirmation_url: Option<String>,
    pub qr_payload: Option<String>,
    pub receipt_status: Option<ReceiptStatus>,
    pub receipt_at: Option<DateTime<Utc>>,
    /// A call has ended without an answer: the next one need not wait for it.
    pub call_ended: bool,
}

pub async fn update_payment_in(tx: &Tx, payment: &payment::Model, change: Change) -> Result<(), DbErr> {
    let row = changed(payment.checks + 1, change);
    payment::Entity::update_many().set(row).filter(payment::Column::Id.eq(payment.id)).exec(&**tx).await.map(|_| ())
}

/// The same of all that are paid at once with it, but for the acquirer's name, which is the first one's alone.
pub async fn update_others_in(tx: &Tx, first: &payment::Model, change: Change) -> Result<(), DbErr> {
    let row = changed(first.checks + 1, Change { acquirer_payment_id: None, ..change });
    let others = payment::Entity::update_many().set(row).filter(payment::Column::TogetherId.eq(first.id));
    others.filter(payment::Column::Id.ne(first.id)).exec(&**tx).await.map(|_| ())
}

fn changed(checks: i32, change: Change) -> payment::ActiveModel {
    let Change {
        status,
        failure,
        paid_at,
        acquirer_payment_id,
        confirmation_url,
        qr_payload,
        receipt_status,
        receipt_at,
        call_ended,
    } = change;
    let mut row = payment::ActiveModel { checks: Set(checks), ..Default::default() };
    if let Some(status) = status {
        row.status = Set(status);
    }
    if failure.is_some() {
        row.failure = Set(failure);
    }
    if paid_at.is_some() {
        row.paid_at = Set(paid_at);
    }
    if acquirer_payment_id.is_some() {
        row.acquirer_payment_id = Set(acquirer_payment_id);
    }
    if confirmation_url.is_some() {
        row.confirmation_url = Set(confirmation_url);
    }
    if qr_payload.is_some() {
        row.qr_payload = Set(qr_payload);
    }
    if receipt_status.is_some() {
        row.receipt_status = Set(receipt_status);
    }
    if receipt_at.is_some() {
        row.receipt_at = Set(receipt_at);
    }
    if call_ended {
        row.called_at = Set(None);
    }
    row
}

/// Takes the right to call the acquirer about an open payment, unless a call began after `before`.
pub async fn claim_call_in(tx: &Tx, id: PaymentId, now: DateTime<Utc>, before: DateTime<Utc>) -> Result<bool, Fault> {
    let rested = Condition::any().add(payment::Column::CalledAt.is_null()).add(payment::Column::CalledAt.lte(before));
    let called = payment::ActiveModel { called_at: Set(Some(now)), ..Default::default() };
    let claimed = payment::Entity::update_many()
        .set(called)
        .filter(payment::Column::Id.eq(id))
        .filter(payment::Column::Status.is_in(OPEN))
        .filter(rested);
    Ok(claimed.exec(&**tx).await?.rows_affected == 1)
}

pub async fn update_refunded_in(tx: &Tx, id: PaymentId, status: PaymentStatus, refunded: Money) -> Result<(), DbErr> {
    let row = payment::ActiveModel { status: Set(status), refunded: Set(refunded), ..Default::default() };
    payment::Entity::update_many().set(row).filter(payment::Column::Id.eq(id)).exec(&**tx).await.map(|_| ())
}

pub async fn release_call_in(tx: &Tx, id: PaymentId) -> Result<(), Fault> {
    let ended = payment::ActiveModel { called_at: Set(None), ..Default::default() };
    payment::Entity::update_many().set(ended).filter(payment::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub const OPEN: [PaymentStatus; 4] =
    [PaymentStatus::Created, PaymentStatus::Unknown, PaymentStatus::Pending, PaymentStatus::WaitingForCapture];

pub async fn count_open(db: &DatabaseConnection, created_before: DateTime<Utc>) -> Result<u64, Fault> {
    let open = payment::Entity::find()
        .filter(payment::Column::Status.is_in(OPEN))
        .filter(payment::Column::CreatedAt.lt(created_before));
    Ok(open.count(db).await?)
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
        .filter(payment::Column::Status.is_not_in(OPEN))
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
        qr_payload: Set(None),
        return_url: Set(None),
        failure: Set(None),
        ..Default::default()
    };
    payment::Entity::update_many().set(bare).filter(payment::Column::Id.is_in(ids())).exec(&**tx).await?;
    Ok(old.len().try_into().unwrap_or(u64::MAX))
}
