//! The months of the demo data.

use chrono::{DateTime, Datelike, Duration, FixedOffset, NaiveDate, NaiveTime, Utc};
use entity::exact::YearMonth;

/// `months` billing periods that end with the one before `until`.
pub fn periods(until: YearMonth, months: u32) -> Vec<YearMonth> {
    let mut periods: Vec<_> =
        std::iter::successors(Some(until.previous()), |period| Some(period.previous())).take(months as usize).collect();
    periods.reverse();
    periods
}

/// The day of the month, or the last one it has.
pub fn day_of(period: YearMonth, day: u32) -> NaiveDate {
    let first = period.first_day();
    first.with_day(day).unwrap_or_else(|| last_day(period))
}

pub fn last_day(period: YearMonth) -> NaiveDate {
    period.next().first_day() - Duration::days(1)
}

pub fn month_of(period: YearMonth) -> u32 {
    period.first_day().month()
}

/// The 10th of the next month, since 2026-03-01 the 15th.
pub fn due_on(period: YearMonth) -> NaiveDate {
    let next = period.next();
    day_of(next, if next >= YearMonth(202_603) { 15 } else { 10 })
}

/// `hour` o'clock on the first of the month, where the provider is.
pub fn first_morning(period: YearMonth, hour: u32, time_zone_minutes: i16) -> DateTime<FixedOffset> {
    let offset = FixedOffset::east_opt(i32::from(time_zone_minutes) * 60);
    let local = period.first_day().and_time(NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default());
    let utc = local - Duration::minutes(time_zone_minutes.into());
    match offset {
        Some(offset) => utc.and_utc().with_timezone(&offset),
        None => local.and_utc().fixed_offset(),
    }
}

/// When the bill of a period is issued: 6 o'clock on the first day after it.
pub fn issued_at(period: YearMonth, time_zone_minutes: i16) -> DateTime<Utc> {
    first_morning(period.next(), 6, time_zone_minutes).to_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_before_the_current_month() {
        assert_eq!(periods(YearMonth(202_602), 3), [YearMonth(202_511), YearMonth(202_512), YearMonth(202_601)]);
    }

    #[test]
    fn the_due_date_moved_on_the_first_of_march_2026() {
        assert_eq!(due_on(YearMonth(202_601)).to_string(), "2026-02-10");
        assert_eq!(due_on(YearMonth(202_602)).to_string(), "2026-03-15");
    }

    #[test]
    fn bills_are_issued_in_the_morning_of_the_provider() {
        assert_eq!(issued_at(YearMonth(202_606), 420).to_string(), "2026-06-30 23:00:00 UTC");
        assert_eq!(first_morning(YearMonth(202_607), 8, 180).to_rfc3339(), "2026-07-01T08:00:00+03:00");
    }
}
