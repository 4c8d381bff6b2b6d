//! What paying late costs, day by day (Housing Code of Russia, article 155, part 14).
//!
//! A penalty is reckoned from charges, never from penalties. Rates and steps have dates: they are the configuration's, unless
//! the provider's terms of the day have others. The sum is rounded once, half up.

use chrono::{Days, NaiveDate};
use entity::exact::Money;

use crate::accounts::{Provider, Terms};
use crate::config::{BillingConfig, PenaltyStep};

/// What a day of delay costs, from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedPenalty {
    pub starts_on: NaiveDate,
    /// Hundredths of a percent a year.
    pub rate: u32,
    pub steps: Vec<PenaltyStep>,
}

/// What holds on every day, the earliest first; none before the first.
pub fn penalties(config: &BillingConfig, provider: Option<&Provider>) -> Vec<DatedPenalty> {
    let of_terms = provider.into_iter().flat_map(Provider::history).map(|terms| terms.valid_from);
    let mut starts: Vec<_> = config.key_rates.iter().map(|rate| rate.starts_on).chain(of_terms).collect();
    starts.sort_unstable();
    starts.dedup();
    let holds_from = |on| penalty_of(config, provider.map(|provider| provider.terms_on(on)), on);
    starts.into_iter().filter_map(holds_from).collect()
}

/// What a day costs by the terms, and by the configuration where they say nothing.
pub fn penalty_of(config: &BillingConfig, terms: Option<&Terms>, starts_on: NaiveDate) -> Option<DatedPenalty> {
    let by_law = || config.key_rates.iter().rfind(|rate| rate.starts_on <= starts_on).map(|rate| rate.hundredths);
    let rate = terms.and_then(|terms| u32::try_from(terms.key_rate?).ok()).or_else(by_law)?;
    let steps = terms.and_then(|terms| PenaltyStep::list(terms.penalty_steps.as_deref()?));
    Some(DatedPenalty { starts_on, rate, steps: steps.unwrap_or_else(|| config.penalty_steps.clone()) })
}

/// An unpaid part of what was charged, with the last day to pay it without a penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    pub amount: Money,
    pub due_on: NaiveDate,
}

/// What a month added: accrued and recalculated, kopecks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    pub amount: Money,
    pub due_on: NaiveDate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PenaltyDay {
    pub on: NaiveDate,
    /// Reckoned since the due dates, this day included.
    pub total: Money,
}

/// The parts of `owed` that are still to pay, newest first: money pays the oldest charge first. What no month explains
/// counts to the oldest of them, which asks for no more than is due.
pub fn open_debts(owed: Money, newest_first: &[Charged]) -> Vec<Debt> {
    let mut rest = owed;
    let mut debts: Vec<Debt> = Vec::new();
    for charged in newest_first {
        let amount = charged.amount.min(rest).max(Money::ZERO);
        if !amount.is_zero() {
            debts.push(Debt { amount, due_on: charged.due_on });
            rest -= amount;
        }
    }
    if rest > Money::ZERO
        && let Some(oldest) = newest_first.last()
    {
        debts.push(Debt { amount: rest, due_on: oldest.due_on });
    }
    debts
}

/// The days from `from` to `until`, both included, if nothing is paid.
pub fn forecast(debts: &[Debt], from: NaiveDate, until: NaiveDate, dated: &[DatedPenalty]) -> Vec<PenaltyDay> {
    let parts = common_multiple(dated.iter().flat_map(|penalty| &penalty.steps));
    let Some(mut on) = debts.iter().map(|debt| debt.due_on).min().map(|earliest| earliest.min(from)) else {
        return Vec::new();
    };
    let mut reckoned = 0_i128;
    let mut days = Vec::new();
    while on <= until {
        if let Some(penalty) = dated.iter().rfind(|penalty| penalty.starts_on <= on) {
            let of_day = debts.iter().map(|debt| of_day(debt, on, penalty, parts));
            reckoned = of_day.fold(reckoned, i128::saturating_add);
        }
        if on >= from {
            days.push(PenaltyDay { on, total: half_up(reckoned, parts.saturating_mul(HUNDREDTHS)) });
        }
        let Some(next) = on.checked_add_days(Days::new(1)) else { break };
        on = next;
    }
    days
}

/// Hundredths of a percent in one.
const HUNDREDTHS: i128 = 10_000;

/// What a day adds for a debt, in hundredths of a percent of a kopeck and the part that all divisors divide.
fn of_day(debt: &Debt, on: NaiveDate, penalty: &DatedPenalty, parts: i128) -> i128 {
    let late = u32::try_from((on - debt.due_on).num_days()).unwrap_or(0);
    let step = penalty.steps.iter().rfind(|step| step.day <= late);
    let share = step.map_or(0, |step| parts / i128::from(step.divisor.max(1)));
    i128::from(debt.amount.0).saturating_mul(i128::from(penalty.rate).saturating_mul(share))
}

fn half_up(numerator: i128, denominator: i128) -> Money {
    let kopecks = numerator.saturating_mul(2).saturating_add(denominator) / denominator.saturating_mul(2);
    Money(i64::try_from(kopecks).unwrap_or(i64::MAX))
}

/// Divides by every step's divisor, so that days of different steps add up exactly.
fn common_multiple<'a>(steps: impl Iterator<Item = &'a PenaltyStep>) -> i128 {
    steps.fold(1, |multiple, step| {
        let divisor = i128::from(step.divisor.max(1));
        multiple / greatest_common_divisor(multiple, divisor) * divisor
    })
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KeyRate;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn terms() -> Vec<DatedPenalty> {
        let config = BillingConfig {
            key_rates: vec![KeyRate { starts_on: day("2022-02-28"), hundredths: 950 }],
            penalty_steps: vec![PenaltyStep { day: 31, divisor: 300 }, PenaltyStep { day: 91, divisor: 130 }],
        };
        penalties(&config, None)
    }

    fn total(debts: &[Debt], on: &str, terms: &[DatedPenalty]) -> Money {
        forecast(debts, day(on), day(on), terms)[0].total
    }

    /// 1956.85 at 9.5 %: 0.6197 a day at 1/300, 1.4300 at 1/130.
    #[test]
    fn the_worked_figures_come_out() {
        let debts = [Debt { amount: Money(195_685), due_on: day("2026-04-15") }];
        for (on, kopecks) in
            [("2026-05-15", 0), ("2026-05-16", 62), ("2026-07-14", 3718), ("2026-07-15", 3861), ("2026-07-24", 5148)]
        {
            assert_eq!(total(&debts, on, &terms()), Money(kopecks), "{on}");
        }
    }

    #[test]
    fn a_rate_holds_from_its_day_on() {
        let mut terms = terms();
        terms.push(DatedPenalty { starts_on: day("2026-05-17"), rate: 1900, ..terms[0].clone() });
        let debts = [Debt { amount: Money(3_000_000), due_on: day("2026-04-15") }];
        assert_eq!(total(&debts, "2026-05-16", &terms), Money(950));
        assert_eq!(total(&debts, "2026-05-17", &terms), Money(950 + 1900));
    }

    #[test]
    fn a_forecast_has_every_day_and_never_falls() {
        let debts = [
            Debt { amount: Money(100_000), due_on: day("2026-03-15") },
            Debt { amount: Money(50_000), due_on: day("2026-06-15") },
        ];
        let days = forecast(&debts, day("2026-06-01"), day("2026-08-31"), &terms());
        assert_eq!(days.len(), 92);
        assert!(days.is_sorted_by(|a, b| a.on < b.on && a.total <= b.total));
        assert_eq!(days[91].total, total(&debts, "2026-08-31", &terms()));
        assert_eq!(forecast(&[], day("2026-06-01"), day("2026-08-31"), &terms()), []);
    }

    #[test]
    fn money_pays_the_oldest_charge_first() {
        let charged = |kopecks, on| Charged { amount: Money(kopecks), due_on: day(on) };
        let months = [charged(300, "2026-06-15"), charged(-50, "2026-05-15"), charged(200, "2026-04-15")];
        let debt = |kopecks, on| Debt { amount: Money(kopecks), due_on: day(on) };
        assert_eq!(open_debts(Money(250), &months), [debt(250, "2026-06-15")]);
        assert_eq!(open_debts(Money(400), &months), [debt(300, "2026-06-15"), debt(100, "2026-04-15")]);
        let older = [debt(300, "2026-06-15"), debt(200, "2026-04-15"), debt(100, "2026-04-15")];
        assert_eq!(open_debts(Money(600), &months), older);
        assert_eq!(open_debts(Money::ZERO, &months), []);
        assert_eq!(open_debts(Money(100), &[]), []);
    }

    proptest::proptest! {
        #[test]
        fn debts_add_up_to_what_is_owed(owed in 0_i64..1_000_000, months in proptest::collection::vec(-5_000_i64..50_000, 1..30)) {
            let months: Vec<_> =
                months.into_iter().map(|kopecks| Charged { amount: Money(kopecks), due_on: day("2026-06-15") }).collect();
            let debts = open_debts(Money(owed), &months);
            proptest::prop_assert_eq!(debts.iter().map(|debt| debt.amount).sum::<Money>(), Money(owed));
            proptest::prop_assert!(debts.iter().all(|debt| debt.amount > Money::ZERO));
        }
    }
}
