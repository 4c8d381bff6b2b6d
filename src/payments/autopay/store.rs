//! The tables `saved_methods`, `autopays` and `autopay_runs`.

use chrono::{DateTime, Utc};
use entity::enums::AutopayRunState;
use entity::exact::{Money, YearMonth};
use entity::ids::{AutopayId, AutopayRunId, PaymentId, PersonalAccountId, SavedMethodId, StatementId, UserId};
use entity::{autopay, autopay_run, payment, saved_method, statement};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use crate::kernel::{Fault, Page};
use crate::payments::store::OPEN;
use crate::platform::db::{Tx, bulk, read_page};

pub async fn find_method<C: ConnectionTrait>(db: &C, id: SavedMethodId) -> Result<Option<saved_method::Model>, Fault> {
    Ok(saved_method::Entity::find_by_id(id).one(db).await?)
}

pub async fn find_method_in(tx: &Tx, id: SavedMethodId) -> Result<Option<saved_method::Model>, Fault> {
    find_method(&**tx, id).await
}

pub async fn insert_method_in(tx: &Tx, row: saved_method::Model) -> Result<(), DbErr> {
    saved_method::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn methods_of(db: &DatabaseConnection, user: UserId) -> Result<Vec<saved_method::Model>, Fault> {
    let own = saved_method::Entity::find().filter(saved_method::Column::UserId.eq(user));
    Ok(own.order_by_asc(saved_method::Column::Id).all(db).await?)
}

pub async fn find<C: ConnectionTrait>(db: &C, id: AutopayId) -> Result<Option<autopay::Model>, Fault> {
    Ok(autopay::Entity::find_by_id(id).one(db).await?)
}

pub async fn lock_in(tx: &Tx, id: AutopayId) -> Result<Option<autopay::Model>, Fault> {
    Ok(autopay::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?)
}

pub async fn of_account_in(tx: &Tx, user: UserId, account: PersonalAccountId) -> Result<Option<autopay::Model>, Fault> {
    let own = autopay::Entity::find()
        .filter(autopay::Column::UserId.eq(user))
        .filter(autopay::Column::PersonalAccountId.eq(account));
    Ok(own.lock_exclusive().one(&**tx).await?)
}

pub async fn of_user(db: &DatabaseConnection, user: UserId) -> Result<Vec<autopay::Model>, Fault> {
    let own = autopay::Entity::find().filter(autopay::Column::UserId.eq(user));
    Ok(own.order_by_asc(autopay::Column::Id).all(db).await?)
}

pub async fn of_accounts(
    db: &DatabaseConnection,
    user: UserId,
    accounts: &[PersonalAccountId],
) -> Result<Vec<autopay::Model>, Fault> {
    let own = autopay::Entity::find().filter(autopay::Column::UserId.eq(user));
    let own = own.filter(autopay::Column::PersonalAccountId.is_in(accounts.iter().copied()));
    Ok(own.all(db).await?)
}

pub async fn put_in(tx: &Tx, row: autopay::Model, known: bool) -> Result<(), DbErr> {
    let id = autopay::Column::Id.eq(row.id);
    if known {
        let change = row.into_active_model().reset_all();
        return autopay::Entity::update_many().set(change).filter(id).exec(&**tx).await.map(|_| ());
    }
    autopay::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn pause_in(tx: &Tx, id: AutopayId, now: DateTime<Utc>, reason: &str) -> Result<(), DbErr> {
    let paused = autopay::ActiveModel {
        paused_at: Set(Some(now)),
        pause_reason: Set(Some(reason.to_owned())),
        ..Default::default()
    };
    autopay::Entity::update_many().set(paused).filter(autopay::Column::Id.eq(id)).exec(&**tx).await.map(|_| ())
}

pub async fn delete_in(tx: &Tx, ids: &[AutopayId]) -> Result<(), DbErr> {
    let runs = autopay_run::Column::AutopayId.is_in(ids.iter().copied());
    autopay_run::Entity::delete_many().filter(runs).exec(&**tx).await?;
    let own = autopay::Column::Id.is_in(ids.iter().copied());
    autopay::Entity::delete_many().filter(own).exec(&**tx).await.map(|_| ())
}

pub async fn delete_of_method_in(tx: &Tx, id: SavedMethodId) -> Result<(), DbErr> {
    let charging = autopay::Entity::find().filter(autopay::Column::SavedMethodId.eq(id)).all(&**tx).await?;
    delete_in(tx, &charging.iter().map(|autopay| autopay.id).collect::<Vec<_>>()).await?;
    saved_method::Entity::delete_by_id(id).exec(&**tx).await.map(|_| ())
}

pub async fn delete_of_user_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    let own = autopay::Entity::find().filter(autopay::Column::UserId.eq(user)).all(&**tx).await?;
    delete_in(tx, &own.iter().map(|autopay| autopay.id).collect::<Vec<_>>()).await?;
    let methods = saved_method::Entity::delete_many().filter(saved_method::Column::UserId.eq(user));
    Ok(methods.exec(&**tx).await?.rows_affected)
}

pub async fn active(db: &DatabaseConnection) -> Result<Vec<autopay::Model>, Fault> {
    let active = autopay::Entity::find().filter(autopay::Column::PausedAt.is_null());
    Ok(active.order_by_asc(autopay::Column::Id).all(db).await?)
}

pub async fn newest_statement<C: ConnectionTrait>(
    db: &C,
    account: PersonalAccountId,
) -> Result<Option<statement::Model>, Fault> {
    let own = statement::standing().filter(statement::Column::PersonalAccountId.eq(account));
    Ok(own.order_by_desc(statement::Column::Period).one(db).await?)
}

pub async fn has_run(db: &DatabaseConnection, id: AutopayId, period: YearMonth) -> Result<bool, Fault> {
    let runs = autopay_run::Entity::find()
        .filter(autopay_run::Column::AutopayId.eq(id))
        .filter(autopay_run::Column::Period.eq(period));
    Ok(runs.one(db).await?.is_some())
}

pub async fn page_runs(
    db: &DatabaseConnection,
    user: UserId,
    page: &Page<AutopayRunId>,
) -> Result<Vec<autopay_run::Model>, Fault> {
    let own =
        autopay::Entity::find().select_only().column(autopay::Column::Id).filter(autopay::Column::UserId.eq(user));
    let runs = autopay_run::Entity::find().filter(autopay_run::Column::AutopayId.in_subquery(own.into_query()));
    let mut cursor = runs.cursor_by(autopay_run::Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

/// Whether it is new.
pub async fn insert_run_in(tx: &Tx, run: autopay_run::Model) -> Result<bool, Fault> {
    let once =
        OnConflict::columns([autopay_run::Column::AutopayId, autopay_run::Column::Period]).do_nothing().to_owned();
    let insert = autopay_run::Entity::insert(run.into_active_model()).on_conflict(once);
    Ok(insert.exec_without_returning(&**tx).await? == 1)
}

/// Whether the provider has not taken the statement back.
pub async fn stands_in(tx: &Tx, id: StatementId) -> Result<bool, Fault> {
    Ok(statement::standing().filter(statement::Column::Id.eq(id)).one(&**tx).await?.is_some())
}

/// Runs of a month that have paid nothing and are not about to.
pub async fn delete_unpaid_runs_in(tx: &Tx, accounts: Vec<PersonalAccountId>, period: YearMonth) -> Result<(), Fault> {
    let of_accounts = autopay::Entity::find()
        .select_only()
        .column(autopay::Column::Id)
        .filter(autopay::Column::PersonalAccountId.is_in(bulk::list(accounts)));
    let runs = autopay_run::Entity::delete_many()
        .filter(autopay_run::Column::AutopayId.in_subquery(of_accounts.into_query()))
        .filter(autopay_run::Column::Period.eq(period))
        .filter(autopay_run::Column::PaymentId.is_null())
        .filter(autopay_run::Column::State.is_in([AutopayRunState::Announced, AutopayRunState::Skipped]));
    runs.exec(&**tx).await?;
    Ok(())
}

pub async fn find_run(
    db: &DatabaseConnection,
    id: AutopayRunId,
) -> Result<Option<(autopay_run::Model, autopay::Model)>, Fault> {
    let Some(run) = autopay_run::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    Ok(find(db, run.autopay_id).await?.map(|autopay| (run, autopay)))
}

/// The letter has gone out, maybe once more: it is due when that letter says.
pub async fn mark_told_in(tx: &Tx, id: AutopayRunId, now: DateTime<Utc>, due_at: DateTime<Utc>) -> Result<(), DbErr> {
    let told = autopay_run::ActiveModel { told_at: Set(Some(now)), due_at: Set(due_at), ..Default::default() };
    let untold = autopay_run::Entity::update_many()
        .set(told)
        .filter(autopay_run::Column::Id.eq(id))
        .filter(autopay_run::Column::State.eq(AutopayRunState::Announced));
    untold.exec(&**tx).await.map(|_| ())
}

/// Sums of payments of the account whose end is not known, without their commissions.
pub async fn open_sum_in(tx: &Tx, account: PersonalAccountId) -> Result<Money, Fault> {
    let open = payment::Entity::find()
        .filter(payment::Column::PersonalAccountId.eq(account))
        .filter(payment::Column::Status.is_in(OPEN));
    Ok(open.all(&**tx).await?.into_iter().map(|payment| payment.amount).sum())
}

/// Whether it was still to be paid: two workers do not pay twice, and one that was taken back is not paid.
pub async fn begin_run_in(tx: &Tx, id: AutopayRunId, payment: PaymentId) -> Result<bool, DbErr> {
    let begun = autopay_run::ActiveModel {
        state: Set(AutopayRunState::Paying),
        payment_id: Set(Some(payment)),
        ..Default::default()
    };
    let active =
        autopay::Entity::find().select_only().column(autopay::Column::Id).filter(autopay::Column::PausedAt.is_null());
    let announced = autopay_run::Entity::update_many()
        .set(begun)
        .filter(autopay_run::Column::Id.eq(id))
        .filter(autopay_run::Column::State.eq(AutopayRunState::Announced))
        .filter(autopay_run::Column::AutopayId.in_subquery(active.into_query()));
    Ok(announced.exec(&**tx).await?.rows_affected == 1)
}

/// Whether it had not begun to pay.
pub async fn skip_run_in(tx: &Tx, id: AutopayRunId, reason: &str) -> Result<bool, DbErr> {
    let skipped = autopay_run::ActiveModel {
        state: Set(AutopayRunState::Skipped),
        reason: Set(Some(reason.to_owned())),
        ..Default::default()
    };
    let announced = autopay_run::Entity::update_many()
        .set(skipped)
        .filter(autopay_run::Column::Id.eq(id))
        .filter(autopay_run::Column::State.eq(AutopayRunState::Announced));
    Ok(announced.exec(&**tx).await?.rows_affected == 1)
}

pub async fn end_run_in(tx: &Tx, id: AutopayRunId, state: AutopayRunState, reason: Option<&str>) -> Result<(), DbErr> {
    let ended =
        autopay_run::ActiveModel { state: Set(state), reason: Set(reason.map(str::to_owned)), ..Default::default() };
    update_run_in(tx, id, ended).await
}

pub async fn retry_run_in(
    tx: &Tx,
    id: AutopayRunId,
    tries: i32,
    due_at: DateTime<Utc>,
    reason: &str,
) -> Result<(), DbErr> {
    let again = autopay_run::ActiveModel {
        state: Set(AutopayRunState::Announced),
        tries: Set(tries),
        due_at: Set(due_at),
        payment_id: Set(None),
        reason: Set(Some(reason.to_owned())),
        ..Default::default()
    };
    update_run_in(tx, id, again).await
}

async fn update_run_in(tx: &Tx, id: AutopayRunId, change: autopay_run::ActiveModel) -> Result<(), DbErr> {
    let own = autopay_run::Column::Id.eq(id);
    autopay_run::Entity::update_many().set(change).filter(own).exec(&**tx).await.map(|_| ())
}
