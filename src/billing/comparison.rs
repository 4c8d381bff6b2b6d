//! What changed of a bill against the one before, service by service. Pure and exact.

use entity::enums::ChargeBasis;
use entity::exact::{Money, Quantity};
use entity::statement_line;

use super::cost::volume;

/// A service of a bill beside the same service of the bill before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    pub service_code: String,
    pub service_name: String,
    /// None where the service is not in the bill.
    pub now: Option<Sum>,
    pub before: Option<Sum>,
    /// What the bill grew by: both parts together.
    pub difference: Money,
    /// By more or less being charged for, at the price of the bill before.
    pub by_volume: Money,
    /// By all else: another price, another rounding.
    pub by_price: Money,
}

/// All lines of a service in a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// With the coefficient.
    pub volume: Quantity,
    pub amount: Money,
    /// Of the first line.
    pub basis: ChargeBasis,
}

/// In the order of the bill, then what is no longer in it.
pub fn compare(now: &[statement_line::Model], before: &[statement_line::Model]) -> Vec<Comparison> {
    let mut services: Vec<(&str, &str)> = Vec::new();
    for line in now.iter().chain(before) {
        if !services.iter().any(|(code, _)| *code == line.service_code) {
            services.push((&line.service_code, &line.service_name));
        }
    }
    services.into_iter().map(|(code, name)| comparison(code, name, sum(now, code), sum(before, code))).collect()
}

fn sum(lines: &[statement_line::Model], code: &str) -> Option<Sum> {
    let own: Vec<_> = lines.iter().filter(|line| line.service_code == code).collect();
    let basis = own.first()?.basis;
    let charged = own.iter().map(|line| volume(line.volume, line.coefficient).unwrap_or(line.volume)).sum();
    Some(Sum { volume: charged, amount: own.iter().map(|line| line.amount).sum(), basis })
}

fn comparison(code: &str, name: &str, now: Option<Sum>, before: Option<Sum>) -> Comparison {
    let of = |sum: &Option<Sum>| sum.as_ref().map_or((Quantity::ZERO, Money::ZERO), |sum| (sum.volume, sum.amount));
    let ((volume, amount), (volume_before, amount_before)) = (of(&now), of(&before));
    let difference = amount - amount_before;
    let by_volume =
        if volume_before.0 == 0 { difference } else { scaled(amount_before, volume - volume_before, volume_before) };
    Comparison {
        service_code: code.to_owned(),
        service_name: name.to_owned(),
        now,
        before,
        difference,
        by_volume,
        by_price: difference - by_volume,
    }
}

/// `amount × part / whole`, rounded half away from zero.
fn scaled(amount: Money, part: Quantity, whole: Quantity) -> Money {
    let product = i128::from(amount.0) * i128::from(part.0) * i128::from(whole.0.signum());
    let whole = i128::from(whole.0).abs().max(1);
    let rounded = (product.abs() + whole / 2) / whole * product.signum();
    Money(i64::try_from(rounded).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::enums::Unit;
    use entity::exact::{Coefficient, Price};
    use entity::ids::StatementId;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn line(code: &str, volume: &str, price: &str, amount: &str, basis: ChargeBasis) -> statement_line::Model {
        statement_line::Model {
            statement_id: StatementId(Uuid::nil()),
            position: 1,
            service_code: code.into(),
            service_name: code.to_uppercase(),
            volume: volume.parse().unwrap(),
            unit: Unit::CubicMetre,
            price: price.parse::<Price>().unwrap(),
            coefficient: Coefficient::ONE,
            amount: amount.parse().unwrap(),
            basis,
            explanation: None,
        }
    }

    fn parts(one: &Comparison) -> [String; 3] {
        [one.difference, one.by_volume, one.by_price].map(|sum| sum.to_string())
    }

    #[test]
    fn a_difference_is_split_into_volume_and_price() {
        let (meter, average) = (ChargeBasis::Meter, ChargeBasis::Average);
        let before = [line("gas", "20", "10", "200.00", meter), line("care", "1", "50", "50.00", meter)];
        let now = [line("gas", "30", "11", "330.00", average), line("care", "1", "50", "50.00", meter)];
        let compared = compare(&now, &before);
        // Ten more at the old price are 100, one rouble more for each of thirty is 30.
        assert_eq!(parts(&compared[0]), ["130.00", "100.00", "30.00"]);
        assert_eq!(compared[0].before.as_ref().map(|sum| sum.basis), Some(meter));
        assert_eq!(compared[0].now.as_ref().map(|sum| sum.basis), Some(average));
        assert_eq!(parts(&compared[1]), ["0.00", "0.00", "0.00"]);
    }

    #[test]
    fn a_month_with_two_prices_is_compared_as_a_whole() {
        let meter = ChargeBasis::Meter;
        let before = [line("gas", "20", "10", "200.00", meter)];
        let now = [line("gas", "10", "10", "100.00", meter), line("gas", "10", "12", "120.00", meter)];
        assert_eq!(parts(&compare(&now, &before)[0]), ["20.00", "0.00", "20.00"]);
    }

    #[test]
    fn services_that_came_and_went_are_named() {
        let norm = ChargeBasis::Norm;
        let compared = compare(&[line("new", "2", "5", "10.00", norm)], &[line("old", "1", "7", "7.00", norm)]);
        assert_eq!(parts(&compared[0]), ["10.00", "10.00", "0.00"]);
        assert_eq!((compared[1].service_code.as_str(), &compared[1].now), ("old", &None));
        assert_eq!(parts(&compared[1]), ["-7.00", "-7.00", "0.00"]);
        assert_eq!(compare(&[], &[]), []);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(
            now in (0_i64..10_000_000, 0_i64..10_000_000),
            before in (0_i64..10_000_000, -10_000_000_i64..10_000_000),
        ) {
            let of = |(volume, amount): (i64, i64)| statement_line::Model {
                volume: Quantity(volume),
                amount: Money(amount),
                ..line("gas", "1", "1", "1.00", ChargeBasis::Meter)
            };
            let [one]: [Comparison; 1] = compare(&[of(now)], &[of(before)]).try_into().unwrap();
            prop_assert_eq!(one.by_volume + one.by_price, one.difference);
            prop_assert_eq!(one.difference, Money(now.1 - before.1));
        }
    }
}
