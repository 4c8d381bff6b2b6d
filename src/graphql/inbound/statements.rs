//! Statements of a month with their lines.

use async_graphql::{Context, InputObject, Object};
use chrono::SubsecRound;

use super::row::{Read, cell, day, number, optional};
use super::{batch_payload, shown};
use crate::graphql::context::Find;
use crate::graphql::enums::{ChargeBasis, Unit};
use crate::graphql::error::TopError;
use crate::graphql::scalars::{Date, DateTime, Decimal, YearMonth};
use crate::integrators::batch::Batch;
use crate::integrators::register::Bill;
use crate::integrators::register::cells::CellError;
use crate::integrators::register::rows::{StatementLineRow, StatementRow};

/// One service in a statement.
#[derive(Clone, Debug, InputObject)]
pub struct StatementLineInput {
    /// The provider's own.
    pub service_code: String,
    /// As the receipt calls it.
    pub service_name: String,
    /// At most 4 digits after the point.
    pub volume: Decimal,
    /// Of the volume.
    pub unit: Unit,
    /// Roubles per unit, at most 5 digits after the point.
    pub price: Decimal,
    /// What the volume is multiplied by, at most 6 digits after the point; 1 without one.
    pub coefficient: Option<Decimal>,
    /// Roubles, at most 2 digits after the point.
    pub amount: Decimal,
    /// What the volume is reckoned from.
    pub basis: ChargeBasis,
    /// For the person.
    pub explanation: Option<String>,
}

/// A month's statement: opening + accrued + recalculated + penalty − paid = closing. Roubles, at most 2 digits after the point;
/// opening and closing above zero: the person owes.
#[derive(Clone, Debug, InputObject)]
pub struct StatementInput {
    /// Number of the personal account. The key, with the period.
    pub account: String,
    /// Owed when the month began; the closing of the month before.
    pub opening: Decimal,
    /// The sum of the lines.
    pub accrued: Decimal,
    /// Recalculation of earlier months.
    pub recalculated: Decimal,
    /// Penalty.
    pub penalty: Decimal,
    /// Paid since the statement before, whichever way.
    pub paid: Decimal,
    /// Owed when the month ended.
    pub closing: Decimal,
    /// The last day to pay without a penalty; null: by the provider's due day.
    pub due_on: Option<Date>,
    /// When it was issued. A later issue of the newest statement takes its place by entries that take the earlier ones back.
    pub issued_at: DateTime,
    /// At most 200, in the order of the receipt.
    pub lines: Vec<StatementLineInput>,
}

/// Up to 1,000 statements of one period.
#[derive(Clone, Debug, InputObject)]
pub struct ImportStatementsInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// Of all of them.
    pub period: YearMonth,
    /// 1 to 1,000; each account once.
    pub statements: Vec<StatementInput>,
}

batch_payload! {
    /// What became of the statements.
    ImportStatementsPayload
}

#[derive(Default)]
pub struct StatementImportMutation;

#[Object]
impl StatementImportMutation {
    /// Adds statements of personal accounts of the program's provider to their ledgers. Scope IMPORT. Months come in their order: an
    /// older one than the newest that is stored is refused.
    async fn import_statements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The statements.")] input: ImportStatementsInput,
    ) -> Result<ImportStatementsPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let period = input.period.0;
        let rows = input.statements.iter().map(|statement| bill(period, statement)).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.import_statements(provider, batch).await;
        Ok(shown(outcome, "statements", ctx.actor()?.locale)?.into())
    }
}

fn bill(period: entity::exact::YearMonth, input: &StatementInput) -> Read<Bill> {
    let statement = StatementRow {
        account: cell("account", &input.account)?,
        period,
        opening: number("opening", &input.opening)?,
        accrued: number("accrued", &input.accrued)?,
        recalculated: number("recalculated", &input.recalculated)?,
        penalty: number("penalty", &input.penalty)?,
        paid: number("paid", &input.paid)?,
        closing: number("closing", &input.closing)?,
        due_on: day(input.due_on),
        // As the databases keep it.
        issued_at: input.issued_at.0.trunc_subsecs(6),
    };
    let lines = (1..).zip(&input.lines).map(|(position, given)| line(&statement.account, position, given));
    let lines = lines.collect::<Read<Vec<_>>>()?;
    Ok(Bill { line: 0, statement, lines })
}

fn line(account: &str, position: i16, input: &StatementLineInput) -> Read<StatementLineRow> {
    let read = || {
        Ok(StatementLineRow {
            account: account.to_owned(),
            position,
            service_code: cell("service_code", &input.service_code)?,
            service_name: cell("service_name", &input.service_name)?,
            volume: number("volume", &input.volume)?,
            unit: input.unit.into(),
            price: number("price", &input.price)?,
            coefficient: match &input.coefficient {
                Some(coefficient) => number("coefficient", coefficient)?,
                None => entity::exact::Coefficient::ONE,
            },
            amount: number("amount", &input.amount)?,
            basis: input.basis.into(),
            explanation: optional("explanation", input.explanation.as_ref())?,
        })
    };
    read().map_err(|CellError { code, column, reason }| {
        CellError::coded(code, "lines", format!("line {position}, {column}: {reason}"))
    })
}
