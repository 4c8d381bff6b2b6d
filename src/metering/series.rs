//! What a meter showed one time after another. Pure.
//!
//! A reading counts unless it was withdrawn or rejected; one that was sent without sight of the history counts once the
//! provider has accepted it.

use chrono::{Datelike, Months, NaiveDate};
use entity::enums::{ReadingSource, ReadingStatus};
use entity::exact::Quantity;
use entity::ids::MeterReadingId;
use entity::{meter, meter_reading};

use super::reading_rules::{RegisterValue, values_of};

/// So far back an average looks.
pub const AVERAGE_MONTHS: u32 = 12;

pub const fn is_counted(reading: &meter_reading::Model) -> bool {
    match reading.status {
        ReadingStatus::Rejected | ReadingStatus::Withdrawn => false,
        ReadingStatus::Accepted | ReadingStatus::Billed => true,
        ReadingStatus::Submitted | ReadingStatus::Delivered => !reading.history_withheld,
    }
}

/// The first value that a register of so many digits cannot show.
pub fn capacity(integer_digits: i16) -> Quantity {
    let digits = integer_digits.clamp(1, 10).unsigned_abs();
    Quantity(10_i64.pow(u32::from(digits)).saturating_mul(Quantity::ONE.0))
}

/// What was used from one reading to a later one, over the registers that both have: a smaller value has gone past the
/// counter's end. Never negative.
pub fn advance(integer_digits: i16, before: &[RegisterValue], after: &[RegisterValue]) -> Quantity {
    let capacity = capacity(integer_digits).0;
    let used = after.iter().filter_map(|RegisterValue { register, value }| {
        let before = before.iter().find(|before| before.register == *register)?;
        Some(Quantity((value.0 - before.value.0).rem_euclid(capacity)))
    });
    used.sum()
}

/// The order of a series: the day, and of one day what came later. Ids begin with their time.
fn key(reading: &meter_reading::Model) -> (NaiveDate, MeterReadingId) {
    (reading.taken_on, reading.id)
}

/// The consumption of readings that have another one before them since `moved` began or ceased to count: their own and
/// that of the next. `counted` is every reading that counts now, in order. What a provider says of its own stays.
pub fn recounted(
    meters: &[meter::Model],
    counted: &[meter_reading::Model],
    moved: &[&meter_reading::Model],
) -> Vec<(MeterReadingId, Option<Quantity>)> {
    let mut recounted = Vec::new();
    for meter in meters {
        let series: Vec<_> = counted.iter().filter(|reading| reading.meter_id == meter.id).collect();
        let moved: Vec<_> = moved.iter().filter(|reading| reading.meter_id == meter.id).collect();
        let mut before: Option<&meter_reading::Model> = None;
        for reading in series {
            let from = before.map(key);
            let touched =
                moved.iter().any(|moved| key(moved) <= key(reading) && from.is_none_or(|from| from <= key(moved)));
            if touched && matches!(reading.source, ReadingSource::Cabinet | ReadingSource::Payment) {
                let used = before.map(|before| advance(meter.integer_digits, &values_of(before), &values_of(reading)));
                recounted.push((reading.id, used));
            }
            before = Some(reading);
        }
    }
    recounted
}

/// Months from day to day, begun ones not counted, at least one.
fn months_between(from: NaiveDate, to: NaiveDate) -> i64 {
    let number = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    (number(to) - number(from)).max(1)
}

/// What a month took on average over the 12 months up to the newest reading, rounded half up; none before there are two
/// readings. `counted` is in order.
pub fn average_month(meter: &meter::Model, counted: &[meter_reading::Model]) -> Option<Quantity> {
    let series: Vec<_> = counted.iter().filter(|reading| reading.meter_id == meter.id).collect();
    let newest = series.last()?.taken_on;
    let since = newest.checked_sub_months(Months::new(AVERAGE_MONTHS)).unwrap_or(newest);
    let series: Vec<_> = series.into_iter().filter(|reading| reading.taken_on >= since).collect();
    let pairs = series.iter().zip(series.iter().skip(1));
    let used: Quantity =
        pairs.map(|(before, after)| advance(meter.integer_digits, &values_of(before), &values_of(after))).sum();
    let (first, last) = (series.first()?, series.last()?);
    if first.id == last.id {
        return None;
    }
    let months = months_between(first.taken_on, last.taken_on);
    Some(Quantity((used.0 + months / 2) / months))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use entity::enums::{Register, Unit};
    use entity::exact::Coefficient;
    use entity::ids::{MeterId, PersonalAccountId};
    use proptest::prelude::*;
    use uuid::Uuid;

    const DIGITS: i16 = 5;

    fn meter() -> meter::Model {
        meter::Model {
            id: MeterId(Uuid::nil()),
            personal_account_id: PersonalAccountId(Uuid::nil()),
            service_code: "gas".to_owned(),
            name: "Kitchen".to_owned(),
            serial_number: "1".to_owned(),
            model: None,
            unit: Unit::CubicMetre,
            registers: "DAY,NIGHT".to_owned(),
            integer_digits: DIGITS,
            fraction_digits: 3,
            coefficient: Coefficient::ONE,
            installed_on: None,
            verification_due_on: None,
            removed_on: None,
            seal_number: None,
            sealed_on: None,
            seal_broken_on: None,
            last_reading_id: None,
        }
    }

    /// The reading of a day, with what its counters would show if they never went past their end.
    fn reading(number: u32, taken_on: NaiveDate, counted: [i64; 2]) -> meter_reading::Model {
        let capacity = capacity(DIGITS).0;
        meter_reading::Model {
            id: MeterReadingId(Uuid::from_u128(number.into())),
            meter_id: MeterId(Uuid::nil()),
            personal_account_id: PersonalAccountId(Uuid::nil()),
            taken_on,
            submitted_at: chrono::DateTime::UNIX_EPOCH,
            source: ReadingSource::Cabinet,
            status: ReadingStatus::Submitted,
            submitted_by: None,
            payment_id: None,
            value_single: None,
            value_day: Some(Quantity(counted[0] % capacity)),
            value_night: Some(Quantity(counted[1] % capacity)),
            value_peak: None,
            consumption: None,
            history_withheld: false,
            warnings: String::new(),
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_smaller_value_has_gone_past_the_counters_end() {
        let shows = |value: &str| [RegisterValue { register: Register::Single, value: value.parse().unwrap() }];
        assert_eq!(advance(5, &shows("99987"), &shows("12")).to_string(), "25");
        assert_eq!(advance(5, &shows("99999.999"), &shows("0.001")).to_string(), "0.002");
        assert_eq!(advance(5, &shows("7"), &shows("7")), Quantity::ZERO);
    }

    #[test]
    fn an_average_looks_back_twelve_months_and_is_rounded_half_up() {
        let unit = Quantity::ONE.0;
        let at = |number, taken_on, counted: i64| reading(number, day(taken_on), [counted * unit, 0]);
        let series =
            [at(1, "2025-01-20", 0), at(2, "2025-06-20", 1000), at(3, "2025-12-20", 1010), at(4, "2026-06-20", 1020)];
        assert_eq!(average_month(&meter(), &series).map(|average| average.to_string()).as_deref(), Some("1.6667"));
        assert_eq!(average_month(&meter(), &series[..1]), None, "one reading is no history");
        assert_eq!(average_month(&meter(), &[]), None);
        let in_one_month = [at(1, "2026-06-01", 0), at(2, "2026-06-20", 8)];
        assert_eq!(average_month(&meter(), &in_one_month), Some(Quantity(8 * unit)));
    }

    #[test]
    fn what_a_provider_says_of_its_own_readings_stays() {
        let own = meter_reading::Model { source: ReadingSource::Provider, ..reading(2, day("2026-06-01"), [500, 0]) };
        let withdrawn = reading(1, day("2026-05-01"), [100, 0]);
        assert_eq!(recounted(&[meter()], &[own], &[&withdrawn]), []);
    }

    proptest! {
        /// Rollovers, decimals and two registers: whatever is withdrawn, the rest is the whole way of the counters.
        #[test]
        fn consumption_stays_whole_and_never_negative_whatever_is_withdrawn(
            start in [0_i64..2_000_000_000, 0_i64..2_000_000_000],
            steps in proptest::collection::vec([0_i64..90_000_000, 0_i64..90_000_000], 2..10),
            days in proptest::collection::vec(0_u64..40, 10),
            withdrawn in proptest::collection::vec(any::<bool>(), 10),
        ) {
            let (mut counted, mut taken_on) = (start, day("2026-01-01"));
            let mut series = vec![reading(0, taken_on, counted)];
            for (number, (step, days)) in (1..).zip(steps.iter().zip(&days)) {
                counted = [counted[0] + step[0], counted[1] + step[1]];
                taken_on = taken_on + Days::new(*days);
                let mut next = reading(number, taken_on, counted);
                let before = values_of(series.last().unwrap());
                next.consumption = Some(advance(DIGITS, &before, &values_of(&next)));
                series.push(next);
            }
            let mut end = start;
            // One by one, as people do it; the first stays.
            for (number, is_withdrawn) in withdrawn.iter().enumerate().take(series.len()).skip(1) {
                if !is_withdrawn { continue; }
                let id = MeterReadingId(Uuid::from_u128(u128::try_from(number).unwrap()));
                let at = series.iter().position(|reading| reading.id == id).unwrap();
                let gone = series.remove(at);
                for (id, used) in recounted(&[meter()], &series, &[&gone]) {
                    series.iter_mut().find(|reading| reading.id == id).unwrap().consumption = used;
                }
            }
            for (step, number) in steps.iter().zip(1_u32..) {
                let reached = [end[0] + step[0], end[1] + step[1]];
                end = reached;
                let last = series.last().unwrap();
                if last.id == MeterReadingId(Uuid::from_u128(number.into())) { break; }
            }
            if series.len() == 1 { end = start; }
            let used: Vec<_> = series.iter().skip(1).map(|reading| reading.consumption.unwrap()).collect();
            prop_assert!(used.iter().all(|used| !used.is_negative()));
            let whole = Quantity(end[0] - start[0] + end[1] - start[1]);
            prop_assert_eq!(used.into_iter().sum::<Quantity>(), whole);
        }
    }
}
