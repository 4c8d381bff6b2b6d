//! Which readings are taken. Pure: a meter, its newest reading and a new one.

use chrono::{Datelike, NaiveDate};
use entity::enums::{ExpiredVerification, LateReadings, ReadingWarning, Register, ZeroConsumption};
use entity::exact::Quantity;
use entity::meter_reading;

use super::error::ReadingRefusal;
use super::series::{advance, capacity};

/// What a register showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterValue {
    pub register: Register,
    pub value: Quantity,
}

/// What the rules need to know of a meter, and of what held at its provider on the day of the reading.
#[derive(Clone, Debug)]
pub struct MeterRules {
    pub registers: Vec<Register>,
    pub integer_digits: i16,
    pub fraction_digits: i16,
    pub removed_on: Option<NaiveDate>,
    pub verification_due_on: Option<NaiveDate>,
    /// The day on which a seal was found broken.
    pub seal_broken_on: Option<NaiveDate>,
    /// First and last day of month on which a reading counts for the month.
    pub window: Option<(i16, i16)>,
    pub late_readings: LateReadings,
    /// Consumption of a month above which a confirmation is asked.
    pub usual_monthly_maximum: Option<Quantity>,
    pub zero_consumption: ZeroConsumption,
    pub rollover_allowed: bool,
    pub expired_verification: ExpiredVerification,
    /// Whoever reads may not see the readings before, which prove access to the account. Then nothing is compared with
    /// them: by "too low" alone the last one is found in seventeen tries.
    pub history_withheld: bool,
}

#[derive(Clone, Debug)]
pub struct LastReading {
    pub taken_on: NaiveDate,
    pub values: Vec<RegisterValue>,
}

#[derive(Clone, Debug)]
pub struct NewReading {
    pub taken_on: NaiveDate,
    pub values: Vec<RegisterValue>,
    /// The person has seen the warnings and means it.
    pub confirmed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Over all registers, before any coefficient; none when there is no reading before.
    pub consumption: Option<Quantity>,
    pub warnings: Vec<ReadingWarning>,
}

/// Takes a reading or says why not, of every register; never a negative consumption.
pub fn check(
    meter: &MeterRules,
    last: Option<&LastReading>,
    new: &NewReading,
    today: NaiveDate,
) -> Result<Taken, Vec<ReadingRefusal>> {
    let last = last.filter(|_| !meter.history_withheld);
    check_dates(meter, last, new, today).map_err(|refusal| vec![refusal])?;
    check_state(meter, new).map_err(|refusal| vec![refusal])?;
    check_digits(meter, new)?;
    let mut warnings = Vec::new();
    let consumption = match last {
        Some(last) => Some(consumption(meter, last, new, &mut warnings)?),
        None => None,
    };
    if consumption == Some(Quantity::ZERO) && meter.zero_consumption == ZeroConsumption::Confirm && !new.confirmed {
        return Err(vec![ReadingRefusal::ZeroConsumption]);
    }
    warnings.extend(passing_warnings(meter, new, consumption));
    Ok(Taken { consumption, warnings })
}

fn check_dates(
    meter: &MeterRules,
    last: Option<&LastReading>,
    new: &NewReading,
    today: NaiveDate,
) -> Result<(), ReadingRefusal> {
    if new.taken_on > today {
        return Err(ReadingRefusal::FutureDate { today });
    }
    if meter.removed_on.is_some_and(|removed| removed <= new.taken_on) {
        return Err(ReadingRefusal::MeterRemoved);
    }
    match last {
        Some(last) if last.taken_on > new.taken_on => Err(ReadingRefusal::BeforeLastReading { last: last.taken_on }),
        _ => Ok(()),
    }
}

/// What a provider may refuse because of the day.
fn check_state(meter: &MeterRules, new: &NewReading) -> Result<(), ReadingRefusal> {
    match (outside_window(meter, new), expired_on(meter, new)) {
        (Some((first_day, last_day)), _) if meter.late_readings == LateReadings::Refused => {
            Err(ReadingRefusal::OutsideWindow { first_day, last_day })
        }
        (_, Some(expired_on)) if meter.expired_verification == ExpiredVerification::Refused => {
            Err(ReadingRefusal::VerificationExpired { expired_on })
        }
        _ => Ok(()),
    }
}

/// The window that a reading misses.
fn outside_window(meter: &MeterRules, new: &NewReading) -> Option<(i16, i16)> {
    let day = i16::try_from(new.taken_on.day()).unwrap_or_default();
    meter.window.filter(|&(first, last)| {
        // First above last, from the 25th to the 5th: across the month's end.
        if first <= last { day < first || day > last } else { last < day && day < first }
    })
}

/// The end of the meter's verification, if that was before the reading.
fn expired_on(meter: &MeterRules, new: &NewReading) -> Option<NaiveDate> {
    meter.verification_due_on.filter(|due| *due < new.taken_on)
}

fn check_digits(meter: &MeterRules, new: &NewReading) -> Result<(), Vec<ReadingRefusal>> {
    let has = |register: &Register| new.values.iter().filter(|given| given.register == *register).count() == 1;
    if new.values.len() != meter.registers.len() || !meter.registers.iter().all(has) {
        return Err(vec![ReadingRefusal::RegistersDiffer { expected: meter.registers.clone() }]);
    }
    let (capacity, step) = (capacity(meter.integer_digits), smallest_step(meter));
    let wrong = |RegisterValue { register, value }: &RegisterValue| {
        let register = *register;
        if value.is_negative() {
            Some(ReadingRefusal::Negative(register))
        } else if *value >= capacity {
            Some(ReadingRefusal::TooManyDigits { register, integer_digits: meter.integer_digits })
        } else if value.0 % step != 0 {
            Some(ReadingRefusal::TooManyFractionDigits { register, fraction_digits: meter.fraction_digits })
        } else {
            None
        }
    };
    let wrong: Vec<_> = new.values.iter().filter_map(wrong).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn consumption(
    meter: &MeterRules,
    last: &LastReading,
    new: &NewReading,
    warnings: &mut Vec<ReadingWarning>,
) -> Result<Quantity, Vec<ReadingRefusal>> {
    let most = plausible_most(meter, last, new);
    let mut refused = Vec::new();
    let mut rolled_over = false;
    for given @ RegisterValue { register, value } in &new.values {
        let Some(before) = last.values.iter().find(|before| before.register == *register) else { continue };
        if *value >= before.value {
            continue;
        }
        rolled_over = true;
        let (register, previous) = (*register, before.value);
        let consumption = advance(meter.integer_digits, &[*before], &[*given]);
        // Without a usual maximum, a fifth of the counter's range is as much as anybody believes.
        let plausible = consumption <= most.unwrap_or(Quantity(capacity(meter.integer_digits).0 / 5));
        if !plausible || !meter.rollover_allowed {
            refused.push(ReadingRefusal::BelowPrevious { register, previous });
        } else if !new.confirmed {
            refused.push(ReadingRefusal::RolloverProposed { register, previous, consumption });
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    if rolled_over {
        warnings.push(ReadingWarning::RolloverProposed);
    }
    let total = advance(meter.integer_digits, &last.values, &new.values);
    match most {
        Some(usual_most) if total > usual_most && !new.confirmed => {
            Err(vec![ReadingRefusal::UnusuallyHigh { consumption: total, usual_most, usual_average: None }])
        }
        Some(usual_most) if total > usual_most => {
            warnings.push(ReadingWarning::UnusuallyHigh);
            Ok(total)
        }
        _ => Ok(total),
    }
}

/// The provider's monthly maximum for every month, begun ones included, since the last reading.
fn plausible_most(meter: &MeterRules, last: &LastReading, new: &NewReading) -> Option<Quantity> {
    let month_number = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    let months = month_number(new.taken_on) - month_number(last.taken_on) + 1;
    meter.usual_monthly_maximum.map(|monthly| Quantity(monthly.0.saturating_mul(months)))
}

/// Warnings that need no confirmation: the reading is taken, the person is told.
fn passing_warnings(meter: &MeterRules, new: &NewReading, consumption: Option<Quantity>) -> Vec<ReadingWarning> {
    let expired = expired_on(meter, new).is_some() && meter.expired_verification != ExpiredVerification::Counted;
    [
        (consumption == Some(Quantity::ZERO), ReadingWarning::ZeroConsumption),
        (outside_window(meter, new).is_some(), ReadingWarning::OutsideWindow),
        (expired, ReadingWarning::VerificationExpired),
        (meter.seal_broken_on.is_some_and(|broken| broken <= new.taken_on), ReadingWarning::SealBroken),
    ]
    .into_iter()
    .filter_map(|(applies, warning)| applies.then_some(warning))
    .collect()
}

/// The last digit of the register, in ten-thousandths.
fn smallest_step(meter: &MeterRules) -> i64 {
    let digits = u32::from(meter.fraction_digits.clamp(0, 4).unsigned_abs());
    10_i64.pow(Quantity::SCALE - digits)
}

/// The values of a stored reading by register.
pub fn values_of(reading: &meter_reading::Model) -> Vec<RegisterValue> {
    let columns = [
        (Register::Single, reading.value_single),
        (Register::Day, reading.value_day),
        (Register::Night, reading.value_night),
        (Register::Peak, reading.value_peak),
    ];
    columns.into_iter().filter_map(|(register, value)| value.map(|value| RegisterValue { register, value })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn meter() -> MeterRules {
        MeterRules {
            registers: vec![Register::Single],
            integer_digits: 5,
            fraction_digits: 3,
            removed_on: None,
            verification_due_on: None,
            seal_broken_on: None,
            window: None,
            late_readings: LateReadings::NextBill,
            usual_monthly_maximum: Some("500".parse().unwrap()),
            zero_consumption: ZeroConsumption::Taken,
            rollover_allowed: true,
            expired_verification: ExpiredVerification::NotCounted,
            history_withheld: false,
        }
    }

    fn single(value: &str) -> Vec<RegisterValue> {
        vec![RegisterValue { register: Register::Single, value: value.parse().unwrap() }]
    }

    fn after(last: &str, new: &str, confirmed: bool) -> Result<Taken, Vec<ReadingRefusal>> {
        let last = LastReading { taken_on: day("2026-05-20"), values: single(last) };
        let new = NewReading { taken_on: day("2026-06-20"), values: single(new), confirmed };
        check(&meter(), Some(&last), &new, day("2026-06-21"))
    }

    #[test]
    fn consumption_is_the_difference_to_the_last_reading() {
        let taken = after("27927", "27950.5", false).unwrap();
        assert_eq!(taken, Taken { consumption: Some("23.5".parse().unwrap()), warnings: vec![] });
    }

    #[test]
    fn below_the_last_reading_is_refused() {
        let previous = "27927".parse().unwrap();
        assert_eq!(
            after("27927", "27926", true),
            Err(vec![ReadingRefusal::BelowPrevious { register: Register::Single, previous }])
        );
    }

    #[test]
    fn a_rollover_is_proposed_and_taken_when_confirmed() {
        let consumption = "25".parse().unwrap();
        let previous = "99987".parse().unwrap();
        let proposed = ReadingRefusal::RolloverProposed { register: Register::Single, previous, consumption };
        assert_eq!(after("99987", "12", false), Err(vec![proposed]));
        let taken = after("99987", "12", true).unwrap();
        assert_eq!(taken.consumption, Some(consumption));
        assert_eq!(taken.warnings, [ReadingWarning::RolloverProposed]);
    }

    #[test]
    fn more_digits_than_the_meter_has_are_refused() {
        let digits = ReadingRefusal::TooManyDigits { register: Register::Single, integer_digits: 5 };
        assert_eq!(after("1", "100000", true), Err(vec![digits]));
        let fraction = ReadingRefusal::TooManyFractionDigits { register: Register::Single, fraction_digits: 3 };
        assert_eq!(after("1", "2.0001", true), Err(vec![fraction]));
    }

    #[test]
    fn far_above_the_usual_needs_a_confirmation() {
        // May and June: twice the monthly maximum.
        let (consumption, usual_most) = ("1000.001".parse().unwrap(), "1000".parse().unwrap());
        let high = ReadingRefusal::UnusuallyHigh { consumption, usual_most, usual_average: None };
        assert_eq!(after("0", "1000.001", false), Err(vec![high]));
        assert_eq!(after("0", "1000.001", true).unwrap().warnings, [ReadingWarning::UnusuallyHigh]);
        assert_eq!(after("0", "1000", false).unwrap().warnings, []);
    }

    #[test]
    fn where_history_is_withheld_the_answer_does_not_depend_on_it() {
        let rules = MeterRules { history_withheld: true, ..meter() };
        let last = LastReading { taken_on: day("2026-06-20"), values: single("50000") };
        for (value, taken_on) in
            [("0", "2026-06-20"), ("50000", "2026-06-20"), ("99999", "2026-06-20"), ("1", "2026-06-19")]
        {
            let new = NewReading { taken_on: day(taken_on), values: single(value), confirmed: false };
            let known = check(&rules, Some(&last), &new, day("2026-06-21"));
            assert_eq!(known, check(&rules, None, &new, day("2026-06-21")), "{value} on {taken_on}");
            assert_eq!(known, Ok(Taken { consumption: None, warnings: vec![] }));
        }
    }

    #[test]
    fn dates_in_the_future_or_before_the_last_reading_are_refused() {
        let reading = |taken_on| NewReading { taken_on: day(taken_on), values: single("5"), confirmed: true };
        let today = day("2026-06-21");
        assert_eq!(
            check(&meter(), None, &reading("2026-06-22"), today),
            Err(vec![ReadingRefusal::FutureDate { today }])
        );
        let last = LastReading { taken_on: day("2026-06-10"), values: single("1") };
        let before = ReadingRefusal::BeforeLastReading { last: last.taken_on };
        assert_eq!(check(&meter(), Some(&last), &reading("2026-06-09"), today), Err(vec![before]));
    }

    #[test]
    fn an_expired_verification_is_told_and_a_removed_meter_refused() {
        let reading = NewReading { taken_on: day("2026-06-20"), values: single("5"), confirmed: false };
        let expired = MeterRules { verification_due_on: Some(day("2026-06-19")), window: Some((21, 25)), ..meter() };
        let taken = check(&expired, None, &reading, day("2026-06-21")).unwrap();
        assert_eq!(taken.warnings, [ReadingWarning::OutsideWindow, ReadingWarning::VerificationExpired]);
        let unsealed = MeterRules { seal_broken_on: Some(day("2026-06-20")), ..meter() };
        let taken = check(&unsealed, None, &reading, day("2026-06-21")).unwrap();
        assert_eq!(taken.warnings, [ReadingWarning::SealBroken]);
        let removed = MeterRules { removed_on: Some(day("2026-06-01")), ..meter() };
        assert_eq!(check(&removed, None, &reading, day("2026-06-21")), Err(vec![ReadingRefusal::MeterRemoved]));
    }

    #[test]
    fn a_window_may_run_across_the_end_of_the_month() {
        let meter = MeterRules { window: Some((25, 5)), ..meter() };
        let warnings = |taken_on| {
            let reading = NewReading { taken_on: day(taken_on), values: single("5"), confirmed: false };
            check(&meter, None, &reading, day("2026-07-01")).unwrap().warnings
        };
        for inside in ["2026-06-25", "2026-06-30", "2026-06-01", "2026-06-05"] {
            assert_eq!(warnings(inside), [], "{inside}");
        }
        for outside in ["2026-06-06", "2026-06-24"] {
            assert_eq!(warnings(outside), [ReadingWarning::OutsideWindow], "{outside}");
        }
    }

    #[test]
    fn what_a_provider_does_not_take_is_refused() {
        let reading = |value, confirmed| NewReading { taken_on: day("2026-06-20"), values: single(value), confirmed };
        let today = day("2026-06-21");
        let strict = MeterRules { window: Some((21, 25)), late_readings: LateReadings::Refused, ..meter() };
        let outside = ReadingRefusal::OutsideWindow { first_day: 21, last_day: 25 };
        assert_eq!(check(&strict, None, &reading("5", true), today), Err(vec![outside]));
        let expired_on = day("2026-06-19");
        let expired = MeterRules { verification_due_on: Some(expired_on), ..meter() };
        let with = |expired_verification| MeterRules { expired_verification, ..expired.clone() };
        let refused = check(&with(ExpiredVerification::Refused), None, &reading("5", true), today);
        assert_eq!(refused, Err(vec![ReadingRefusal::VerificationExpired { expired_on }]));
        let counted = check(&with(ExpiredVerification::Counted), None, &reading("5", false), today);
        assert_eq!(counted.unwrap().warnings, []);
        let last = LastReading { taken_on: day("2026-05-20"), values: single("99987") };
        let asks = MeterRules { zero_consumption: ZeroConsumption::Confirm, ..meter() };
        let zero = check(&asks, Some(&last), &reading("99987", false), today);
        assert_eq!(zero, Err(vec![ReadingRefusal::ZeroConsumption]));
        let confirmed = check(&asks, Some(&last), &reading("99987", true), today).unwrap();
        assert_eq!(confirmed.warnings, [ReadingWarning::ZeroConsumption]);
        let stops = MeterRules { rollover_allowed: false, ..meter() };
        let previous = "99987".parse().unwrap();
        let below = ReadingRefusal::BelowPrevious { register: Register::Single, previous };
        assert_eq!(check(&stops, Some(&last), &reading("12", true), today), Err(vec![below]));
    }

    #[test]
    fn every_register_of_a_meter_is_wanted_once() {
        let two = MeterRules { registers: vec![Register::Day, Register::Night], ..meter() };
        let reading = NewReading { taken_on: day("2026-06-20"), values: single("5"), confirmed: false };
        let expected = ReadingRefusal::RegistersDiffer { expected: two.registers.clone() };
        assert_eq!(check(&two, None, &reading, day("2026-06-21")), Err(vec![expected]));
    }

    #[test]
    fn every_register_that_is_wrong_is_named() {
        let values = |day, night| {
            let value = |register, text: &str| RegisterValue { register, value: text.parse().unwrap() };
            vec![value(Register::Day, day), value(Register::Night, night)]
        };
        let two = MeterRules { registers: vec![Register::Day, Register::Night], ..meter() };
        let last = LastReading { taken_on: day("2026-05-20"), values: values("99990", "500") };
        let new = NewReading { taken_on: day("2026-06-20"), values: values("3", "400"), confirmed: false };
        let refused = check(&two, Some(&last), &new, day("2026-06-21")).unwrap_err();
        let named: Vec<_> = refused
            .iter()
            .map(|refusal| match refusal {
                ReadingRefusal::RolloverProposed { register, .. } => ("rollover", *register),
                ReadingRefusal::BelowPrevious { register, .. } => ("below", *register),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(named, [("rollover", Register::Day), ("below", Register::Night)]);
        let wrong = NewReading { values: values("-1", "100000"), ..new };
        assert_eq!(check(&two, Some(&last), &wrong, day("2026-06-21")).unwrap_err().len(), 2);
    }

    proptest! {
        #[test]
        fn decimals_are_taken_exactly_and_as_far_as_the_meter_shows_them(
            fraction_digits in 0_i16..=4,
            last in 0_i64..50_000,
            more in 0_i64..1_000_000,
        ) {
            let meter = MeterRules { fraction_digits, usual_monthly_maximum: None, ..meter() };
            let step = 10_i64.pow(u32::from((4 - fraction_digits).unsigned_abs()));
            let values = |value| vec![RegisterValue { register: Register::Single, value: Quantity(value) }];
            let before = LastReading { taken_on: day("2026-05-20"), values: values(last * step) };
            let new = NewReading { taken_on: day("2026-06-20"), values: values(last * step + more), confirmed: true };
            match check(&meter, Some(&before), &new, day("2026-06-21")) {
                Ok(taken) => {
                    prop_assert_eq!(more % step, 0);
                    prop_assert_eq!(taken.consumption, Some(Quantity(more)));
                }
                Err(refused) => {
                    prop_assert!(more % step != 0);
                    let expected = ReadingRefusal::TooManyFractionDigits { register: Register::Single, fraction_digits };
                    prop_assert_eq!(refused, vec![expected]);
                }
            }
        }

        #[test]
        fn consumption_is_never_negative_and_adds_up_round_the_counter(last in 0_i64..1_000_000_000, new in 0_i64..1_000_000_000) {
            let values = |value| vec![RegisterValue { register: Register::Single, value: Quantity(value / 10 * 10) }];
            let before = LastReading { taken_on: day("2026-05-20"), values: values(last) };
            let reading = NewReading { taken_on: day("2026-06-20"), values: values(new), confirmed: true };
            if let Ok(taken) = check(&meter(), Some(&before), &reading, day("2026-06-21")) {
                let consumption = taken.consumption.unwrap();
                prop_assert!(!consumption.is_negative());
                prop_assert_eq!((before.values[0].value.0 + consumption.0) % capacity(meter().integer_digits).0, reading.values[0].value.0);
            }
        }
    }
}
