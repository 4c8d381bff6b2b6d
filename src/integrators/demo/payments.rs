//! From charges to statements: who paid what, and what a late payment costs.

use entity::exact::{Money, YearMonth};

use super::calendar;
use super::charges::Charge;
use super::dice::Dice;
use super::household::Payer;
use crate::integrators::register::rows::StatementRow;

/// The statements of an account, each opening at the closing of the one before.
pub fn statements(
    account: &str,
    time_zone_minutes: i16,
    payer: Payer,
    charges: &[Charge],
    periods: &[YearMonth],
    dice: &mut Dice,
) -> Vec<StatementRow> {
    let plan = DebtPlan::of(payer, charges);
    let mut opening = plan.as_ref().map_or_else(|| first_opening(payer, charges, dice), |plan| plan.opening);
    let mut opening_before = Money::ZERO;
    let mut statements = Vec::with_capacity(periods.len());
    for (at, (charge, period)) in charges.iter().zip(periods).enumerate() {
        let paid = match &plan {
            Some(plan) => plan.paid(at, opening),
            None => paid(payer, at, opening, dice),
        };
        // Unpaid for two months: thirty days of a three-hundredth of 9.5 % (ЖК РФ art. 155 part 14).
        let overdue = opening.min(opening_before) - paid;
        let penalty = if plan.is_some() || overdue.0 <= 0 { Money::ZERO } else { penalty_of_a_month(overdue) };
        let closing = opening + charge.accrued + charge.recalculated + penalty - paid;
        statements.push(StatementRow {
            account: account.into(),
            period: *period,
            opening,
            accrued: charge.accrued,
            recalculated: charge.recalculated,
            penalty,
            paid,
            closing,
            due_on: Some(calendar::due_on(*period)),
            issued_at: calendar::issued_at(*period, time_zone_minutes),
        });
        (opening_before, opening) = (opening, closing);
    }
    statements
}

/// 30 days × 1/300 × 9.5 % of the debt, half up.
fn penalty_of_a_month(overdue: Money) -> Money {
    Money((overdue.0 * 30 * 95 + 150_000) / 300_000)
}

fn first_opening(payer: Payer, charges: &[Charge], dice: &mut Dice) -> Money {
    let usual = charges.first().map_or(0, |charge| charge.accrued.0) * dice.between(900, 1100) / 1000;
    Money(match payer {
        Payer::Ahead => -usual,
        Payer::Seldom => usual * dice.between(1, 2),
        Payer::Debtor => usual * dice.between(2, 9),
        Payer::Prompt | Payer::RoundingUp | Payer::UpTo(_) => usual,
    })
}

fn paid(payer: Payer, at: usize, opening: Money, dice: &mut Dice) -> Money {
    let owed = opening.0.max(0);
    let hundreds = |kopecks: i64| (kopecks + 9_999) / 10_000 * 10_000;
    let paid = match payer {
        Payer::Prompt | Payer::UpTo(_) => owed,
        Payer::RoundingUp => hundreds(owed),
        // Keeps a credit of more than a bill.
        Payer::Ahead if opening.0 > -150_000 => hundreds(owed) + dice.between(15, 40) * 10_000,
        Payer::Seldom if at % 3 == 2 => owed,
        Payer::Debtor if dice.chance(400) => hundreds(owed * dice.between(10, 40) / 100).min(owed),
        Payer::Ahead | Payer::Seldom | Payer::Debtor => 0,
    };
    Money(paid)
}

/// Pays every bill until a month, a part in it, and nothing after, so that the last closing is a given sum.
struct DebtPlan {
    opening: Money,
    /// The month (from 0) in which only a part is paid.
    stops_in: usize,
    /// What is paid in it beyond the opening.
    excess: Money,
}

impl DebtPlan {
    fn of(payer: Payer, charges: &[Charge]) -> Option<Self> {
        let Payer::UpTo(debt) = payer else { return None };
        let mut unpaid = Money::ZERO;
        for (at, charge) in charges.iter().enumerate().rev() {
            unpaid += charge.accrued + charge.recalculated;
            if unpaid >= debt {
                let opening = charges.first().map_or(Money::ZERO, |charge| charge.accrued);
                return Some(Self { opening, stops_in: at, excess: unpaid - debt });
            }
        }
        // Too few months for so much: the debt was there before.
        let opening = debt - unpaid;
        Some(Self { opening, stops_in: 0, excess: -opening })
    }

    fn paid(&self, at: usize, opening: Money) -> Money {
        match at.cmp(&self.stops_in) {
            std::cmp::Ordering::Less => opening,
            std::cmp::Ordering::Equal => opening + self.excess,
            std::cmp::Ordering::Greater => Money::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_debt_is_met_to_the_kopeck() {
        let charge = |amount| Charge { accrued: Money(amount), ..Charge::default() };
        for amounts in [&[50_000_i64, 60_000, 90_000, 70_001, 80_000][..], &[10_000], &[300_000, 1]] {
            let charges: Vec<_> = amounts.iter().map(|amount| charge(*amount)).collect();
            let periods = calendar::periods(YearMonth(202_611), u32::try_from(amounts.len()).unwrap_or_default());
            let debt = Payer::UpTo(Money(195_685));
            let statements = statements("1", 180, debt, &charges, &periods, &mut Dice::of(1, 0, 0));
            assert_eq!(statements.last().map(|last| last.closing), Some(Money(195_685)));
            assert!(statements.iter().all(|statement| !statement.paid.is_negative()));
        }
    }

    #[test]
    fn a_penalty_is_thirty_days_of_a_three_hundredth() {
        // 1 956.85 at 9.5 %: 0.6197 a day.
        assert_eq!(penalty_of_a_month(Money(195_685)).to_string(), "18.59");
    }
}
