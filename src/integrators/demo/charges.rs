//! From readings to volumes to money: METER, AVERAGE for three months, then NORM.

use entity::enums::ChargeBasis;
use entity::exact::{Coefficient, Money, Quantity, YearMonth};

use super::calendar;
use super::companies::Company;
use super::household::Household;
use super::metering::{Measured, Metering};
use super::prices::{PriceBook, cost};
use super::utilities::ExtraVolume;
use crate::integrators::register::rows::StatementLineRow;

/// What a month adds to the debt, before penalties.
#[derive(Clone, Debug, Default)]
pub struct Charge {
    pub lines: Vec<StatementLineRow>,
    pub accrued: Money,
    pub recalculated: Money,
}

/// The volume that is charged, and why.
struct Volume {
    main: Quantity,
    night: Quantity,
    basis: ChargeBasis,
    explanation: String,
    /// Charged too much in the months without a reading.
    overcharged: Quantity,
}

/// What the billing remembers of an account from month to month.
#[derive(Default)]
struct Memory {
    /// Monthly volumes by the meter, newest last.
    monthly: Vec<i64>,
    /// Charged since the last reading.
    estimated: i64,
    missed: i64,
}

const MONTHS_OF_AVERAGE: usize = 12;
const AVERAGES_IN_A_ROW: i64 = 3;

pub fn charges(
    company: &Company,
    account: &str,
    house: &Household,
    metering: &Metering,
    book: &PriceBook,
    periods: &[YearMonth],
) -> Vec<Charge> {
    let mut memory = Memory::default();
    let months = periods.iter().zip(&metering.measured).enumerate();
    let charge = months.map(|(at, (period, measured))| {
        let volume = memory.volume(house, metering, (at, *period), measured.as_ref());
        let lines = lines(company, account, house, book, *period, &volume);
        let price = book.price(company.utility.service(), house.direction.group, *period);
        Charge {
            accrued: lines.iter().map(|line| line.amount).sum(),
            lines,
            recalculated: -cost(volume.overcharged, house.coefficient, price),
        }
    });
    charge.collect()
}

impl Memory {
    fn volume(
        &mut self,
        house: &Household,
        metering: &Metering,
        (at, period): (usize, YearMonth),
        measured: Option<&Measured>,
    ) -> Volume {
        let norm = house.norm_volume(at, calendar::month_of(period));
        let by_norm = |why: &str| Volume {
            main: norm,
            night: Quantity::ZERO,
            basis: ChargeBasis::Norm,
            explanation: format!("{why}: норматив, чел. {}", house.residents_in(at)),
            overcharged: Quantity::ZERO,
        };
        let Some(plan) = house.meter else {
            if house.direction.norm.is_zero() {
                return Volume {
                    explanation: format!("По площади {} кв. м", house.square_metres), ..by_norm("")
                };
            }
            return by_norm("Нет прибора учета");
        };
        if plan.verification_due_on <= calendar::last_day(period) && plan.replaced_in.is_none_or(|since| at < since) {
            return by_norm("Истек срок поверки");
        }
        match measured {
            Some(measured) => self.by_meter(measured),
            None => match self.average(metering) {
                Some(average) if self.missed < AVERAGES_IN_A_ROW => self.by_average(average),
                _ => {
                    self.estimated += norm.0;
                    by_norm("Нет показаний больше трех месяцев")
                }
            },
        }
    }

    fn by_meter(&mut self, measured: &Measured) -> Volume {
        let charged = std::mem::take(&mut self.estimated);
        let months = std::mem::take(&mut self.missed) + 1;
        self.monthly.push(measured.volume.0 / months);
        let rest = measured.volume.0 - charged;
        let explanation = match charged {
            0 => measured.explanation.clone(),
            _ => format!("{}, из них начислено ранее {}", measured.explanation, Quantity(charged)),
        };
        Volume {
            main: Quantity(rest.max(0)),
            night: measured.night,
            basis: ChargeBasis::Meter,
            explanation,
            overcharged: Quantity((-rest).max(0)),
        }
    }

    fn by_average(&mut self, average: i64) -> Volume {
        self.missed += 1;
        self.estimated += average;
        Volume {
            main: Quantity(average),
            night: Quantity::ZERO,
            basis: ChargeBasis::Average,
            explanation: format!("Нет показаний: среднее, месяц {} из {AVERAGES_IN_A_ROW}", self.missed),
            overcharged: Quantity::ZERO,
        }
    }

    /// Of the months by the meter, or of the first ones when there are none yet; in hundredths of the unit.
    fn average(&self, metering: &Metering) -> Option<i64> {
        let known = if self.monthly.is_empty() { &metering.used } else { &self.monthly };
        let taken: Vec<_> = known.iter().rev().take(MONTHS_OF_AVERAGE).collect();
        let count = i64::try_from(taken.len()).ok()?;
        taken.into_iter().sum::<i64>().checked_div(count).map(|average| average / 100 * 100)
    }
}

fn lines(
    company: &Company,
    account: &str,
    house: &Household,
    book: &PriceBook,
    period: YearMonth,
    volume: &Volume,
) -> Vec<StatementLineRow> {
    let utility = company.utility;
    let line = |code: &str, name: &str, unit, group: &str, volume, (coefficient, basis)| {
        let price = book.price(code, group, period);
        StatementLineRow {
            account: account.into(),
            position: 1,
            service_code: code.into(),
            service_name: name.into(),
            volume,
            unit,
            price,
            coefficient,
            amount: cost(volume, coefficient, price),
            basis,
            explanation: None,
        }
    };
    let direction = &house.direction;
    let how = (house.coefficient, volume.basis);
    let main = line(utility.service(), direction.name, utility.unit(), direction.group, volume.main, how);
    let mut lines = vec![StatementLineRow { explanation: Some(volume.explanation.clone()), ..main }];
    for (extra, position) in utility.extras().iter().zip(2..) {
        let (quantity, how) = match extra.volume {
            ExtraVolume::Fixed => (Quantity::ONE, (Coefficient::ONE, ChargeBasis::Norm)),
            ExtraVolume::AsMain => (volume.main, how),
            ExtraVolume::Night if house.two_zone => (volume.night, how),
            ExtraVolume::Night => continue,
        };
        let billed = line(extra.code, extra.name, extra.unit, extra.group, quantity, how);
        lines.push(StatementLineRow { position, ..billed });
    }
    lines
}
