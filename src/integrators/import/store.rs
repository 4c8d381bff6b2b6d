//! The tables that registers fill. Lookups take a chunk of keys and cost one statement each.

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::ReadingSource;
use entity::exact::{Money, YearMonth};
use entity::ids::{ImportFileId, MeterId, MeterReadingId, PersonalAccountId, ProviderId, StatementId};
use entity::{
    account_service, attachment, import_file, ledger_entry, meter, meter_reading, meter_replacement, personal_account,
    provider, provider_terms, service_change, statement, statement_line, tariff,
};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseExecutor, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};

use uuid::Uuid;

use crate::kernel::Fault;
use crate::platform::db::{Db, Tx, bulk};

/// Where a lookup reads: before the writing, or inside its transaction, where it locks the accounts.
#[derive(Clone, Copy, Debug)]
pub enum Reads<'a> {
    Outside(&'a Db),
    Inside(&'a Tx),
}

impl Reads<'_> {
    fn executor(&self) -> DatabaseExecutor<'_> {
        match self {
            Self::Outside(db) => DatabaseExecutor::Connection(db.read()),
            Self::Inside(tx) => DatabaseExecutor::Transaction(tx),
        }
    }
}

/// Rows to add and rows to overwrite.
#[derive(Clone, Debug)]
pub struct Upserts<M> {
    pub inserts: Vec<M>,
    pub updates: Vec<M>,
}

impl<M> Default for Upserts<M> {
    fn default() -> Self {
        Self { inserts: Vec::new(), updates: Vec::new() }
    }
}

/// With all its terms.
pub async fn find_provider(
    reads: Reads<'_>,
    code: &str,
) -> Result<Option<(provider::Model, Vec<provider_terms::Model>)>, Fault> {
    let query = provider::Entity::find().find_with_related(provider_terms::Entity);
    let found = query.filter(provider::Column::Code.eq(code)).all(&reads.executor()).await?;
    Ok(found.into_iter().next())
}

/// In the place of all that were there.
pub async fn put_terms_in(tx: &Tx, provider: ProviderId, rows: &[provider_terms::Model]) -> Result<(), Fault> {
    let of_provider = provider_terms::Column::ProviderId.eq(provider);
    provider_terms::Entity::delete_many().filter(of_provider).exec(&**tx).await?;
    bulk::insert_all::<provider_terms::Entity>(tx, rows).await
}

pub async fn insert_provider_in(tx: &Tx, row: provider::Model) -> Result<(), Fault> {
    provider::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn update_provider_in(tx: &Tx, row: provider::Model) -> Result<(), Fault> {
    provider::Entity::update(row.into_active_model().reset_all()).exec(&**tx).await?;
    Ok(())
}

/// Inside a transaction the rows are locked, in the order of their ids so that two imports cannot wait for each other.
pub async fn find_accounts(
    reads: Reads<'_>,
    provider: ProviderId,
    numbers: impl Iterator<Item = &str>,
) -> Result<Vec<personal_account::Model>, Fault> {
    let mut query = personal_account::Entity::find()
        .filter(personal_account::Column::ProviderId.eq(provider))
        .filter(personal_account::Column::Number.is_in(bulk::list(numbers)))
        .order_by_asc(personal_account::Column::Id);
    if matches!(reads, Reads::Inside(_)) {
        query = query.lock_exclusive();
    }
    Ok(query.all(&reads.executor()).await?)
}

pub async fn write_accounts_in(tx: &Tx, rows: &Upserts<personal_account::Model>) -> Result<(), Fault> {
    use personal_account::Column as C;
    let columns = [C::HolderName, C::Address, C::Pin, C::Attachable, C::Residents, C::HeatedArea];
    bulk::insert_all::<personal_account::Entity>(tx, &rows.inserts).await?;
    bulk::update_all::<personal_account::Entity>(tx, &columns, &rows.updates).await
}

pub async fn list_tariffs(reads: Reads<'_>, provider: ProviderId) -> Result<Vec<tariff::Model>, Fault> {
    Ok(tariff::Entity::find().filter(tariff::Column::ProviderId.eq(provider)).all(&reads.executor()).await?)
}

pub async fn write_tariffs_in(tx: &Tx, rows: &Upserts<tariff::Model>) -> Result<(), Fault> {
    use tariff::Column as C;
    let columns = [C::ServiceName, C::Price, C::Unit, C::EndsOn, C::OrderReference];
    bulk::insert_all::<tariff::Entity>(tx, &rows.inserts).await?;
    bulk::update_all::<tariff::Entity>(tx, &columns, &rows.updates).await
}

pub async fn find_services(
    reads: Reads<'_>,
    accounts: &[PersonalAccountId],
) -> Result<Vec<account_service::Model>, Fault> {
    let of_accounts = account_service::Column::PersonalAccountId.is_in(bulk::list(accounts.iter().copied()));
    Ok(account_service::Entity::find().filter(of_accounts).all(&reads.executor()).await?)
}

pub async fn write_services_in(tx: &Tx, rows: &Upserts<account_service::Model>) -> Result<(), Fault> {
    use account_service::Column as C;
    let columns = [C::Name, C::Unit, C::TariffGroup, C::ContractNumber, C::Norm, C::StartsOn, C::EndsOn];
    bulk::insert_all::<account_service::Entity>(tx, &rows.inserts).await?;
    bulk::update_all::<account_service::Entity>(tx, &columns, &rows.updates).await
}

pub async fn find_changes(
    reads: Reads<'_>,
    accounts: &[PersonalAccountId],
) -> Result<Vec<service_change::Model>, Fault> {
    let of_accounts = service_change::Column::PersonalAccountId.is_in(bulk::list(accounts.iter().copied()));
    Ok(service_change::Entity::find().filter(of_accounts).all(&reads.executor()).await?)
}

pub async fn write_changes_in(tx: &Tx, rows: &Upserts<service_change::Model>) -> Result<(), Fault> {
    use service_change::Column as C;
    bulk::insert_all::<service_change::Entity>(tx, &rows.inserts).await?;
    bulk::update_all::<service_change::Entity>(tx, &[C::Before, C::After, C::Description], &rows.updates).await
}

/// Inside a transaction the rows are locked: a cabinet may be sending a reading of them.
pub async fn find_meters(reads: Reads<'_>, accounts: &[PersonalAccountId]) -> Result<Vec<meter::Model>, Fault> {
    let of_accounts = meter::Column::PersonalAccountId.is_in(bulk::list(accounts.iter().copied()));
    let mut query = meter::Entity::find().filter(of_accounts).order_by_asc(meter::Column::Id);
    if matches!(reads, Reads::Inside(_)) {
        query = query.lock_exclusive();
    }
    Ok(query.all(&reads.executor()).await?)
}

/// Leaves the last reading alone: it belongs to the readings.
pub async fn write_meters_in(tx: &Tx, rows: &Upserts<meter::Model>) -> Result<(), Fault> {
    use meter::Column as C;
    let description = [C::ServiceCode, C::Name, C::Model, C::Unit, C::Registers, C::IntegerDigits, C::FractionDigits];
    let dates = [C::Coefficient, C::InstalledOn, C::VerificationDueOn, C::RemovedOn];
    let seal = [C::SealNumber, C::SealedOn, C::SealBrokenOn];
    let columns: Vec<_> = description.into_iter().chain(dates).chain(seal).collect();
    bulk::insert_all::<meter::Entity>(tx, &rows.inserts).await?;
    bulk::update_all::<meter::Entity>(tx, &columns, &rows.updates).await
}

pub async fn find_replacements(
    reads: Reads<'_>,
    old_meters: &[MeterId],
) -> Result<Vec<meter_replacement::Model>, Fault> {
    let of_meters = meter_replacement::Column::OldMeterId.is_in(bulk::list(old_meters.iter().copied()));
    Ok(meter_replacement::Entity::find().filter(of_meters).all(&reads.executor()).await?)
}

/// With the meters that were removed and installed.
pub async fn write_replacements_in(
    tx: &Tx,
    rows: &Upserts<meter_replacement::Model>,
    meters: &[meter::Model],
) -> Result<(), Fault> {
    use meter::Column as M;
    use meter_replacement::Column as C;
    let columns = [C::NewMeterId, C::ReplacedOn, C::ClosingReadingId, C::OpeningReadingId];
    bulk::insert_all::<meter_replacement::Entity>(tx, &rows.inserts).await?;
    bulk::update_all::<meter_replacement::Entity>(tx, &columns, &rows.updates).await?;
    bulk::update_all::<meter::Entity>(tx, &[M::InstalledOn, M::RemovedOn, M::LastReadingId], meters).await
}

/// The provider's readings of meters, from day to day.
pub async fn find_readings(
    reads: Reads<'_>,
    meters: &[MeterId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<meter_reading::Model>, Fault> {
    let query = meter_reading::Entity::find()
        .filter(meter_reading::Column::MeterId.is_in(bulk::list(meters.iter().copied())))
        .filter(meter_reading::Column::TakenOn.between(from, to))
        .filter(meter_reading::Column::Source.eq(ReadingSource::Provider));
    Ok(query.all(&reads.executor()).await?)
}

pub async fn find_reading_days(
    reads: Reads<'_>,
    readings: &[MeterReadingId],
) -> Result<Vec<(MeterReadingId, NaiveDate)>, Fault> {
    let query = meter_reading::Entity::find()
        .select_only()
        .columns([meter_reading::Column::Id, meter_reading::Column::TakenOn])
        .filter(meter_reading::Column::Id.is_in(bulk::list(readings.iter().copied())));
    Ok(query.into_tuple().all(&reads.executor()).await?)
}

/// `last` are meters with a new last reading.
pub async fn write_readings_in(
    tx: &Tx,
    rows: &Upserts<meter_reading::Model>,
    last: &[meter::Model],
) -> Result<(), Fault> {
    use meter_reading::Column as C;
    let values = [C::ValueSingle, C::ValueDay, C::ValueNight, C::ValuePeak, C::Consumption];
    bulk::insert_all::<meter_reading::Entity>(tx, &rows.inserts).await?;
    bulk::update_all::<meter_reading::Entity>(tx, &values, &rows.updates).await?;
    bulk::update_all::<meter::Entity>(tx, &[meter::Column::LastReadingId], last).await
}

/// Statements of accounts, of a period and later.
pub async fn find_statements_since(
    reads: Reads<'_>,
    accounts: &[PersonalAccountId],
    period: YearMonth,
) -> Result<Vec<statement::Model>, Fault> {
    let query = statement::standing()
        .filter(statement::Column::PersonalAccountId.is_in(bulk::list(accounts.iter().copied())))
        .filter(statement::Column::Period.gte(period));
    Ok(query.all(&reads.executor()).await?)
}

/// The newest period of each account that has statements, but for those that some sources brought.
pub async fn find_newest_periods(
    reads: Reads<'_>,
    accounts: &[PersonalAccountId],
    but_for: &[Uuid],
) -> Result<Vec<(PersonalAccountId, YearMonth)>, Fault> {
    let others = statement::Column::BroughtBy.is_null().or(statement::Column::BroughtBy.is_not_in(but_for.to_vec()));
    let others = Condition::all().add_option((!but_for.is_empty()).then_some(others));
    let query = statement::standing()
        .select_only()
        .column(statement::Column::PersonalAccountId)
        .column_as(statement::Column::Period.max(), "newest")
        .filter(others)
        .filter(statement::Column::PersonalAccountId.is_in(bulk::list(accounts.iter().copied())))
        .group_by(statement::Column::PersonalAccountId);
    Ok(query.into_tuple().all(&reads.executor()).await?)
}

/// The newest statement of each account before a period.
pub async fn find_newest_before(
    reads: Reads<'_>,
    accounts: &[PersonalAccountId],
    period: YearMonth,
) -> Result<Vec<statement::Model>, Fault> {
    let accounts = bulk::list(accounts.iter().copied());
    let newest = Query::select()
        .column(statement::Column::PersonalAccountId)
        .expr(Expr::col(statement::Column::Period).max())
        .from(statement::Entity)
        .and_where(statement::Column::PersonalAccountId.is_in(accounts))
        .and_where(statement::Column::Period.lt(period))
        .and_where(statement::stands())
        .group_by_col(statement::Column::PersonalAccountId)
        .to_owned();
    let key = [statement::Column::PersonalAccountId, statement::Column::Period].map(Expr::col);
    let query = statement::standing().filter(Expr::tuple(key).in_subquery(newest));
    Ok(query.all(&reads.executor()).await?)
}

/// Entries that statements brought, in order.
pub async fn find_entries(reads: Reads<'_>, statements: &[StatementId]) -> Result<Vec<ledger_entry::Model>, Fault> {
    let query = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::StatementId.is_in(bulk::list(statements.iter().copied())))
        .order_by_asc(ledger_entry::Column::Version);
    Ok(query.all(&reads.executor()).await?)
}

pub async fn find_lines(reads: Reads<'_>, statements: &[StatementId]) -> Result<Vec<statement_line::Model>, Fault> {
    let query = statement_line::Entity::find()
        .filter(statement_line::Column::StatementId.is_in(bulk::list(statements.iter().copied())))
        .order_by_asc(statement_line::Column::Position);
    Ok(query.all(&reads.executor()).await?)
}

/// What was paid and given back here since a time, which no statement brought: account, when, amount as the ledger has it (a payment is below zero).
pub async fn find_paid_here_since(
    reads: Reads<'_>,
    accounts: &[PersonalAccountId],
    since: DateTime<Utc>,
) -> Result<Vec<(PersonalAccountId, DateTime<Utc>, Money)>, Fault> {
    let query = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::PersonalAccountId)
        .column(ledger_entry::Column::OccurredAt)
        .column(ledger_entry::Column::Amount)
        .filter(ledger_entry::Column::PersonalAccountId.is_in(bulk::list(accounts.iter().copied())))
        .filter(ledger_entry::Column::StatementId.is_null())
        .filter(ledger_entry::Column::OccurredAt.gte(since));
    Ok(query.into_tuple().all(&reads.executor()).await?)
}

/// What a chunk of statements adds.
#[derive(Clone, Debug, Default)]
pub struct Bills {
    /// Earlier issues, which stand no more, among them.
    pub statements: Vec<statement::Model>,
    /// Other issues of stored ones, which take their places with their lines.
    pub corrected: Vec<statement::Model>,
    /// Stored ones that stand no more.
    pub withdrawn: Vec<statement::Model>,
    /// Earlier issues that have their places again, and are kept as such no longer.
    pub restored: Vec<StatementId>,
    pub lines: Vec<statement_line::Model>,
    pub entries: Vec<ledger_entry::Model>,
    /// With their new balances.
    pub accounts: Vec<personal_account::Model>,
}

pub async fn write_bills_in(tx: &Tx, bills: &Bills) -> Result<(), Fault> {
    use personal_account::Column as C;
    use statement::Column as S;
    bulk::insert_all::<statement::Entity>(tx, &bills.statements).await?;
    bulk::update_all::<statement::Entity>(tx, &[S::WithdrawnAt], &bills.withdrawn).await?;
    if !bills.corrected.is_empty() {
        let columns = [
            S::Opening,
            S::Accrued,
            S::Recalculated,
            S::Penalty,
            S::Paid,
            S::Closing,
            S::DueOn,
            S::IssuedAt,
            S::CorrectedAt,
            S::BroughtBy,
        ];
        bulk::update_all::<statement::Entity>(tx, &columns, &bills.corrected).await?;
        let corrected = bills.corrected.iter().map(|statement| statement.id);
        let old = bulk::list(corrected.chain(bills.restored.iter().copied()));
        let old = statement_line::Column::StatementId.is_in(old);
        statement_line::Entity::delete_many().filter(old).exec(&**tx).await?;
    }
    if !bills.restored.is_empty() {
        let restored = S::Id.is_in(bulk::list(bills.restored.iter().copied()));
        statement::Entity::delete_many().filter(restored).exec(&**tx).await?;
    }
    bulk::insert_all::<statement_line::Entity>(tx, &bills.lines).await?;
    bulk::insert_all::<ledger_entry::Entity>(tx, &bills.entries).await?;
    let columns = [C::Balance, C::InTransit, C::Version, C::BalanceAsOf];
    bulk::update_all::<personal_account::Entity>(tx, &columns, &bills.accounts).await
}

/// Those of the accounts that a cabinet has attached.
pub async fn find_attached(tx: &Tx, accounts: &[PersonalAccountId]) -> Result<Vec<PersonalAccountId>, Fault> {
    let query = attachment::Entity::find()
        .select_only()
        .column(attachment::Column::PersonalAccountId)
        .distinct()
        .filter(attachment::Column::PersonalAccountId.is_in(bulk::list(accounts.iter().copied())));
    Ok(query.into_tuple().all(&**tx).await?)
}

/// Imports of a provider's registers of a kind, the one begun last first.
pub async fn list_imports(db: &Db, provider: &str, kind: &str) -> Result<Vec<import_file::Model>, Fault> {
    let query = import_file::Entity::find()
        .filter(import_file::Column::ProviderCode.eq(provider))
        .filter(import_file::Column::Kind.eq(kind))
        .order_by_desc(import_file::Column::StartedAt)
        .order_by_desc(import_file::Column::Id);
    Ok(query.all(db.read()).await?)
}

/// Begins or begins again.
pub async fn put_import_in(tx: &Tx, row: import_file::Model, known: bool) -> Result<(), Fault> {
    let row = row.into_active_model();
    if known {
        import_file::Entity::update(row.reset_all()).exec(&**tx).await?;
    } else {
        import_file::Entity::insert(row).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

/// False when the file is not where this run left it: another run is at it, or it is being taken back.
pub async fn advance_import_in(
    tx: &Tx,
    id: ImportFileId,
    (from, rows_done): (i64, i64),
    finished_at: Option<DateTime<Utc>>,
) -> Result<bool, Fault> {
    let progress =
        import_file::ActiveModel { rows_done: Set(rows_done), finished_at: Set(finished_at), ..Default::default() };
    let left = import_file::Entity::update_many().set(progress).filter(import_file::Column::Id.eq(id));
    Ok(left.filter(import_file::Column::RowsDone.eq(from)).exec(&**tx).await?.rows_affected > 0)
}
