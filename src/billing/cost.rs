//! What a consumption costs. Pure and exact: one rounding a line, half up, to the kopeck.
//!
//! A period that spans a change of the price is split by days. Every day behind the reading before, up to and with the day
//! of the new one, takes an equal share of the consumption and is charged by the price of that day. Shares are cut in
//! ten-thousandths of the unit so that they add up to the whole.

use chrono::{Days, NaiveDate};
use entity::enums::{Register, Unit};
use entity::exact::{Coefficient, Money, Price, Quantity};
use entity::tariff;

/// A consumption to be charged.
#[derive(Clone, Copy, Debug)]
pub struct Consumed {
    /// Before the coefficient.
    pub difference: Quantity,
    pub coefficient: Coefficient,
    pub unit: Unit,
    /// The day of the reading before: no part of the period.
    pub after: NaiveDate,
    /// The last day of the period. Of a second reading on one day the period is that day.
    pub until: NaiveDate,
}

/// The part of a consumption that one price applies to: amount = difference × coefficient × price, rounded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine {
    pub tariff: tariff::Model,
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    pub difference: Quantity,
    pub coefficient: Coefficient,
    pub amount: Money,
}

/// The codes of the services by which a register of a meter may be billed, the first that is supplied: its own has its word
/// behind, `power-night`; else it is the meter's.
pub fn service_codes(meter_service: &str, register: Register) -> [String; 2] {
    [format!("{meter_service}-{}", register.word().to_lowercase()), meter_service.to_owned()]
}

/// Rounds half up what is not negative; none beyond 64 bits.
fn divided(number: i128, by: i128) -> Option<i64> {
    i64::try_from((number + by / 2) / by).ok()
}

/// The volume that is charged, to the ten-thousandth.
pub fn volume(difference: Quantity, coefficient: Coefficient) -> Option<Quantity> {
    divided(i128::from(difference.0) * i128::from(coefficient.0), i128::from(Coefficient::ONE.0)).map(Quantity)
}

fn amount(difference: Quantity, coefficient: Coefficient, price: Price) -> Option<Money> {
    let product = i128::from(difference.0) * i128::from(coefficient.0) * i128::from(price.0);
    let scale = Quantity::SCALE + Coefficient::SCALE + Price::SCALE - Money::SCALE;
    divided(product, 10_i128.pow(scale)).map(Money)
}

/// One line for each price of the period; none where a day has no price, or a price is for another unit than the meter's.
/// `tariffs` are those of the service and direction of use.
pub fn cost(consumed: &Consumed, tariffs: &[&tariff::Model]) -> Option<Vec<CostLine>> {
    let first = consumed.after.checked_add_days(Days::new(1))?.min(consumed.until);
    let all = (consumed.until - first).num_days() + 1;
    let (mut lines, mut day, mut spent) = (Vec::new(), first, Quantity::ZERO);
    while day <= consumed.until {
        let tariff = price_of(day, tariffs).filter(|tariff| tariff.unit == consumed.unit)?;
        let last_day = last_day_of(tariff, day, consumed.until, tariffs);
        let days = (last_day - first).num_days() + 1;
        let share = divided(i128::from(consumed.difference.0) * i128::from(days), i128::from(all)).map(Quantity)?;
        let difference = share - spent;
        lines.push(CostLine {
            tariff: tariff.clone(),
            first_day: day,
            last_day,
            difference,
            coefficient: consumed.coefficient,
            amount: amount(difference, consumed.coefficient, tariff.price)?,
        });
        spent = share;
        day = last_day.checked_add_days(Days::new(1))?;
    }
    Some(lines)
}

/// Of two prices that both apply the later one does.
fn price_of<'a>(day: NaiveDate, tariffs: &[&'a tariff::Model]) -> Option<&'a tariff::Model> {
    let applies =
        |tariff: &&tariff::Model| tariff.starts_on <= day && tariff.ends_on.is_none_or(|last_day| day <= last_day);
    tariffs.iter().copied().filter(applies).max_by_key(|tariff| tariff.starts_on)
}

/// The last day from `day` on that the price applies to without a break.
fn last_day_of(tariff: &tariff::Model, day: NaiveDate, until: NaiveDate, tariffs: &[&tariff::Model]) -> NaiveDate {
    let next_start = tariffs.iter().map(|other| other.starts_on).filter(|start| *start > day).min();
    let before_next = next_start.and_then(|start| start.checked_sub_days(Days::new(1)));
    [Some(until), tariff.ends_on, before_next].into_iter().flatten().min().unwrap_or(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::ids::{ProviderId, TariffId};
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn tariff(price: &str, starts_on: &str, ends_on: Option<&str>) -> tariff::Model {
        let id = uuid::Uuid::nil();
        tariff::Model {
            id: TariffId(id),
            provider_id: ProviderId(id),
            service_code: "gas".to_owned(),
            service_name: "Gas".to_owned(),
            tariff_group: "heating".to_owned(),
            price: price.parse().unwrap(),
            unit: Unit::CubicMetre,
            starts_on: day(starts_on),
            ends_on: ends_on.map(day),
            order_reference: None,
        }
    }

    fn consumed(difference: &str, coefficient: &str, after: &str, until: &str) -> Consumed {
        Consumed {
            difference: difference.parse().unwrap(),
            coefficient: coefficient.parse().unwrap(),
            unit: Unit::CubicMetre,
            after: day(after),
            until: day(until),
        }
    }

    fn charged(consumed: &Consumed, tariffs: &[tariff::Model]) -> Option<Vec<(String, String, String)>> {
        let lines = cost(consumed, &tariffs.iter().collect::<Vec<_>>())?;
        let shown = |line: CostLine| {
            (format!("{}..{}", line.first_day, line.last_day), line.difference.to_string(), line.amount.to_string())
        };
        Some(lines.into_iter().map(shown).collect())
    }

    fn line(days: &str, difference: &str, amount: &str) -> (String, String, String) {
        (days.to_owned(), difference.to_owned(), amount.to_owned())
    }

    #[test]
    fn a_line_is_rounded_once_half_up() {
        let price = [tariff("7.328", "2026-01-01", None)];
        let june = |difference, coefficient| consumed(difference, coefficient, "2026-05-20", "2026-06-20");
        let days = "2026-05-21..2026-06-20";
        assert_eq!(charged(&june("29.52", "1"), &price), Some(vec![line(days, "29.52", "216.32")]));
        let half = [tariff("0.005", "2026-01-01", None)];
        assert_eq!(charged(&june("1", "1"), &half), Some(vec![line(days, "1", "0.01")]));
        // Rounded to the kopeck once, never between: 3.3333 × 1.00002 × 0.0015 is 0.00500005.
        let small = [tariff("0.0015", "2026-01-01", None)];
        assert_eq!(charged(&june("3.3333", "1.00002"), &small), Some(vec![line(days, "3.3333", "0.01")]));
    }

    #[test]
    fn a_period_across_a_change_of_the_price_is_split_by_days() {
        let prices = [tariff("9", "2026-01-01", Some("2026-09-30")), tariff("10", "2026-10-01", None)];
        // 21 to 30 September and 1 to 20 October: 10 days and 20.
        let split = charged(&consumed("30", "1", "2026-09-20", "2026-10-20"), &prices);
        let lines = vec![line("2026-09-21..2026-09-30", "10", "90.00"), line("2026-10-01..2026-10-20", "20", "200.00")];
        assert_eq!(split, Some(lines));
        // A price without an end is ended by the next one.
        let open = [tariff("9", "2026-01-01", None), tariff("10", "2026-10-01", None)];
        assert_eq!(charged(&consumed("30", "1", "2026-09-20", "2026-10-20"), &open), split);
        // Read on the last day of the old price, nothing is charged by the new one.
        let old = charged(&consumed("30", "1", "2026-08-31", "2026-09-30"), &prices);
        assert_eq!(old, Some(vec![line("2026-09-01..2026-09-30", "30", "270.00")]));
        let same_day = charged(&consumed("3", "1", "2026-10-01", "2026-10-01"), &prices);
        assert_eq!(same_day, Some(vec![line("2026-10-01..2026-10-01", "3", "30.00")]));
    }

    #[test]
    fn without_a_price_for_every_day_nothing_is_guessed() {
        let june = consumed("30", "1", "2026-05-20", "2026-06-20");
        assert_eq!(charged(&june, &[]), None);
        assert_eq!(charged(&june, &[tariff("9", "2026-06-01", None)]), None, "May has none");
        let gap = [tariff("9", "2026-01-01", Some("2026-05-31")), tariff("9", "2026-06-02", None)];
        assert_eq!(charged(&june, &gap), None);
        let by_heat = tariff::Model { unit: Unit::Gigacalorie, ..tariff("9", "2026-01-01", None) };
        assert_eq!(charged(&june, &[by_heat]), None, "a price of another unit");
    }

    proptest! {
        #[test]
        fn the_lines_are_the_whole_consumption_and_the_whole_period(
            difference in 0_i64..1_000_000_000_000,
            length in 0_u64..900,
            changes in proptest::collection::btree_set(0_u64..900, 0..6),
        ) {
            let start = day("2024-01-01");
            let tariffs: Vec<_> = std::iter::once(0).chain(changes).map(|at| {
                let starts_on = start + Days::new(at);
                tariff::Model { starts_on, ..tariff("9.576", "2024-01-01", None) }
            }).collect();
            let consumed = Consumed {
                difference: Quantity(difference),
                after: start,
                until: start + Days::new(length),
                ..consumed("0", "1.02", "2024-01-01", "2024-01-01")
            };
            let lines = cost(&consumed, &tariffs.iter().collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(lines.iter().map(|line| line.difference).sum::<Quantity>(), consumed.difference);
            prop_assert!(lines.iter().all(|line| !line.difference.is_negative() && !line.amount.is_negative()));
            let days: i64 = lines.iter().map(|line| (line.last_day - line.first_day).num_days() + 1).sum();
            prop_assert_eq!(days, i64::try_from(length).unwrap().max(1));
            for pair in lines.windows(2) {
                prop_assert_eq!(pair[0].last_day + Days::new(1), pair[1].first_day);
            }
        }
    }
}
