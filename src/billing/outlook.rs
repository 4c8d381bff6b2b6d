//! What comes next for an account, and what doing nothing costs.

use std::collections::HashMap;

use chrono::{Datelike, Months, NaiveDate};
use entity::enums::ExpiredVerification;
use entity::exact::{Money, YearMonth};
use entity::ids::ProviderId;

use super::estimate::{Estimate, Facts};
use super::penalty::{Charged, DatedPenalty, Debt, PenaltyDay, forecast, open_debts, penalties, penalty_of};
use super::{Billing, store};
use crate::accounts::provider::window;
use crate::accounts::{AccountKey, Accounts, Provider, Terms};
use crate::kernel::Fault;
use crate::metering::Metering;

/// Claims older than three years are out of time (Civil Code of Russia, article 196): older statements are not looked at.
const LIMITATION: Months = Months::new(36);
/// So far back readings are looked for: more silence than that is charged by the norm anyway.
const HISTORY: Months = Months::new(24);

/// Which months of which account are estimated, by what its provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Silence {
    pub account: AccountKey,
    pub provider: ProviderId,
    pub residents: Option<i16>,
    pub expired: ExpiredVerification,
    pub from: YearMonth,
    /// The last one.
    pub to: YearMonth,
}

impl Silence {
    fn periods(self) -> impl Iterator<Item = YearMonth> {
        let all = std::iter::successors(Some(self.from), |period| Some(period.next()));
        all.take_while(move |period| *period <= self.to)
    }
}

impl Billing {
    /// What each month will be charged by and cost if nobody sends a reading; LIMITED access shows none. Four statements of
    /// SQL for however many accounts.
    pub async fn estimates(
        &self,
        accounts: &Accounts,
        metering: &Metering,
        wanted: &[Silence],
    ) -> Result<HashMap<Silence, Vec<Estimate>>, Fault> {
        let full: Vec<_> = wanted.iter().copied().filter(|one| one.account.is_full()).collect();
        let days = |one: &Silence| (one.from.first_day(), one.to.next().first_day());
        let (Some(first), Some(last)) = (full.iter().map(days).min(), full.iter().map(|one| days(one).1).max()) else {
            return Ok(HashMap::new());
        };
        let keys: Vec<_> = full.iter().map(|one| one.account).collect();
        let providers: Vec<_> = full.iter().map(|one| one.provider).collect();
        let meters = metering.list_meters(&keys).await?;
        // The last reading may be some months old, and its average looks a year back from there.
        let readings = metering.list_counted(&meters, first.0 - HISTORY).await?;
        let services = accounts.list_services(&keys).await?;
        let tariffs = accounts.list_tariffs_between(&providers, (first.0, last)).await?;
        let of_account = |one: Silence| {
            let id = one.account.id();
            let meters: Vec<_> = meters.iter().filter(|meter| meter.personal_account_id == id).cloned().collect();
            let readings: Vec<_> = readings.iter().filter(|one| one.personal_account_id == id).cloned().collect();
            let services: Vec<_> = services.iter().filter(|one| one.personal_account_id == id).cloned().collect();
            let tariffs: Vec<_> = tariffs.iter().filter(|tariff| tariff.provider_id == one.provider).cloned().collect();
            let facts = Facts {
                meters: &meters,
                readings: &readings,
                services: &services,
                tariffs: &tariffs,
                residents: one.residents,
                expired: one.expired,
            };
            (one, one.periods().flat_map(|period| facts.estimates(period)).collect())
        };
        Ok(full.into_iter().map(of_account).collect())
    }

    /// What of each account's debt was due when; LIMITED access shows none. One statement of SQL.
    pub async fn open_debts(
        &self,
        owed: &[(AccountKey, Money)],
    ) -> Result<HashMap<(AccountKey, Money), Vec<Debt>>, Fault> {
        let indebted: Vec<_> = owed.iter().filter(|(key, owed)| key.is_full() && *owed > Money::ZERO).collect();
        if indebted.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<_> = indebted.iter().map(|(key, _)| key.id()).collect();
        let since = self.clock.now().date_naive() - LIMITATION;
        let mut charged: HashMap<_, Vec<_>> = HashMap::new();
        for (account, due_on, accrued, recalculated) in store::list_charges(self.db.read(), &ids, since).await? {
            charged.entry(account).or_default().push(Charged { amount: accrued + recalculated, due_on });
        }
        let debts = |&&(key, owed): &&(AccountKey, Money)| {
            let months = charged.get(&key.id()).map(Vec::as_slice).unwrap_or_default();
            ((key, owed), open_debts(owed, months))
        };
        Ok(indebted.iter().map(debts).collect())
    }

    /// What paying late costs on the first day of the terms.
    pub fn penalty_terms(&self, terms: &Terms) -> Option<DatedPenalty> {
        penalty_of(&self.config.billing, Some(terms), terms.valid_from)
    }

    /// The penalty of each day up to `until` if nothing is paid.
    pub fn penalty_forecast(
        &self,
        provider: &Provider,
        debts: &[Debt],
        from: NaiveDate,
        until: NaiveDate,
    ) -> Vec<PenaltyDay> {
        forecast(debts, from, until, &penalties(&self.config.billing, Some(provider)))
    }
}

/// The days of the provider's reading window that goes on or comes next. A window that another will have replaced by then
/// is not announced.
pub fn next_window_at(provider: &Provider, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let mut day = today;
    loop {
        let terms = provider.terms_on(day);
        let found = window(terms).map(|(first, last)| next_window(first, last, day));
        let change = provider.history().map(|terms| terms.valid_from).find(|change| *change > day);
        match (found, change) {
            (Some((first, _)), Some(change)) if first >= change => day = change,
            (None, Some(change)) => day = change,
            (found, _) => return found,
        }
    }
}

/// The days of the reading window that goes on or comes next. A window may run across the end of a month, and ends with
/// a month that is shorter.
pub fn next_window(first_day: i16, last_day: i16, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let month = today.with_day(1).unwrap_or(today);
    let (before, after) = (month - Months::new(1), month + Months::new(1));
    let windows = [before, month, after].map(|begins| {
        let ends = if first_day <= last_day { begins } else { begins + Months::new(1) };
        (in_month(begins, first_day), in_month(ends, last_day))
    });
    let [.., last] = windows;
    windows.into_iter().find(|(_, ends)| *ends >= today).unwrap_or(last)
}

fn in_month(month: NaiveDate, day: i16) -> NaiveDate {
    let last = (month + Months::new(1)).pred_opt().unwrap_or(month);
    month.with_day(u32::from(day.unsigned_abs())).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_that_goes_on_or_comes_next() {
        for (window, today, first, last) in [
            ((15, 25), "2026-06-14", "2026-06-15", "2026-06-25"),
            ((15, 25), "2026-06-25", "2026-06-15", "2026-06-25"),
            ((15, 25), "2026-06-26", "2026-07-15", "2026-07-25"),
            ((25, 5), "2026-06-05", "2026-05-25", "2026-06-05"),
            ((25, 5), "2026-06-06", "2026-06-25", "2026-07-05"),
            ((20, 31), "2026-02-28", "2026-02-20", "2026-02-28"),
            ((20, 31), "2026-12-31", "2026-12-20", "2026-12-31"),
        ] {
            let found = next_window(window.0, window.1, today.parse().unwrap());
            assert_eq!(found, (first.parse().unwrap(), last.parse().unwrap()), "{window:?} on {today}");
        }
    }
}
