//! Providers and personal accounts.

mod attachment;
mod provider;
mod service;
mod sharing;
mod terms;
mod withheld;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, SimpleObject};
use entity::exact::Money as Kopecks;
use entity::meter;

pub use attachment::{AccessProofInput, AttachmentMutation};
pub use provider::{Provider, ProviderQuery};
pub use service::{AccountService, ServiceChange, Tariff};
use sharing::{AccountShare, SharedAccess};
pub use sharing::{AccountShareOffer, SharingMutation, offers};
pub use terms::ReadingWindow;
use withheld::{WithheldField, withheld};

use super::ahead::is_compared;
use super::autopay::Autopay;
use super::billing::{AccountOutlook, LedgerEntry, PaymentQr, Statement, download_url};
use super::context::Find;
use super::enums::AccessLevel;
use super::error::TopError;
use super::ids;
use super::metering::{Meter, MonthlyConsumption};
use super::page::{Window, connection};
use super::payments::{Payment, PaymentOffer};
use super::scalars::{Date, DateTime, Decimal, YearMonth};
use crate::accounts::AccountAccess;
use crate::accounts::model;
use crate::accounts::service::is_supplied;
use crate::billing::consumption::{MOST_MONTHS, Span};
use crate::billing::payment_qr::{Bill, Payee, picture};
use crate::kernel::Fault;

/// ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum CurrencyCode {
    /// Russian rouble.
    #[graphql(name = "RUB")]
    Rub,
}

/// A sum of money.
#[derive(Clone, Debug, SimpleObject)]
pub struct Money {
    /// Exact, two digits after the point.
    pub amount: Decimal,
    /// Always roubles for now.
    pub currency_code: CurrencyCode,
}

impl From<Kopecks> for Money {
    fn from(sum: Kopecks) -> Self {
        Self { amount: sum.into(), currency_code: CurrencyCode::Rub }
    }
}

/// What is owed, with no sign to guess: of `owed` and `credit` one is zero and neither negative.
#[derive(Clone, Debug, SimpleObject)]
pub struct Balance {
    /// What the person owes.
    pub owed: Money,
    /// What the person has paid ahead.
    pub credit: Money,
    /// The moment that this is true of.
    pub as_of: DateTime,
    /// Number of the newest ledger entry; a total over several accounts has the sum of theirs.
    pub version: i64,
}

impl From<model::Balance> for Balance {
    fn from(balance: model::Balance) -> Self {
        Self {
            owed: balance.owed.into(),
            credit: balance.credit.into(),
            as_of: DateTime(balance.as_of),
            version: balance.version,
        }
    }
}

/// All accounts together; nothing is set off: what one provider owes pays no debt at another.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountTotals {
    /// How many accounts.
    pub accounts: usize,
    /// How many of them owe something.
    pub indebted: usize,
    /// All debts.
    pub owed: Money,
    /// All that was paid ahead.
    pub credit: Money,
}

impl AccountTotals {
    pub fn of(accounts: &[AccountAccess]) -> Self {
        let balances: Vec<_> = accounts.iter().map(AccountAccess::balance).collect();
        Self {
            accounts: balances.len(),
            indebted: balances.iter().filter(|balance| !balance.owed.is_zero()).count(),
            owed: balances.iter().map(|balance| balance.owed).sum::<Kopecks>().into(),
            credit: balances.iter().map(|balance| balance.credit).sum::<Kopecks>().into(),
        }
    }
}

impl Balance {
    /// Debts and credits set off against each other.
    pub fn sum(accounts: &[AccountAccess]) -> Self {
        let balances: Vec<_> = accounts.iter().map(AccountAccess::balance).collect();
        let signed = balances.iter().map(|balance| balance.owed - balance.credit).sum();
        let as_of = balances.iter().map(|balance| balance.as_of).max().unwrap_or_default();
        model::Balance::of(signed, as_of, balances.iter().map(|balance| balance.version).sum()).into()
    }
}

/// A personal account at a provider, as far as the viewer may see it.
#[derive(Clone, Debug)]
pub struct PersonalAccount(pub AccountAccess);

/// A personal account (лицевой счёт) at a provider, as far as the viewer may see it.
#[Object]
impl PersonalAccount {
    /// TypeID with the prefix `account`.
    pub async fn id(&self) -> ID {
        ids::encode(self.0.id())
    }

    /// As printed on the receipt; leading zeros count.
    async fn number(&self) -> &str {
        self.0.number()
    }

    /// Who bills.
    async fn provider(&self, ctx: &Context<'_>) -> Result<Provider, TopError> {
        let provider = ctx.loaders()?.provider.load(self.0.provider_id()).await?;
        provider
            .map(|provider| Provider { provider })
            .ok_or_else(|| Fault::internal("an account without a provider").into())
    }

    /// How much the viewer may see; `proveAccountAccess` raises it.
    async fn access(&self) -> AccessLevel {
        self.0.level().into()
    }

    /// What the viewer's access does not show, why, and what shows it; empty with FULL access.
    async fn withheld(&self, ctx: &Context<'_>) -> Result<Vec<WithheldField>, TopError> {
        if self.0.is_full() {
            return Ok(Vec::new());
        }
        let missing = || Fault::internal("an account without a provider");
        let provider = ctx.loaders()?.provider.load(self.0.provider_id()).await?.ok_or_else(missing)?;
        let terms = provider.terms_on(ctx.services()?.accounts.today_at(&provider));
        Ok(withheld(&self.0, terms, ctx.actor()?.locale))
    }

    /// By whose leave the viewer sees it; null: by their own access.
    async fn shared_access(&self) -> Option<SharedAccess> {
        self.0.share().map(SharedAccess)
    }

    /// With whom the viewer shares it.
    async fn shares(&self, ctx: &Context<'_>) -> Result<Vec<AccountShare>, TopError> {
        let shares = ctx.loaders()?.shares.load(self.0.id()).await?.unwrap_or_default();
        Ok(shares.into_iter().map(Into::into).collect())
    }

    /// The viewer's own name for it.
    async fn nickname(&self) -> Option<&str> {
        self.0.nickname()
    }

    /// Masked with LIMITED access.
    async fn address(&self) -> Option<String> {
        self.0.address()
    }

    /// Null with LIMITED access.
    async fn holder_name(&self) -> Option<&str> {
        self.0.holder_name()
    }

    /// What is owed now.
    async fn balance(&self) -> Balance {
        self.0.balance().into()
    }

    /// A month's statement, by default the newest; null where there is none, and with LIMITED access.
    async fn statement(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The month; by default the newest.")] period: Option<YearMonth>,
    ) -> Result<Option<Statement>, TopError> {
        let (loaders, key) = (ctx.loaders()?, self.0.key());
        if !key.is_full() {
            return Ok(None);
        }
        let found = match period {
            Some(YearMonth(period)) => loaders.statement.load((key, period)).await?,
            None => match loaders.overviews.find(|overview| overview.newest_statement(key)) {
                Some(read) => read,
                None => loaders.newest_statement.load(key).await?,
            },
        };
        Ok(found.map(|statement| Statement { statement, account: key }))
    }

    /// The code for a bank's app that pays what is owed; null where the provider has not said where payments go.
    async fn payment_qr(&self, ctx: &Context<'_>) -> Result<Option<PaymentQr>, TopError> {
        let missing = || Fault::internal("an account without a provider");
        let provider = ctx.loaders()?.provider.load(self.0.provider_id()).await?.ok_or_else(missing)?;
        let terms = provider.terms_on(ctx.services()?.accounts.today_at(&provider));
        Ok(Payee::of(terms, &provider.row.name).and_then(|payee| {
            let owed = Some(self.0.balance().owed).filter(|owed| !owed.is_zero());
            let (text, svg) = picture(&Bill::new(payee, self.0.number(), owed, None))?;
            Some(PaymentQr { text, svg, amount: owed.map(Into::into) })
        }))
    }

    /// What was used in the last 36 months as CSV, a row for each month and meter: fetched with the session. Null with LIMITED
    /// access.
    async fn usage_csv_url(&self, ctx: &Context<'_>) -> Result<Option<String>, TopError> {
        self.table_url(ctx, "usage")
    }

    /// The statements of the last 36 months as CSV: fetched with the session. Null with LIMITED access.
    async fn bills_csv_url(&self, ctx: &Context<'_>) -> Result<Option<String>, TopError> {
        self.table_url(ctx, "bills")
    }

    /// The lines of those statements as CSV: fetched with the session. Null with LIMITED access.
    async fn charges_csv_url(&self, ctx: &Context<'_>) -> Result<Option<String>, TopError> {
        self.table_url(ctx, "charges")
    }

    /// What comes next, and what doing nothing costs.
    async fn outlook(&self, ctx: &Context<'_>) -> Result<AccountOutlook, TopError> {
        let missing = || Fault::internal("an account without a provider");
        let provider = ctx.loaders()?.provider.load(self.0.provider_id()).await?.ok_or_else(missing)?;
        let today = ctx.services()?.accounts.today_at(&provider);
        Ok(AccountOutlook { account: self.0.clone(), today, provider })
    }

    /// Statements, newest first; none with LIMITED access.
    async fn statements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, Statement, EmptyFields, EmptyFields>, TopError> {
        let (services, account) = (ctx.services()?, self.0.key());
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.billing.list_statements(account, page).await?;
        connection(slice, |statement| statement.period, |statement| Statement { statement, account })
    }

    /// Every change of the balance, newest first; none with LIMITED access.
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, LedgerEntry, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.billing.list_entries(self.0.key(), page).await?;
        let account = self.0.key();
        connection(slice, |entry| entry.version, |entry| LedgerEntry { entry, account })
    }

    /// The account's meters, by name.
    async fn meters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Those that were taken away too.", default = false)] include_removed: bool,
    ) -> Result<Vec<Meter>, TopError> {
        let account = self.0.key();
        let meters = self.all_meters(ctx).await?;
        let shown = meters.into_iter().filter(|meter| include_removed || meter.removed_on.is_none());
        Ok(shown.map(|meter| Meter { meter, account }).collect())
    }

    /// What was used month by month, for charts, at most 36 months: by month, and within it by service and meter. Volume and
    /// basis are those of the statement; where there is none yet, the difference of the readings. Months of which nothing is
    /// known are left out. Empty with LIMITED access.
    async fn consumption(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first month.")] from: YearMonth,
        #[graphql(desc = "The last month.")] to: YearMonth,
    ) -> Result<Vec<MonthlyConsumption>, TopError> {
        let account = self.0.key();
        let wrong = |_| TopError::BadInput(format!("1 to {MOST_MONTHS} months, the last not before the first."));
        let span = Span { compared: is_compared(&ctx.field()), ..Span::new(account, from.0, to.0).map_err(wrong)? };
        let loaders = ctx.loaders()?;
        let months = match loaders.overviews.find(|overview| overview.consumption(span)) {
            Some(read) => read,
            None => loaders.consumption.load(span).await?.unwrap_or_default(),
        };
        Ok(months.into_iter().map(|used| MonthlyConsumption::of(account, used)).collect())
    }

    /// How many meters stand.
    async fn meter_count(&self, ctx: &Context<'_>) -> Result<usize, TopError> {
        let meters = self.all_meters(ctx).await?;
        Ok(meters.iter().filter(|meter| meter.removed_on.is_none()).count())
    }

    /// What is supplied.
    async fn services(&self, ctx: &Context<'_>) -> Result<Vec<AccountService>, TopError> {
        let services = ctx.loaders()?.services.load(self.0.key()).await?;
        Ok(services.unwrap_or_default().into_iter().map(AccountService).collect())
    }

    /// History of changes of the services (история изменений по услугам), newest first; none with LIMITED access.
    async fn service_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, ServiceChange, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.accounts.list_service_changes(self.0.key(), page).await?;
        connection(slice, |change| (change.changed_on, change.id), ServiceChange)
    }

    /// Prices of the account's services on a day.
    async fn tariffs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By default today, at the provider.")] on: Option<Date>,
    ) -> Result<Vec<Tariff>, TopError> {
        let (loaders, provider_id) = (ctx.loaders()?, self.0.provider_id());
        let missing = || Fault::internal("an account without a provider");
        let day = match on {
            Some(Date(day)) => day,
            None => ctx.services()?.accounts.today_at(&loaders.provider.load(provider_id).await?.ok_or_else(missing)?),
        };
        let services = loaders.services.load(self.0.key()).await?.unwrap_or_default();
        let tariffs = loaders.tariffs.load((provider_id, day)).await?.unwrap_or_default();
        Ok(tariffs.into_iter().filter(|tariff| is_supplied(&services, tariff)).map(Tariff).collect())
    }

    /// What paying would cost: a sum of one's own, or the current debt. Nothing is begun. Of several accounts that are paid at
    /// once, ask for the sum of all: there is one commission.
    async fn payment_offer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A sum in roubles; by default the current debt.")] amount: Option<Decimal>,
    ) -> Result<PaymentOffer, TopError> {
        let malformed = || TopError::BadInput("The sum is none.".to_owned());
        let amount = amount.map(|Decimal(text)| text.parse().map_err(|_| malformed())).transpose()?;
        Ok(ctx.services()?.payments.offer(&self.0, amount).await?.into())
    }

    /// How the viewer has it paid by itself; null: it is not.
    async fn autopay(&self, ctx: &Context<'_>) -> Result<Option<Autopay>, TopError> {
        Ok(ctx.loaders()?.autopay.load(self.0.id()).await?.map(Autopay))
    }

    /// What the viewer paid here, newest first.
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, Payment, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.payments.list_payments(&self.0, page).await?;
        connection(slice, |payment| payment.id, Payment)
    }

    /// When readings count for the month; null: always.
    async fn reading_window(&self, ctx: &Context<'_>) -> Result<Option<ReadingWindow>, TopError> {
        let Some(provider) = ctx.loaders()?.provider.load(self.0.provider_id()).await? else { return Ok(None) };
        let today = ctx.services()?.accounts.today_at(&provider);
        Ok(ReadingWindow::of(provider.terms_on(today)))
    }
}

impl PersonalAccount {
    async fn all_meters(&self, ctx: &Context<'_>) -> Result<Vec<meter::Model>, TopError> {
        let (loaders, key) = (ctx.loaders()?, self.0.key());
        match loaders.overviews.find(|overview| overview.meters(key)) {
            Some(read) => Ok(read),
            None => Ok(loaders.meters.load(key).await?.unwrap_or_default()),
        }
    }

    fn table_url(&self, ctx: &Context<'_>, table: &str) -> Result<Option<String>, TopError> {
        let path = format!("accounts/{}/{table}.csv", ids::encode(self.0.id()).as_str());
        let config = &ctx.services()?.config;
        Ok(self.0.is_full().then(|| download_url(config, &path)))
    }
}
