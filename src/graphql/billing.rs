//! Statements and the ledger.

mod outlook;

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::exact::Money as Kopecks;
use entity::{ledger_entry, statement, statement_line};

pub use outlook::AccountOutlook;

use super::accounts::{Balance, Money};
use super::context::Find;
use super::enums::{ChargeBasis, LedgerEntryKind, Unit};
use super::error::TopError;
use super::ids;
use super::payments::Payment;
use super::scalars::{Date, DateTime, Decimal, YearMonth};
use crate::accounts::{AccountKey, model};
use crate::billing::statement::Neighbour;

/// A month's bill as the provider sent it.
#[derive(Clone, Debug)]
pub struct Statement {
    pub statement: statement::Model,
    pub account: AccountKey,
}

/// A month's bill as the provider sent it: opening + accrued + recalculated + penalty − paid = closing. Sums are signed:
/// above zero is owed.
#[Object]
impl Statement {
    /// TypeID with the prefix `statement`.
    pub async fn id(&self) -> ID {
        ids::encode(self.statement.id)
    }

    /// The month.
    async fn period(&self) -> YearMonth {
        YearMonth(self.statement.period)
    }

    /// The last day to pay without a penalty.
    async fn due_on(&self) -> Date {
        Date(self.statement.due_on)
    }

    /// When the provider made it.
    async fn issued_at(&self) -> DateTime {
        DateTime(self.statement.issued_at)
    }

    /// Owed at the beginning of the month.
    async fn opening(&self) -> Money {
        self.statement.opening.into()
    }

    /// Charged for the month.
    async fn accrued(&self) -> Money {
        self.statement.accrued.into()
    }

    /// Corrections of earlier months.
    async fn recalculated(&self) -> Money {
        self.statement.recalculated.into()
    }

    /// For paying late.
    async fn penalty(&self) -> Money {
        self.statement.penalty.into()
    }

    /// Payments that the provider has seen.
    async fn paid(&self) -> Money {
        self.statement.paid.into()
    }

    /// Owed at the end of the month.
    async fn closing(&self) -> Money {
        self.statement.closing.into()
    }

    /// How `accrued` comes about, service by service.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<StatementLine>, TopError> {
        let lines = ctx.loaders()?.lines.load(self.statement.id).await?;
        Ok(lines.unwrap_or_default().into_iter().map(StatementLine::from).collect())
    }

    /// The statement before it.
    async fn previous(&self, ctx: &Context<'_>) -> Result<Option<Statement>, TopError> {
        self.neighbour(ctx, false).await
    }

    /// The statement after it.
    async fn next(&self, ctx: &Context<'_>) -> Result<Option<Statement>, TopError> {
        self.neighbour(ctx, true).await
    }
}

impl Statement {
    async fn neighbour(&self, ctx: &Context<'_>, later: bool) -> Result<Option<Self>, TopError> {
        let wanted = Neighbour { account: self.account, of: self.statement.period, later };
        let found = ctx.loaders()?.neighbour.load(wanted).await?;
        Ok(found.map(|statement| Self { statement, account: self.account }))
    }
}

/// One service of a statement: amount = volume × coefficient × price, rounded once, half up.
#[derive(Clone, Debug, SimpleObject)]
pub struct StatementLine {
    /// Name of the service.
    pub service: String,
    /// The provider's code of the service.
    pub service_code: String,
    /// How much was charged for.
    pub volume: Decimal,
    /// What is counted.
    pub unit: Unit,
    /// Roubles per unit.
    pub price: Decimal,
    /// Temperature coefficient; 1 where there is none.
    pub coefficient: Decimal,
    /// Roubles.
    pub amount: Money,
    /// What the volume was reckoned from.
    pub basis: ChargeBasis,
    /// How the amount comes about, in words and figures.
    pub explanation: String,
}

impl From<statement_line::Model> for StatementLine {
    fn from(line: statement_line::Model) -> Self {
        let product = format!("{} × {} × {} = {}", line.volume, line.coefficient, line.price, line.amount);
        Self {
            service: line.service_name,
            service_code: line.service_code,
            volume: line.volume.into(),
            unit: line.unit.into(),
            price: line.price.into(),
            coefficient: line.coefficient.into(),
            amount: line.amount.into(),
            basis: line.basis.into(),
            explanation: line.explanation.unwrap_or(product),
        }
    }
}

/// One change of an account's balance. Entries are only ever added.
#[derive(Clone, Debug)]
pub struct LedgerEntry {
    pub entry: ledger_entry::Model,
    pub account: AccountKey,
}

/// One change of an account's balance. Entries are only ever added.
#[Object]
impl LedgerEntry {
    /// TypeID with the prefix `entry`.
    pub async fn id(&self) -> ID {
        ids::encode(self.entry.id)
    }

    /// 1, 2, 3 … for each account, without gaps.
    async fn version(&self) -> i64 {
        self.entry.version
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.entry.occurred_at)
    }

    /// Why the balance changed.
    async fn kind(&self) -> LedgerEntryKind {
        self.entry.kind.into()
    }

    /// Signed: above zero raises what is owed.
    async fn amount(&self) -> Money {
        self.entry.amount.into()
    }

    /// The balance after it.
    async fn balance_after(&self) -> Balance {
        model::Balance::of(self.entry.balance_after, self.entry.occurred_at, self.entry.version).into()
    }

    /// The month that it belongs to.
    async fn period(&self) -> Option<YearMonth> {
        self.entry.period.map(YearMonth)
    }

    /// The viewer's payment behind it, if it is one.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Option<Payment>, TopError> {
        let Some(id) = self.entry.payment_id else { return Ok(None) };
        Ok(ctx.loaders()?.payment.load(id).await?.map(Payment))
    }

    /// The statement that it came with.
    async fn statement(&self, ctx: &Context<'_>) -> Result<Option<Statement>, TopError> {
        let (Some(_), Some(period)) = (self.entry.statement_id, self.entry.period) else { return Ok(None) };
        let found = ctx.loaders()?.statement.load((self.account, period)).await?;
        Ok(found.map(|statement| Statement { statement, account: self.account }))
    }
}

/// The balance before an entry.
pub fn balance_before(entry: &ledger_entry::Model) -> Balance {
    let before: Kopecks = entry.balance_after - entry.amount;
    model::Balance::of(before, entry.occurred_at, entry.version - 1).into()
}
