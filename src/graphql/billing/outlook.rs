//! What comes next for an account.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{Days, NaiveDate};

use crate::accounts::{AccountAccess, Provider};
use crate::billing::outlook::next_window_at;
use crate::billing::penalty::Debt;
use crate::graphql::accounts::Money;
use crate::graphql::context::Find;
use crate::graphql::error::TopError;
use crate::graphql::scalars::Date;

/// Days of a forecast, at most, and without `until`.
const MOST_DAYS: u64 = 92;
const DAYS: u64 = 30;

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
