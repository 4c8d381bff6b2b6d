//! What paying late costs, day by day (Housing Code of Russia, article 155, part 14).
//!
//! A penalty is reckoned from charges, never from penalties. Rates and steps have dates and are settings; the sum is
//! rounded once, half up.

use chrono::{Days, NaiveDate};
use entity::exact::Money;

use crate::config::{BillingConfig, PenaltyStep};

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
pub fn forecast(debts: &[Debt], from: NaiveDate, until: NaiveDate, terms: &BillingConfig) -> Vec<PenaltyDay> {
    let parts = common_multiple(&terms.penalty_steps);
    let Some(mut on) = debts.iter().map(|debt| debt.due_on).min().map(|earliest| earliest.min(from)) else {
        return Vec::new();
    };
    let mut reckoned = 0_i128;
    let mut days = Vec::new();
    while on <= until {
        let rate = rate_on(on, terms);
        for debt in debts {
            let late = u32::try_from((on - debt.due_on).num_days()).unwrap_or(0);
            if let Some(step) = terms.penalty_steps.iter().rfind(|step| step.day <= late) {
                let share = parts / i128::from(step.divisor);
                reckoned = reckoned.saturating_add(i128::from(debt.amount.0).saturating_mul(rate * share));
            }
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

fn rate_on(day: NaiveDate, terms: &BillingConfig) -> i128 {
    terms.key_rates.iter().rfind(|rate| rate.starts_on <= day).map_or(0, |rate| i128::from(rate.hundredths))
}

fn half_up(numerator: i128, denominator: i128) -> Money {
    let kopecks = numerator.saturating_mul(2).saturating_add(denominator) / denominator.saturating_mul(2);
    Money(i64::try_from(kopecks).unwrap_or(i64::MAX))
}

/// Divides by every step's divisor, so that days of different steps add up exactly.
fn common_multiple(steps: &[PenaltyStep]) -> i128 {
    steps.iter().fold(1, |multiple, step| {
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

    fn terms() -> BillingConfig {
        BillingConfig {
            key_rates: vec![KeyRate { starts_on: day("2022-02-28"), hundredths: 950 }],
            penalty_steps: vec![PenaltyStep { day: 31, divisor: 300 }, PenaltyStep { day: 91, divisor: 130 }],
        }
    }

    fn total(debts: &[Debt], on: &str, terms: &BillingConfig) -> Money {
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
        terms.key_rates.push(KeyRate { starts_on: day("2026-05-17"), hundredths: 1900 });
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
