//! The tables `reconciliations` and `reconciliation_differences`, and what is compared of `payments` and `refunds`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::{PaymentStatus, RefundStatus};
use entity::exact::Money;
use entity::ids::{DifferenceId, PaymentId};
use entity::reconciliation_difference::{ActiveModel, Column, Entity, Model};
use entity::{payment, reconciliation, refund};
use sea_orm::sea_query::{IntoCondition, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel, JoinType,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::compare::{Difference, Ours, Standing};
use crate::kernel::Fault;
use crate::payments::acquirer::{Registered, RegisteredKind};
use crate::payments::together::led_by;
use crate::platform::db::Tx;

/// How a difference ends that closes itself.
const GONE: &str = "gone at the next look";
/// Names in one statement.
const AT_ONCE: usize = 500;
/// Money has come for these.
const PAID: [PaymentStatus; 3] = [PaymentStatus::Succeeded, PaymentStatus::PartiallyRefunded, PaymentStatus::Refunded];

/// What stands here of the day, and of what the acquirer lists.
pub async fn ours(
    db: &DatabaseConnection,
    acquirer: &str,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    listed: &[Registered],
) -> Result<Ours, Fault> {
    let names = |wanted: Option<RegisteredKind>| {
        let rows = listed.iter().filter(move |row| wanted.is_none_or(|kind| row.kind == kind));
        rows.map(|row| if wanted.is_some() { row.id.clone() } else { row.payment.clone() }).collect::<Vec<_>>()
    };
    let of_day = Condition::all().add(payment::Column::PaidAt.gte(from)).add(payment::Column::PaidAt.lt(to));
    let listed_payments = names(None);
    let listed_payments =
        listed_payments.chunks(AT_ONCE).map(|names| payment::Column::AcquirerPaymentId.is_in(names).into_condition());
    let mut payments = BTreeMap::new();
    for wanted in listed_payments.chain([of_day]) {
        let found = payment::Entity::find()
            .filter(payment::Column::Acquirer.eq(acquirer))
            .filter(payment::Column::Status.is_in(PAID))
            .filter(wanted);
        payments.extend(found.all(db).await?.into_iter().map(|payment| (payment.id, payment)));
    }
    let payments: Vec<_> = payments.into_values().collect();
    let of_day = Condition::all().add(refund::Column::FinishedAt.gte(from)).add(refund::Column::FinishedAt.lt(to));
    let listed_refunds = names(Some(RegisteredKind::Refund));
    let listed_refunds =
        listed_refunds.chunks(AT_ONCE).map(|names| refund::Column::AcquirerRefundId.is_in(names).into_condition());
    let mut refunds = BTreeMap::new();
    for wanted in listed_refunds.chain([of_day]) {
        let paid = refund::Entity::belongs_to(payment::Entity).from(refund::Column::PaymentId).to(payment::Column::Id);
        let found = refund::Entity::find()
            .join(JoinType::InnerJoin, paid.into())
            .filter(payment::Column::Acquirer.eq(acquirer))
            .filter(refund::Column::Status.eq(RefundStatus::Succeeded))
            .filter(wanted);
        refunds.extend(found.all(db).await?.into_iter().map(|refund| (refund.id, refund)));
    }
    let refunds = refunds.into_values();
    let led = led(db, &payments).await?;
    let within = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at >= from && at < to);
    // What is paid at once is one payment there, by its first.
    let payments = payments.into_iter().filter(|payment| led_by(payment).is_none()).map(|payment| Standing {
        payment_id: payment.id,
        due: payment.amount + payment.commission + led.get(&payment.id).copied().unwrap_or_default(),
        is_of_the_day: within(payment.paid_at),
        name: payment.acquirer_payment_id,
        refund: false,
    });
    let refunds = refunds.map(|refund| Standing {
        payment_id: refund.payment_id,
        due: refund.amount + refund.commission,
        is_of_the_day: within(refund.finished_at),
        name: refund.acquirer_refund_id,
        refund: true,
    });
    Ok(Ours { payments: payments.collect(), refunds: whole(refunds) })
}

/// By their first: the sums of the others that are paid at once.
async fn led(db: &DatabaseConnection, payments: &[payment::Model]) -> Result<HashMap<PaymentId, Money>, Fault> {
    let firsts: Vec<PaymentId> = payments.iter().filter_map(|payment| payment.together_id).collect();
    let mut sums = HashMap::new();
    if firsts.is_empty() {
        return Ok(sums);
    }
    let firsts: BTreeSet<PaymentId> = firsts.into_iter().collect();
    for firsts in firsts.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
        for payment in crate::payments::store::list_together(db, firsts).await? {
            if let Some(first) = led_by(&payment) {
                *sums.entry(first).or_default() += payment.amount + payment.commission;
            }
        }
    }
    Ok(sums)
}

/// One refund there may have been divided among several payments here.
fn whole(refunds: impl Iterator<Item = Standing>) -> Vec<Standing> {
    let (mut all, mut places): (Vec<Standing>, HashMap<String, usize>) = (Vec::new(), HashMap::new());
    for refund in refunds {
        let place = refund.name.as_ref().and_then(|name| places.get(name)).copied();
        if let Some(known) = place.and_then(|place| all.get_mut(place)) {
            known.due += refund.due;
            continue;
        }
        places.extend(refund.name.clone().map(|name| (name, all.len())));
        all.push(refund);
    }
    all
}

/// One that was known stays as it is, with what people did about it; one that was gone for a while is open again.
pub async fn insert_once_in(tx: &Tx, row: Model) -> Result<(), DbErr> {
    let back = ActiveModel { closed_at: Set(None), resolution: Set(None), ..Default::default() };
    let back = Entity::update_many()
        .set(back)
        .filter(Column::Acquirer.eq(&row.acquirer))
        .filter(Column::Kind.eq(row.kind))
        .filter(Column::Subject.eq(&row.subject))
        .filter(Column::Resolution.eq(GONE));
    back.exec(&**tx).await?;
    let once = OnConflict::columns([Column::Acquirer, Column::Kind, Column::Subject]).do_nothing().to_owned();
    Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(&**tx).await.map(|_| ())
}

/// Differences of the day that are found no more.
pub async fn close_gone_in(
    tx: &Tx,
    (acquirer, day): (&str, NaiveDate),
    found: &[Difference],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let closed =
        ActiveModel { closed_at: Set(Some(now)), resolution: Set(Some(GONE.to_owned())), ..Default::default() };
    let open = Entity::find()
        .filter(Column::Acquirer.eq(acquirer))
        .filter(Column::Day.eq(day))
        .filter(Column::ClosedAt.is_null());
    let still: HashSet<_> = found.iter().map(|difference| (difference.kind.word(), &difference.subject)).collect();
    let open = open.all(&**tx).await?.into_iter();
    let gone: Vec<_> = open.filter(|row| !still.contains(&(row.kind.word(), &row.subject))).map(|row| row.id).collect();
    for ids in gone.chunks(AT_ONCE) {
        let gone = Entity::update_many().set(closed.clone()).filter(Column::Id.is_in(ids.iter().copied()));
        gone.exec(&**tx).await?;
    }
    Ok(())
}

pub async fn record_day_in(tx: &Tx, acquirer: &str, day: NaiveDate, now: DateTime<Utc>) -> Result<(), DbErr> {
    use reconciliation::{Column, Entity};
    let row = reconciliation::Model { acquirer: acquirer.to_owned(), day, done_at: now };
    let again = OnConflict::columns([Column::Acquirer, Column::Day]).update_column(Column::DoneAt).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(&**tx).await.map(|_| ())
}

/// Days that were compared, the oldest first.
pub async fn done_days(db: &DatabaseConnection, acquirer: &str, since: NaiveDate) -> Result<Vec<NaiveDate>, Fault> {
    use reconciliation::{Column, Entity};
    let done = Entity::find().filter(Column::Acquirer.eq(acquirer)).filter(Column::Day.gte(since));
    Ok(done.order_by_asc(Column::Day).all(db).await?.into_iter().map(|done| done.day).collect())
}

/// Days before yesterday with open differences, not older than a month.
pub async fn open_days(db: &DatabaseConnection, acquirer: &str, since: NaiveDate) -> Result<Vec<NaiveDate>, Fault> {
    let open = Entity::find()
        .select_only()
        .column(Column::Day)
        .distinct()
        .filter(Column::Acquirer.eq(acquirer))
        .filter(Column::Day.gte(since))
        .filter(Column::ClosedAt.is_null());
    Ok(open.into_tuple().all(db).await?)
}

pub async fn list_of_day(db: &DatabaseConnection, acquirer: &str, day: NaiveDate) -> Result<Vec<Model>, Fault> {
    let query = Entity::find().filter(Column::Acquirer.eq(acquirer)).filter(Column::Day.eq(day));
    Ok(query.order_by_asc(Column::Id).all(db).await?)
}

pub async fn list(db: &DatabaseConnection, open_only: bool) -> Result<Vec<Model>, Fault> {
    let query = Entity::find().order_by_asc(Column::Id);
    let query = if open_only { query.filter(Column::ClosedAt.is_null()) } else { query };
    Ok(query.all(db).await?)
}

pub async fn update_owner_in(tx: &Tx, id: DifferenceId, owner: &str) -> Result<u64, Fault> {
    update_open_in(tx, id, ActiveModel { owner: Set(Some(owner.to_owned())), ..Default::default() }).await
}

pub async fn update_closed_in(tx: &Tx, id: DifferenceId, at: DateTime<Utc>, how: &str) -> Result<u64, Fault> {
    let resolution = Set(Some(how.to_owned()));
    update_open_in(tx, id, ActiveModel { closed_at: Set(Some(at)), resolution, ..Default::default() }).await
}

async fn update_open_in(tx: &Tx, id: DifferenceId, change: ActiveModel) -> Result<u64, Fault> {
    let open = Entity::update_many().set(change).filter(Column::Id.eq(id)).filter(Column::ClosedAt.is_null());
    Ok(open.exec(&**tx).await?.rows_affected)
}
