//! Prices by date, and what a volume costs.

use chrono::{Datelike, NaiveDate};
use entity::enums::Unit;
use entity::exact::{Coefficient, Money, Price, Quantity, YearMonth};

use super::calendar;
use super::companies::Company;
use crate::integrators::register::rows::TariffRow;

/// The prices of a company from before the first period on.
#[derive(Clone, Debug)]
pub struct PriceBook {
    pub tariffs: Vec<TariffRow>,
}

impl PriceBook {
    pub fn of(company: &Company, first: YearMonth, until: YearMonth) -> Self {
        let steps = steps(first, until);
        let main = company.utility.directions().iter().map(|direction| {
            (company.utility.service(), direction.name, company.utility.unit(), direction.group, direction.price)
        });
        let extras = company.utility.extras().iter();
        let extras = extras.map(|extra| (extra.code, extra.name, extra.unit, extra.group, extra.price));
        let mut tariffs: Vec<_> = main.chain(extras).flat_map(|service| history(company, &steps, service)).collect();
        tariffs.sort_by_key(crate::integrators::register::Row::key);
        Self { tariffs }
    }

    /// The price on the first day of a period; prices change on first days only.
    pub fn price(&self, service: &str, group: &str, period: YearMonth) -> Price {
        let day = period.first_day();
        let of_service = |tariff: &&TariffRow| tariff.service_code == service && tariff.tariff_group == group;
        let in_force = self.tariffs.iter().filter(of_service).rfind(|tariff| tariff.starts_on <= day);
        in_force.map_or(Price::ZERO, |tariff| tariff.price)
    }

    /// Changes of a price after `first` and up to `until`: the day, the price before, the price after.
    pub fn changes(
        &self,
        service: &str,
        group: &str,
        first: YearMonth,
        until: YearMonth,
    ) -> impl Iterator<Item = (NaiveDate, Price, Price)> {
        let of_service =
            self.tariffs.iter().filter(move |tariff| tariff.service_code == service && tariff.tariff_group == group);
        let pairs = of_service.clone().zip(of_service.skip(1));
        let in_time = move |day: NaiveDate| day > first.first_day() && day <= until.first_day();
        pairs.filter(move |(_, new)| in_time(new.starts_on)).map(|(old, new)| (new.starts_on, old.price, new.price))
    }
}

/// Days of new prices and their rise, per mille: each July, in 2026 January (VAT) and October instead.
fn steps(first: YearMonth, until: YearMonth) -> Vec<(NaiveDate, i64)> {
    let start_year = first.first_day().year() - 1;
    let mut steps = vec![(YearMonth(start_year * 100 + 1).first_day(), 0)];
    let announced = until.next().next();
    for year in start_year..=announced.first_day().year() {
        let rises: &[(i32, i64)] = match year {
            2026 => &[(1, 17), (10, 96)],
            _ if year % 3 == 0 => &[(7, 85)],
            _ if year % 3 == 1 => &[(7, 112)],
            _ => &[(7, 50)],
        };
        steps.extend(rises.iter().map(|(month, rise)| (YearMonth(year * 100 + month).first_day(), *rise)));
    }
    steps.retain(|(day, _)| *day <= announced.first_day());
    steps
}

type Service = (&'static str, &'static str, Unit, &'static str, Price);

fn history(company: &Company, steps: &[(NaiveDate, i64)], service: Service) -> Vec<TariffRow> {
    let (code, name, unit, group, base) = service;
    let mut price = thousandths(base.0 * company.price_per_mille / 1000);
    let ends = steps.iter().skip(1).map(|(next, _)| next.pred_opt()).chain([None]);
    let rows = steps.iter().zip(ends).map(|((day, rise), ends_on)| {
        price = thousandths(price * (1000 + rise) / 1000);
        TariffRow {
            service_code: code.into(),
            service_name: name.into(),
            tariff_group: group.into(),
            price: Price(price),
            unit,
            starts_on: *day,
            ends_on,
            order_reference: Some(format!("Приказ от {} № {}-т", order_day(*day), 10 + day.year() % 50)),
        }
    });
    rows.collect()
}

/// Regulators give three digits after the point.
fn thousandths(price: i64) -> i64 {
    price / 100 * 100
}

/// An order is signed in the month before.
fn order_day(starts_on: NaiveDate) -> String {
    calendar::day_of(YearMonth::of(starts_on).previous(), 18).format("%d.%m.%Y").to_string()
}

/// volume × coefficient × price, rounded once, half up, to the kopeck.
pub fn cost(volume: Quantity, coefficient: Coefficient, price: Price) -> Money {
    // Scales 4 + 6 + 5 against 2. A household's volume and price are far from the 38 digits.
    const ONE: i128 = 10_i128.pow(Quantity::SCALE + Coefficient::SCALE + Price::SCALE - Money::SCALE);
    let exact = i128::from(volume.0) * i128::from(coefficient.0) * i128::from(price.0);
    Money(i64::try_from((exact + ONE / 2).div_euclid(ONE)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::companies::COMPANIES;
    use super::*;

    #[test]
    fn a_line_is_rounded_once_half_up() {
        let cost = |volume, price| cost(Quantity(volume), Coefficient::ONE, Price(price)).to_string();
        // 7.328 x 29.52 = 216.32256
        assert_eq!(cost(295_200, 732_800), "216.32");
        assert_eq!(cost(10_000, 100_500), "1.01");
        assert_eq!(cost(10_000, 100_499), "1.00");
    }

    #[test]
    fn prices_change_by_date_without_a_gap() {
        for company in COMPANIES {
            let book = PriceBook::of(company, YearMonth(202_501), YearMonth(202_611));
            for (old, new) in book.tariffs.iter().zip(book.tariffs.iter().skip(1)) {
                let same = (&old.service_code, &old.tariff_group) == (&new.service_code, &new.tariff_group);
                assert_eq!(old.ends_on, if same { new.starts_on.pred_opt() } else { None });
            }
        }
        let company = COMPANIES.first().copied();
        let book = company.map(|company| PriceBook::of(&company, YearMonth(202_501), YearMonth(202_611)));
        let price = |period| book.as_ref().map(|book| book.price("gas", "stove", YearMonth(period)).to_string());
        assert_ne!(price(202_609), price(202_610));
        assert_eq!(price(202_610), price(202_611));
    }
}
