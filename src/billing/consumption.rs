//! What was used month by month, and what the charge for it was reckoned from.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::enums::{ChargeBasis, Register, Unit};
use entity::exact::{Quantity, YearMonth};
use entity::ids::{MeterId, PersonalAccountId};
use entity::{meter, meter_reading, statement, statement_line};

use super::cost::{service_codes, volume};
use super::{Billing, store};
use crate::accounts::AccountKey;
use crate::kernel::Fault;
use crate::metering::Metering;
use crate::metering::reading_rules::values_of;
use crate::metering::series::advance;

/// The most months that are asked for at once.
pub const MOST_MONTHS: i32 = 36;

/// Which months of which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub account: AccountKey,
    pub from: YearMonth,
    pub to: YearMonth,
    /// With the same months of the year before.
    pub compared: bool,
}

/// More than [`MOST_MONTHS`], or the last before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSpan;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthUse {
    pub period: YearMonth,
    /// None where a statement charges a service that no single meter stands for.
    pub meter: Option<meter::Model>,
    pub service_code: String,
    pub unit: Unit,
    /// With the coefficient.
    pub volume: Quantity,
    pub basis: ChargeBasis,
    /// Of the same meter or service in the same month a year before.
    pub year_before: Option<Quantity>,
}

/// Months since the year 0.
fn months(period: YearMonth) -> i32 {
    period.0 / 100 * 12 + period.0 % 100
}

fn year_before(period: YearMonth) -> YearMonth {
    YearMonth(period.0 - 100)
}

impl Span {
    pub fn new(account: AccountKey, from: YearMonth, to: YearMonth) -> Result<Self, NoSpan> {
        let count = months(to) - months(from) + 1;
        if (1..=MOST_MONTHS).contains(&count) { Ok(Self { account, from, to, compared: true }) } else { Err(NoSpan) }
    }

    /// The first month that is read of.
    pub fn first(self) -> YearMonth {
        if self.compared { year_before(self.from) } else { self.from }
    }

    /// The first day of the readings that it takes: a year more, in which the reading before may have been taken.
    pub fn readings_since(self) -> NaiveDate {
        year_before(self.first()).first_day()
    }

    fn periods(self) -> impl Iterator<Item = YearMonth> {
        std::iter::successors(Some(self.from), |period| Some(period.next()))
            .take_while(move |period| *period <= self.to)
            .filter(move |period| self.account.since().shows_month(*period))
    }
}

/// What the tables say of some accounts.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub meters: Vec<meter::Model>,
    /// In order.
    pub readings: Vec<meter_reading::Model>,
    pub lines: HashMap<(PersonalAccountId, YearMonth), Vec<statement_line::Model>>,
}

impl Billing {
    /// By month, and within it by meter. Two statements for however many accounts. LIMITED access sees none: it is history.
    pub async fn list_consumption(
        &self,
        metering: &Metering,
        wanted: &[Span],
    ) -> Result<HashMap<Span, Vec<MonthUse>>, Fault> {
        let full: Vec<_> = wanted.iter().copied().filter(|span| span.account.is_full()).collect();
        let firsts = full.iter().map(|span| span.first()).min();
        let Some((from, to)) = firsts.zip(full.iter().map(|span| span.to).max()) else { return Ok(HashMap::new()) };
        let accounts: Vec<_> = full.iter().map(|span| span.account).collect();
        let ids: Vec<_> = accounts.iter().map(|account| account.id()).collect();
        let since = full.iter().map(|span| span.readings_since()).min();
        let (meters, readings) = metering.list_measured(&accounts, since).await?;
        let billed = store::list_billed(self.db.read(), &ids, Some((from, to)), false).await?;
        let known = Known { meters, readings, lines: lines_of(billed) };
        Ok(full.into_iter().map(|span| (span, known.span(span))).collect())
    }
}

/// Lines by account and month.
pub(super) fn lines_of(
    billed: Vec<(statement::Model, Option<statement_line::Model>)>,
) -> HashMap<(PersonalAccountId, YearMonth), Vec<statement_line::Model>> {
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for (statement, line) in billed {
        lines.entry((statement.personal_account_id, statement.period)).or_default().extend(line);
    }
    lines
}

impl Known {
    pub(super) fn span(&self, span: Span) -> Vec<MonthUse> {
        let account = span.account.id();
        let of_period = |period| {
            let compared = span.compared && span.account.since().shows_month(year_before(period));
            let before = if compared { self.month(account, year_before(period)) } else { Vec::new() };
            let with_comparison = move |mut one: MonthUse| {
                let same = |other: &&MonthUse| {
                    other.service_code == one.service_code
                        && other.meter.as_ref().map(|meter| meter.id) == one.meter.as_ref().map(|meter| meter.id)
                };
                one.year_before = before.iter().find(same).map(|other| other.volume);
                one
            };
            self.month(account, period).into_iter().map(with_comparison)
        };
        span.periods().flat_map(of_period).collect()
    }

    /// A statement's line decides where there is one: its basis, and its volume where one meter stands for the service.
    /// Without one, and for several meters of a service that was charged by them, the readings of the month do.
    fn month(&self, account: PersonalAccountId, period: YearMonth) -> Vec<MonthUse> {
        let (first_day, next_month) = (period.first_day(), period.next().first_day());
        let standing: Vec<_> = self
            .meters
            .iter()
            .filter(|meter| meter.personal_account_id == account)
            .filter(|meter| meter.installed_on.is_none_or(|installed| installed < next_month))
            .filter(|meter| meter.removed_on.is_none_or(|removed| removed >= first_day))
            .collect();
        let lines = self.lines.get(&(account, period)).map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<_> = lines.iter().filter(|line| is_measured(line.unit)).collect();
        let mut month = Vec::new();
        for line in &lines {
            let mut of_service = standing.iter().filter(|meter| is_billed_by(meter, &line.service_code));
            let (one, more) = (of_service.next(), of_service.next());
            // By their readings, below.
            if more.is_some() && line.basis == ChargeBasis::Meter {
                continue;
            }
            month.push(MonthUse {
                period,
                meter: one.filter(|_| more.is_none()).map(|meter| (*meter).clone()),
                service_code: line.service_code.clone(),
                unit: line.unit,
                volume: volume(line.volume, line.coefficient).unwrap_or(line.volume),
                basis: line.basis,
                year_before: None,
            });
        }
        let charged = |meter: &meter::Model| month.iter().any(|one: &MonthUse| is_billed_by(meter, &one.service_code));
        let uncharged: Vec<_> = standing.into_iter().filter(|meter| !charged(meter)).collect();
        for meter in uncharged {
            let Some(used) = self.used(meter, first_day, next_month) else { continue };
            month.push(MonthUse {
                period,
                meter: Some(meter.clone()),
                service_code: meter.service_code.clone(),
                unit: meter.unit,
                volume: used,
                basis: ChargeBasis::Meter,
                year_before: None,
            });
        }
        month.sort_by(|one, other| name(one).cmp(&name(other)));
        month
    }

    /// What a meter counted from its last reading before the month to its last reading in it. One that was installed in the
    /// month counts from its first reading.
    fn used(&self, meter: &meter::Model, first_day: NaiveDate, next_month: NaiveDate) -> Option<Quantity> {
        let series = || self.readings.iter().filter(|reading| reading.meter_id == meter.id);
        let is_new = meter.installed_on.is_some_and(|installed| installed >= first_day);
        let opening = series().next().filter(|_| is_new);
        let before = series().rfind(|reading| reading.taken_on < first_day).or(opening)?;
        let last = series().rfind(|reading| (first_day..next_month).contains(&reading.taken_on))?;
        volume(advance(meter.integer_digits, &values_of(before), &values_of(last)), meter.coefficient)
    }
}

/// The order within a month.
fn name(one: &MonthUse) -> (&str, &str, Option<MeterId>) {
    let meter = one.meter.as_ref();
    (&one.service_code, meter.map_or("", |meter| meter.name.as_str()), meter.map(|meter| meter.id))
}

/// Whether a line of the service charges what the meter counts, or one of its registers.
fn is_billed_by(meter: &meter::Model, service_code: &str) -> bool {
    let mut codes =
        Register::list(&meter.registers).into_iter().flat_map(|one| service_codes(&meter.service_code, one));
    codes.any(|code| code == service_code)
}

/// What a meter could count; a month's maintenance or an area is no consumption.
pub const fn is_measured(unit: Unit) -> bool {
    matches!(unit, Unit::CubicMetre | Unit::KilowattHour | Unit::Gigacalorie)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Days};
    use entity::enums::{ReadingSource, ReadingStatus};
    use entity::exact::Coefficient;
    use entity::ids::MeterReadingId;
    use proptest::prelude::*;
    use uuid::Uuid;

    const DIGITS: i16 = 4;

    fn meter(number: u128, installed_on: NaiveDate) -> meter::Model {
        meter::Model {
            id: MeterId(Uuid::from_u128(number)),
            personal_account_id: PersonalAccountId(Uuid::nil()),
            service_code: "gas".to_owned(),
            name: "Kitchen".to_owned(),
            serial_number: number.to_string(),
            model: None,
            unit: Unit::CubicMetre,
            registers: "SINGLE".to_owned(),
            integer_digits: DIGITS,
            fraction_digits: 3,
            coefficient: Coefficient::ONE,
            installed_on: Some(installed_on),
            verification_due_on: None,
            removed_on: None,
            seal_number: None,
            sealed_on: None,
            seal_broken_on: None,
            last_reading_id: None,
        }
    }

    fn reading(of: &meter::Model, number: u128, taken_on: NaiveDate, counted: i64) -> meter_reading::Model {
        let capacity = crate::metering::series::capacity(DIGITS).0;
        meter_reading::Model {
            id: MeterReadingId(Uuid::from_u128(number)),
            meter_id: of.id,
            personal_account_id: of.personal_account_id,
            taken_on,
            submitted_at: chrono::DateTime::UNIX_EPOCH,
            source: ReadingSource::Provider,
            status: ReadingStatus::Accepted,
            submitted_by: None,
            payment_id: None,
            value_single: Some(Quantity(counted.rem_euclid(capacity))),
            value_day: None,
            value_night: None,
            value_peak: None,
            consumption: None,
            history_withheld: false,
            warnings: String::new(),
        }
    }

    proptest! {
        /// A household reads its meter once a month; now and then the meter is replaced in the middle of one, with a closing
        /// and an opening reading. Counters begin anywhere and go past their end. What the months add up to is what flowed.
        #[test]
        fn consumption_is_unbroken_across_replacements_and_rollovers(
            starts in proptest::collection::vec(0_i64..99_999_999, 25),
            months in proptest::collection::vec((0_i64..9_000_000, 0_i64..9_000_000, any::<bool>()), 1..24),
        ) {
            let first: NaiveDate = "2024-01-25".parse().unwrap();
            let mut starts = starts.into_iter();
            let mut at = starts.next().unwrap();
            let mut meters = vec![meter(1, "2020-01-01".parse().unwrap())];
            let mut readings = vec![reading(&meters[0], 0, first, at)];
            let (mut flowed, mut period) = (0, YearMonth::of(first).next());
            for (number, (before, after, replaced)) in (1_u128..).zip(months) {
                let day = |day: u32| period.first_day().with_day(day).unwrap();
                at += before;
                if replaced {
                    let old = meters.last_mut().unwrap();
                    old.removed_on = Some(day(12));
                    readings.push(reading(old, number * 3, day(12), at));
                    at = starts.next().unwrap();
                    meters.push(meter(number + 1, day(12)));
                    readings.push(reading(meters.last().unwrap(), number * 3 + 1, day(12), at));
                }
                at += after;
                flowed += before + after;
                readings.push(reading(meters.last().unwrap(), number * 3 + 2, day(25), at));
                period = period.next();
            }
            let known = Known { meters, readings, lines: HashMap::new() };
            let last = period.first_day() - Days::new(1);
            let mut used = Quantity::ZERO;
            let mut month = YearMonth::of(first).next();
            while month.first_day() <= last {
                let of_month = known.month(PersonalAccountId(Uuid::nil()), month);
                prop_assert!(of_month.iter().all(|one| !one.volume.is_negative()));
                used += of_month.iter().map(|one| one.volume).sum::<Quantity>();
                month = month.next();
            }
            prop_assert_eq!(used, Quantity(flowed));
        }
    }
}
