//! The tables `statements`, `statement_lines`, `ledger_entries`, and the balance on the account's row.

use chrono::NaiveDate;
use entity::exact::{Money, YearMonth};
use entity::ids::{LedgerEntryId, PersonalAccountId, StatementId};
use entity::{ledger_entry, personal_account, statement, statement_line};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef, Statement,
};

use crate::kernel::{Fault, Page, Since};
use crate::platform::db::{Engine, Tx, read_page};

pub async fn lock_account_in(tx: &Tx, id: PersonalAccountId) -> Result<personal_account::Model, DbErr> {
    let account = personal_account::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    account.ok_or_else(|| DbErr::RecordNotFound("personal account".to_owned()))
}

pub async fn insert_entry_in(tx: &Tx, entry: ledger_entry::Model) -> Result<(), DbErr> {
    ledger_entry::Entity::insert(entry.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn update_balance_in(tx: &Tx, entry: &ledger_entry::Model, in_transit: Money) -> Result<(), DbErr> {
    let moved = personal_account::ActiveModel {
        balance: Set(entry.balance_after),
        in_transit: Set(in_transit),
        version: Set(entry.version),
        balance_as_of: Set(entry.occurred_at),
        ..Default::default()
    };
    let account = personal_account::Column::Id.eq(entry.personal_account_id);
    personal_account::Entity::update_many().set(moved).filter(account).exec(&**tx).await.map(|_| ())
}

pub async fn page_entries(
    db: &DatabaseConnection,
    account: PersonalAccountId,
    since: Since,
    page: &Page<i64>,
) -> Result<Vec<ledger_entry::Model>, Fault> {
    let query = ledger_entry::Entity::find().filter(entries_of(account, since));
    let mut cursor = query.cursor_by(ledger_entry::Column::Version);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

fn entries_of(account: PersonalAccountId, since: Since) -> Condition {
    let shown = since.moment().map(|since| ledger_entry::Column::OccurredAt.gte(since));
    Condition::all().add(ledger_entry::Column::PersonalAccountId.eq(account)).add_option(shown)
}

pub async fn find_entries(db: &DatabaseConnection, ids: &[LedgerEntryId]) -> Result<Vec<ledger_entry::Model>, Fault> {
    Ok(ledger_entry::Entity::find().filter(ledger_entry::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

pub async fn list_taken_back(
    db: &DatabaseConnection,
    ids: &[LedgerEntryId],
) -> Result<Vec<(LedgerEntryId, LedgerEntryId)>, Fault> {
    use ledger_entry::Column as C;
    let query = ledger_entry::Entity::find().select_only().columns([C::ReversesId, C::Id]);
    Ok(query.filter(C::ReversesId.is_in(ids.iter().copied())).into_tuple().all(db).await?)
}

pub async fn list_entries_after(
    db: &DatabaseConnection,
    positions: &[(PersonalAccountId, i64, Since)],
    most: u64,
) -> Result<Vec<ledger_entry::Model>, Fault> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let behind = positions.iter().fold(Condition::any(), |any, (account, version, since)| {
        any.add(entries_of(*account, *since).add(ledger_entry::Column::Version.gt(*version)))
    });
    // By version, not by time: the clocks of two instances differ, and a page must not run ahead of an account's order.
    let query = ledger_entry::Entity::find()
        .filter(behind)
        .order_by_asc(ledger_entry::Column::Version)
        .order_by_asc(ledger_entry::Column::PersonalAccountId)
        .limit(most);
    Ok(query.all(db).await?)
}

pub async fn list_newest_statements(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
) -> Result<Vec<statement::Model>, Fault> {
    Ok(statement::standing().filter(is_newest(accounts)).all(db).await?)
}

/// What each month added since a due date: account, due date, accrued, recalculated; the newest first.
pub async fn list_charges(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
    since: NaiveDate,
) -> Result<Vec<(PersonalAccountId, NaiveDate, Money, Money)>, Fault> {
    let charges = statement::standing()
        .select_only()
        .columns([
            statement::Column::PersonalAccountId,
            statement::Column::DueOn,
            statement::Column::Accrued,
            statement::Column::Recalculated,
        ])
        .filter(statement::Column::PersonalAccountId.is_in(accounts.iter().copied()))
        .filter(statement::Column::DueOn.gte(since))
        .order_by_desc(statement::Column::Period)
        .into_tuple();
    Ok(charges.all(db).await?)
}

pub async fn find_statements(
    db: &DatabaseConnection,
    wanted: &[(PersonalAccountId, YearMonth)],
) -> Result<Vec<statement::Model>, Fault> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let any = wanted.iter().fold(Condition::any(), |any, (account, period)| {
        any.add(
            Condition::all()
                .add(statement::Column::PersonalAccountId.eq(*account))
                .add(statement::Column::Period.eq(*period)),
        )
    });
    Ok(statement::standing().filter(any).all(db).await?)
}

pub async fn page_statements(
    db: &DatabaseConnection,
    account: PersonalAccountId,
    since: Since,
    page: &Page<YearMonth>,
) -> Result<Vec<statement::Model>, Fault> {
    let wanted = Condition::all()
        .add(statement::Column::PersonalAccountId.eq(account))
        .add_option(since.month().map(|first| statement::Column::Period.gte(first)));
    let query = statement::standing().filter(wanted);
    let mut cursor = query.cursor_by(statement::Column::Period);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

/// Statements of accounts from month to month, both included.
pub async fn list_statements_between(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
    from: YearMonth,
    to: YearMonth,
) -> Result<Vec<statement::Model>, Fault> {
    let query = statement::standing()
        .filter(statement::Column::PersonalAccountId.is_in(accounts.iter().copied()))
        .filter(statement::Column::Period.between(from, to));
    Ok(query.all(db).await?)
}

/// Statements of accounts from month to month, and their newest if it is wanted, each with its lines: one statement of SQL.
pub async fn list_billed(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
    months: Option<(YearMonth, YearMonth)>,
    newest: bool,
) -> Result<Vec<(statement::Model, Option<statement_line::Model>)>, Fault> {
    let of_statement: RelationDef = statement::Entity::belongs_to(statement_line::Entity)
        .from(statement::Column::Id)
        .to(statement_line::Column::StatementId)
        .into();
    let mut any = Condition::any();
    if let Some((from, to)) = months {
        any = any.add(statement::Column::Period.between(from, to));
    }
    if newest {
        any = any.add(is_newest(accounts));
    }
    let query = statement::standing()
        .join(JoinType::LeftJoin, of_statement)
        .filter(statement::Column::PersonalAccountId.is_in(accounts.iter().copied()))
        .filter(any)
        .order_by_asc(statement::Column::PersonalAccountId)
        .order_by_asc(statement::Column::Period)
        .order_by_asc(statement_line::Column::Position)
        .select_also(statement_line::Entity);
    Ok(query.all(db).await?)
}

fn is_newest(accounts: &[PersonalAccountId]) -> Expr {
    let newest = Query::select()
        .column(statement::Column::PersonalAccountId)
        .expr(Expr::col(statement::Column::Period).max())
        .from(statement::Entity)
        .and_where(statement::Column::PersonalAccountId.is_in(accounts.iter().copied()))
        .and_where(statement::stands())
        .group_by_col(statement::Column::PersonalAccountId)
        .to_owned();
    let column = |column| Expr::col((statement::Entity, column));
    let key = Expr::tuple([column(statement::Column::PersonalAccountId), column(statement::Column::Period)]);
    key.in_subquery(newest)
}

/// For each account and period the nearest statement after it (`later`) or before it.
pub async fn list_neighbours(
    db: &DatabaseConnection,
    wanted: &[(PersonalAccountId, YearMonth, bool)],
) -> Result<Vec<statement::Model>, Fault> {
    let nearest = |(account, period, later): &(PersonalAccountId, YearMonth, bool)| {
        let own = statement::Column::PersonalAccountId.eq(*account);
        let column = Expr::col(statement::Column::Period);
        let (side, nearest) = if *later {
            (statement::Column::Period.gt(*period), column.clone().min())
        } else {
            (statement::Column::Period.lt(*period), column.clone().max())
        };
        let found = Query::select()
            .expr(nearest)
            .from(statement::Entity)
            .and_where(own.clone())
            .and_where(side)
            .and_where(statement::stands())
            .to_owned();
        Condition::all().add(own).add(column.in_subquery(found))
    };
    let any = wanted.iter().fold(Condition::any(), |any, one| any.add(nearest(one)));
    Ok(statement::standing().filter(any).all(db).await?)
}

pub async fn find_statements_by_id(
    db: &DatabaseConnection,
    ids: &[StatementId],
) -> Result<Vec<statement::Model>, Fault> {
    Ok(statement::standing().filter(statement::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

pub async fn list_lines(
    db: &DatabaseConnection,
    statements: &[StatementId],
) -> Result<Vec<statement_line::Model>, Fault> {
    let query =
        statement_line::Entity::find().filter(statement_line::Column::StatementId.is_in(statements.iter().copied()));
    Ok(query
        .order_by_asc(statement_line::Column::StatementId)
        .order_by_asc(statement_line::Column::Position)
        .all(db)
        .await?)
}

#[derive(FromQueryResult)]
struct Unbalanced {
    id: PersonalAccountId,
}

pub async fn list_unbalanced(
    db: &DatabaseConnection,
    engine: Engine,
    most: u64,
) -> Result<Vec<PersonalAccountId>, Fault> {
    let sql = format!(
        "SELECT a.id FROM personal_accounts a LEFT JOIN \
         (SELECT personal_account_id, SUM(amount) AS total, COUNT(*) AS entries FROM ledger_entries GROUP BY personal_account_id) l \
         ON l.personal_account_id = a.id \
         WHERE a.balance <> COALESCE(l.total, 0) OR a.version <> COALESCE(l.entries, 0) LIMIT {most}"
    );
    let backend = match engine {
        Engine::Sqlite => sea_orm::DbBackend::Sqlite,
        Engine::Postgres => sea_orm::DbBackend::Postgres,
    };
    let rows = Unbalanced::find_by_statement(Statement::from_string(backend, sql)).all(db).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
