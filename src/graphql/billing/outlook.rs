//! What comes next for an account.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{Days, NaiveDate};

use crate::accounts::{AccountAccess, AccountKey, Provider};
use crate::billing::estimate::{Basis, Estimate};
use crate::billing::outlook::{Silence, next_window_at};
use crate::billing::penalty::Debt;
use crate::graphql::accounts::Money;
use crate::graphql::context::Find;
use crate::graphql::enums::ChargeBasis;
use crate::graphql::error::TopError;
use crate::graphql::metering::Meter;
use crate::graphql::scalars::{Date, Decimal, YearMonth};

/// Days of a forecast, at most, and without `until`.
const MOST_DAYS: u64 = 92;
const DAYS: u64 = 30;
/// Months without readings, at most.
const MOST_MONTHS: i32 = 12;

/// Days from the first to the last.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReadingDates {
    /// The first day.
    pub first_on: Date,
    /// The last day.
    pub last_on: Date,
}

/// The penalty up to a day, if nothing is paid.
#[derive(Clone, Debug, SimpleObject)]
pub struct PenaltyDay {
    /// The day.
    pub on: Date,
    /// Reckoned by law from the due dates to this day; a part may be in the statements already.
    pub total: Money,
}

/// A month for which nobody sends a reading.
#[derive(Clone, SimpleObject)]
pub struct EstimatedMonth {
    /// The month.
    pub period: YearMonth,
    /// The meter; null for a service without one.
    pub meter: Option<Meter>,
    /// Name of the service.
    pub service: String,
    /// The provider's code of the service.
    pub service_code: String,
    /// What the month is charged by. METER: a reading of the month has come.
    pub basis: ChargeBasis,
    /// Which month in a row is charged by the average, 1 to 3; null by the meter or the norm.
    pub average_month: Option<i32>,
    /// In the unit of the service, with the coefficient; null by the meter, without a history to take an average of, or without a norm.
    pub volume: Option<Decimal>,
    /// By the prices that are known today; null where the volume or a price is not known, or the meter has several registers.
    pub cost: Option<Money>,
}

impl EstimatedMonth {
    fn of(account: AccountKey, estimate: Estimate) -> Self {
        let average_month = if let Basis::Average(number) = estimate.basis { Some(number) } else { None };
        Self {
            period: YearMonth(estimate.period),
            meter: estimate.meter.map(|meter| Meter { meter, account }),
            service: estimate.service.name,
            service_code: estimate.service.code,
            basis: entity::enums::ChargeBasis::from(estimate.basis).into(),
            average_month,
            volume: estimate.volume.map(Into::into),
            cost: estimate.cost.map(Into::into),
        }
    }
}

/// What comes next, and what doing nothing costs.
#[derive(Clone, Debug)]
pub struct AccountOutlook {
    pub account: AccountAccess,
    pub today: NaiveDate,
    pub provider: Provider,
}

/// What comes next for an account, and what doing nothing costs.
#[Object]
impl AccountOutlook {
    /// Today, at the provider: forecasts begin here.
    async fn as_of(&self) -> Date {
        Date(self.today)
    }

    /// The days of the reading window that goes on or comes next; null: readings count on every day.
    async fn next_readings(&self) -> Option<ReadingDates> {
        let (first_on, last_on) = next_window_at(&self.provider, self.today)?;
        Some(ReadingDates { first_on: Date(first_on), last_on: Date(last_on) })
    }

    /// The earliest last day to pay a part of what is owed; past when it is overdue. Null when nothing is owed, and with
    /// LIMITED access.
    async fn due_on(&self, ctx: &Context<'_>) -> Result<Option<Date>, TopError> {
        Ok(self.debts(ctx).await?.iter().map(|debt| debt.due_on).min().map(Date))
    }

    /// The part of what is owed whose last day to pay has passed; zero with LIMITED access.
    async fn overdue(&self, ctx: &Context<'_>) -> Result<Money, TopError> {
        let debts = self.debts(ctx).await?;
        let overdue = debts.iter().filter(|debt| debt.due_on < self.today).map(|debt| debt.amount);
        Ok(overdue.sum::<entity::exact::Money>().into())
    }

    /// The earliest end of verification among the standing meters; past when one has expired. Null when none has a date.
    async fn verification_due_on(&self, ctx: &Context<'_>) -> Result<Option<Date>, TopError> {
        let meters = ctx.loaders()?.meters.load(self.account.key()).await?.unwrap_or_default();
        let standing = meters.iter().filter(|meter| meter.removed_on.is_none());
        Ok(standing.filter_map(|meter| meter.verification_due_on).min().map(Date))
    }

    /// What each month from this one on is charged by, and costs, if nobody sends a reading (Rules № 549 of 21.07.2008, p. 31):
    /// the average for three months in a row, then the norm. Empty with LIMITED access.
    async fn without_readings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many months, 1 to 12.", default = 5)] months: i32,
    ) -> Result<Vec<EstimatedMonth>, TopError> {
        if !(1..=MOST_MONTHS).contains(&months) {
            return Err(TopError::BadInput(format!("1 to {MOST_MONTHS} months.")));
        }
        let from = entity::exact::YearMonth::of(self.today);
        let to = (1..months).fold(from, |period, _| period.next());
        let silence = Silence {
            account: self.account.key(),
            provider: self.account.provider_id(),
            residents: self.account.residents(),
            expired: self.provider.terms_on(self.today).expired_verification,
            from,
            to,
        };
        let estimates = ctx.loaders()?.estimates.load(silence).await?.unwrap_or_default();
        Ok(estimates.into_iter().map(|estimate| EstimatedMonth::of(self.account.key(), estimate)).collect())
    }

    /// The penalty of each day from today on, if nothing is paid; empty when nothing is owed, and with LIMITED access.
    async fn penalty(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The last day, at most 92 days from today; by default the 30th from today.")] until: Option<
            Date,
        >,
    ) -> Result<Vec<PenaltyDay>, TopError> {
        let last = |days| self.today.checked_add_days(Days::new(days)).unwrap_or(self.today);
        let until = until.map_or(last(DAYS), |Date(until)| until.min(last(MOST_DAYS)));
        let debts = self.debts(ctx).await?;
        let days = ctx.services()?.billing.penalty_forecast(&self.provider, &debts, self.today, until);
        Ok(days.into_iter().map(|day| PenaltyDay { on: Date(day.on), total: day.total.into() }).collect())
    }
}

impl AccountOutlook {
    async fn debts(&self, ctx: &Context<'_>) -> Result<Vec<Debt>, TopError> {
        let owed = self.account.balance().owed;
        Ok(ctx.loaders()?.debts.load((self.account.key(), owed)).await?.unwrap_or_default())
    }
}
