//! Statements and the ledger.

mod explanation;
mod outlook;
mod payment_qr;

use async_graphql::{Context, ID, Object};
use entity::exact::Money as Kopecks;
use entity::{ledger_entry, statement};
use futures_util::future::try_join;

use explanation::entry_text;
pub use explanation::{EntryExplanation, ServiceComparison, StatementLine};
pub use outlook::AccountOutlook;
pub use payment_qr::{PaymentQr, PaymentQrQuery};

use super::accounts::{Balance, Money};
use super::context::Find;
use super::enums::LedgerEntryKind;
use super::error::TopError;
use super::ids;
use super::payments::Payment;
use super::scalars::{Date, DateTime, YearMonth};
use crate::accounts::{AccountKey, model};
use crate::billing::comparison::compare;
use crate::billing::statement::Neighbour;
use crate::config::Config;

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

    /// When a later issue of the month by the provider took the place of the first; null: it was never corrected. The ledger
    /// keeps both, and what was taken back.
    async fn corrected_at(&self) -> Option<DateTime> {
        self.statement.corrected_at.map(DateTime)
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

    /// The statement as PDF, in the language that is asked for by Accept-Language, with the code for a bank's app. To be
    /// fetched with the session.
    async fn pdf_url(&self, ctx: &Context<'_>) -> Result<String, TopError> {
        let name = ids::encode(self.statement.id);
        Ok(download_url(&ctx.services()?.config, &format!("statements/{}.pdf", name.as_str())))
    }

    /// How `accrued` comes about, service by service.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<StatementLine>, TopError> {
        let lines = ctx.loaders()?.lines.load(self.statement.id).await?;
        Ok(lines.unwrap_or_default().into_iter().map(StatementLine).collect())
    }

    /// What is different from the statement before, service by service; empty where there is none.
    async fn compared_with_previous(&self, ctx: &Context<'_>) -> Result<Vec<ServiceComparison>, TopError> {
        let Some(before) = self.neighbour(ctx, false).await? else { return Ok(Vec::new()) };
        let lines = &ctx.loaders()?.lines;
        let (now, before) = try_join(lines.load(self.statement.id), lines.load(before.statement.id)).await?;
        let compared = compare(&now.unwrap_or_default(), &before.unwrap_or_default());
        Ok(compared.into_iter().map(ServiceComparison::from).collect())
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

/// Where a paper of the person is fetched.
pub fn download_url(config: &Config, path: &str) -> String {
    format!("{}/downloads/{path}", config.http.public_url.trim_end_matches('/'))
}

/// One change of an account's balance. Entries are only ever added.
#[derive(Clone, Debug)]
pub struct LedgerEntry {
    pub entry: ledger_entry::Model,
    pub account: AccountKey,
}

impl LedgerEntry {
    /// Not when it was taken back: by a later issue, whose lines explain its own charge, or with the statement.
    async fn stands(&self, ctx: &Context<'_>) -> Result<bool, TopError> {
        Ok(ctx.loaders()?.taken_back.load(self.entry.id).await?.is_none())
    }
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

    /// Why it is there. With LIMITED access without lines.
    async fn explanation(&self, ctx: &Context<'_>) -> Result<EntryExplanation, TopError> {
        let text = entry_text(&self.entry, ctx.actor()?.locale);
        let is_charge = self.entry.kind == entity::enums::LedgerEntryKind::Charge && self.account.is_full();
        let shown = self.entry.period.is_none_or(|period| self.account.since().shows_month(period));
        let charged = self.entry.statement_id.filter(|_| is_charge && shown);
        let lines = match charged {
            Some(statement) if self.stands(ctx).await? => {
                ctx.loaders()?.lines.load(statement).await?.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        Ok(EntryExplanation { text, lines: lines.into_iter().map(StatementLine).collect() })
    }

    /// The entry that this one takes back.
    async fn reverses(&self, ctx: &Context<'_>) -> Result<Option<LedgerEntry>, TopError> {
        let Some(id) = self.entry.reverses_id else { return Ok(None) };
        let found = ctx.loaders()?.entry.load((self.account, id)).await?;
        Ok(found.map(|entry| LedgerEntry { entry, account: self.account }))
    }

    /// The viewer's payment behind it, if it is one.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Option<Payment>, TopError> {
        let Some(id) = self.entry.payment_id else { return Ok(None) };
        Ok(ctx.loaders()?.payment.load(id).await?.map(Payment))
    }

    /// The statement that it came with; null when the provider has taken that one back.
    async fn statement(&self, ctx: &Context<'_>) -> Result<Option<Statement>, TopError> {
        let (Some(id), Some(period)) = (self.entry.statement_id, self.entry.period) else { return Ok(None) };
        let found = ctx.loaders()?.statement.load((self.account, period)).await?;
        Ok(found.filter(|statement| statement.id == id).map(|statement| Statement { statement, account: self.account }))
    }
}

/// The balance before an entry.
pub fn balance_before(entry: &ledger_entry::Model) -> Balance {
    let before: Kopecks = entry.balance_after - entry.amount;
    model::Balance::of(before, entry.occurred_at, entry.version - 1).into()
}
