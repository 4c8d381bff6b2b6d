//! The meters of an account, what they really counted, and what was sent of it.

use chrono::NaiveDate;
use entity::enums::Register;
use entity::exact::{Quantity, YearMonth};

use super::calendar;
use super::companies::Company;
use super::dice::Dice;
use super::household::{Household, MeterPlan, Reporter};
use crate::integrators::register::rows::{MeterRow, ReadingRow, ReplacementRow};

/// What a period's reading says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Since the reading before, before the coefficient: of the single or the day register, and of the night register.
    pub volume: Quantity,
    pub night: Quantity,
    /// For people: the two figures that the volume is the difference of.
    pub explanation: String,
}

#[derive(Clone, Debug, Default)]
pub struct Metering {
    pub meters: Vec<MeterRow>,
    pub readings: Vec<ReadingRow>,
    pub replacement: Option<ReplacementRow>,
    /// Per period; `None` without a reading.
    pub measured: Vec<Option<Measured>>,
    /// Per period, what was really used, ten-thousandths of the unit.
    pub used: Vec<i64>,
}

/// A night register counts three tenths of what is used.
const NIGHT_TENTHS: i64 = 3;

impl Metering {
    pub fn of(company: &Company, account: &str, house: &Household, periods: &[YearMonth], dice: &mut Dice) -> Self {
        let used = used(house, periods, dice);
        let reported: Vec<bool> = (0..periods.len()).map(|period| reports(house, period, dice)).collect();
        let Some(plan) = house.meter else {
            return Self { used, measured: vec![None; periods.len()], ..Self::default() };
        };
        let serial = dice.between(1_000_000, 89_999_999).to_string();
        let mut series = Series::start(&plan, house, account, serial, &used, periods, dice);
        let mut measured = Vec::with_capacity(periods.len());
        let mut replacement = None;
        for (at, period) in periods.iter().enumerate() {
            let used = used.get(at).copied().unwrap_or_default();
            let mut closing = None;
            if plan.replaced_in == Some(at) {
                series.count(used / 2);
                closing = Some(series.read(calendar::day_of(*period, 12)));
                replacement = Some(series.replace(*period, dice));
                series.count(used - used / 2);
            } else {
                series.count(used);
            }
            let day = calendar::day_of(*period, u32::try_from(dice.between(20, 25)).unwrap_or(20));
            let reading = reported.get(at).copied().unwrap_or_default().then(|| series.read(day));
            measured.push(reading.map(|reading| match closing {
                Some(closing) => both(&closing, &reading),
                None => reading,
            }));
        }
        let first = meter_row(company, house, &plan, series.first_serial.clone(), account);
        let mut meters = vec![first];
        if let (Some((serial, installed_on)), Some(first)) = (replacement, meters.first_mut()) {
            first.removed_on = Some(installed_on);
            let verification_due_on = installed_on.checked_add_months(chrono::Months::new(117));
            let fresh = MeterRow {
                serial_number: serial,
                installed_on: Some(installed_on),
                verification_due_on,
                removed_on: None,
                seal_number: Some(format!("{:08}", installed_on.format("%d%m%Y"))),
                sealed_on: Some(installed_on),
                ..first.clone()
            };
            meters.push(fresh);
        }
        meters.sort_by_key(crate::integrators::register::Row::key);
        let mut readings = series.readings;
        readings.sort_by_key(crate::integrators::register::Row::key);
        Self { meters, readings, replacement: series.replacement, measured, used }
    }
}

fn used(house: &Household, periods: &[YearMonth], dice: &mut Dice) -> Vec<i64> {
    // A household's own habit, and every month a little different.
    let habit = dice.between(650, 1400);
    let month = |(at, period): (usize, &YearMonth)| {
        let usual = house.direction.usual_use(house.residents_in(at), house.square_metres, calendar::month_of(*period));
        let away = dice.chance(15);
        let whim = dice.between(880, 1120);
        if away { 0 } else { usual * habit / 1000 * whim / 1000 }
    };
    periods.iter().enumerate().map(month).collect()
}

fn reports(house: &Household, period: usize, dice: &mut Dice) -> bool {
    match house.reporter {
        Reporter::Always => true,
        Reporter::Sometimes => dice.chance(550),
        Reporter::Until(last) => period <= last,
    }
}

fn both(closing: &Measured, reading: &Measured) -> Measured {
    Measured {
        volume: closing.volume + reading.volume,
        night: closing.night + reading.night,
        explanation: format!("{}; {}", closing.explanation, reading.explanation),
    }
}

fn meter_row(company: &Company, house: &Household, plan: &MeterPlan, serial: String, account: &str) -> MeterRow {
    MeterRow {
        account: account.into(),
        serial_number: serial,
        service_code: company.utility.service().into(),
        name: "Счетчик 1".into(),
        model: Some(plan.kind.model.into()),
        unit: company.utility.unit(),
        registers: if house.two_zone { vec![Register::Day, Register::Night] } else { vec![Register::Single] },
        integer_digits: plan.kind.integer_digits,
        fraction_digits: plan.kind.fraction_digits,
        coefficient: house.coefficient,
        installed_on: Some(plan.installed_on),
        verification_due_on: Some(plan.verification_due_on),
        removed_on: None,
        seal_number: Some(format!("{:08}", plan.installed_on.format("%d%m%Y"))),
        sealed_on: Some(plan.installed_on),
        seal_broken_on: None,
    }
}

/// The registers of the meter in place, and the readings so far.
struct Series<'a> {
    account: &'a str,
    two_zone: bool,
    /// Where a register starts again from zero, ten-thousandths of the unit.
    capacity: i64,
    /// The smallest step that it shows.
    step: i64,
    serial: String,
    first_serial: String,
    /// Counted without rollovers: single or day, night.
    now: [i64; 2],
    last: Option<[i64; 2]>,
    readings: Vec<ReadingRow>,
    replacement: Option<ReplacementRow>,
}

fn replacement(old_meter: String, closing: &ReadingRow, opening: ReadingRow) -> ReplacementRow {
    ReplacementRow {
        account: opening.account,
        old_meter,
        new_meter: opening.meter,
        replaced_on: opening.taken_on,
        closing_single: closing.value_single,
        closing_day: closing.value_day,
        closing_night: closing.value_night,
        closing_peak: closing.value_peak,
        closing_consumption: closing.consumption,
        opening_single: opening.value_single,
        opening_day: opening.value_day,
        opening_night: opening.value_night,
        opening_peak: opening.value_peak,
    }
}

impl<'a> Series<'a> {
    /// A reading in the month before the first period begins the series.
    fn start(
        plan: &MeterPlan,
        house: &Household,
        account: &'a str,
        serial: String,
        used: &[i64],
        periods: &[YearMonth],
        dice: &mut Dice,
    ) -> Self {
        let power = |digits: i16| 10_i64.pow(u32::try_from(digits).unwrap_or(0));
        let capacity = power(plan.kind.integer_digits) * Quantity::ONE.0;
        let step = Quantity::ONE.0 / power(plan.kind.fraction_digits);
        // A few begin so high that they roll over on the way.
        let near_the_end = dice.chance(20);
        let whole = if near_the_end { capacity - dice.below(400 * Quantity::ONE.0) } else { dice.below(capacity) };
        let total: i64 = used.iter().sum();
        let start = match plan.last_shown {
            Some(shown) => (shown * Quantity::ONE.0 - total / step * step).rem_euclid(capacity),
            None => whole / step * step,
        };
        let night = dice.below(capacity / 3) / step * step;
        let mut series = Self {
            account,
            two_zone: house.two_zone,
            capacity,
            step,
            first_serial: serial.clone(),
            serial,
            now: [start, night],
            last: None,
            readings: Vec::with_capacity(periods.len() + 3),
            replacement: None,
        };
        if let Some(first) = periods.first() {
            let day = u32::try_from(dice.between(20, 25)).unwrap_or(20);
            series.read(calendar::day_of(first.previous(), day));
        }
        series
    }

    fn count(&mut self, used: i64) {
        let [single, night] = &mut self.now;
        let at_night = if self.two_zone { used * NIGHT_TENTHS / 10 } else { 0 };
        *single += used - at_night;
        *night += at_night;
    }

    /// Takes down what the registers show.
    fn read(&mut self, taken_on: NaiveDate) -> Measured {
        let shown = self.now.map(|counted| counted / self.step * self.step);
        let [single, night] = shown.map(|counted| Quantity(counted.rem_euclid(self.capacity)));
        let [before_single, before_night] = self.last.unwrap_or(shown);
        let [at_single, at_night] = shown;
        let (volume, volume_night) = (Quantity(at_single - before_single), Quantity(at_night - before_night));
        let explanation = format!("Показания: {single} - {}", Quantity(before_single.rem_euclid(self.capacity)));
        self.readings.push(ReadingRow {
            account: self.account.into(),
            meter: self.serial.clone(),
            taken_on,
            value_single: (!self.two_zone).then_some(single),
            value_day: self.two_zone.then_some(single),
            value_night: self.two_zone.then_some(night),
            value_peak: None,
            consumption: self.last.map(|_| volume + volume_night),
        });
        self.last = Some(shown);
        Measured { volume, night: volume_night, explanation }
    }

    /// A new meter in the middle of the month; its serial number and day.
    fn replace(&mut self, period: YearMonth, dice: &mut Dice) -> (String, NaiveDate) {
        let day = calendar::day_of(period, 12);
        let old = std::mem::replace(&mut self.serial, dice.between(90_000_000, 99_999_999).to_string());
        self.now = [0, 0];
        self.last = None;
        self.read(day);
        // Both readings belong to the act, not to the series.
        if let (Some(opening), Some(closing)) = (self.readings.pop(), self.readings.pop()) {
            self.replacement = Some(replacement(old, &closing, opening));
        }
        (self.serial.clone(), day)
    }
}
