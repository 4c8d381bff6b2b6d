//! How far an app reaches that acts for a person: which accounts, and how far back.

use chrono::{DateTime, NaiveDate, Utc};
use entity::exact::YearMonth;
use entity::ids::{ClientGrantId, PersonalAccountId};

use super::Person;

/// Of one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub grant: ClientGrantId,
    /// No others are there.
    pub accounts: Vec<PersonalAccountId>,
    pub since: Since,
}

/// The first day of which anything is shown; none: everything is. Moments are held against its midnight in UTC, which every
/// time zone of Russia has behind it: rather some hours less than was granted than more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Since(pub Option<NaiveDate>);

impl Since {
    pub fn shows_day(self, day: NaiveDate) -> bool {
        self.0.is_none_or(|since| since <= day)
    }

    pub fn shows_moment(self, at: DateTime<Utc>) -> bool {
        self.moment().is_none_or(|since| since <= at)
    }

    /// A month is shown whole or not at all.
    pub fn shows_month(self, period: YearMonth) -> bool {
        self.shows_day(period.first_day())
    }

    pub fn moment(self) -> Option<DateTime<Utc>> {
        self.0.map(|since| since.and_time(chrono::NaiveTime::MIN).and_utc())
    }

    /// The first month that is shown.
    pub fn month(self) -> Option<YearMonth> {
        let since = self.0?;
        let month = YearMonth::of(since);
        Some(if self.shows_month(month) { month } else { month.next() })
    }
}

impl Person {
    /// Accounts that there are for who asks; none: all of the person's.
    pub fn only(&self) -> Option<&[PersonalAccountId]> {
        self.limits.as_ref().map(|limits| limits.accounts.as_slice())
    }

    pub fn reaches(&self, account: PersonalAccountId) -> bool {
        self.only().is_none_or(|accounts| accounts.contains(&account))
    }

    pub fn since(&self) -> Since {
        self.limits.as_ref().map(|limits| limits.since).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_is_not_shown_and_a_begun_month_is_none() {
        let since = |day: &str| Since(Some(day.parse().unwrap()));
        let from_june = since("2026-06-01");
        assert!(from_june.shows_day("2026-06-01".parse().unwrap()));
        assert!(!from_june.shows_day("2026-05-31".parse().unwrap()));
        assert!(from_june.shows_moment("2026-06-01T00:00:00Z".parse().unwrap()));
        assert!(!from_june.shows_moment("2026-05-31T23:59:59Z".parse().unwrap()));
        assert!(from_june.shows_month(YearMonth(202_606)) && !from_june.shows_month(YearMonth(202_605)));
        assert_eq!(from_june.month(), Some(YearMonth(202_606)));
        assert!(!since("2026-06-02").shows_month(YearMonth(202_606)));
        assert_eq!(since("2026-06-02").month(), Some(YearMonth(202_607)));
        assert!(Since::default().shows_month(YearMonth(190_001)));
    }
}
