//! When an autopay acts, and what it does when a payment came to nothing. Pure.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::enums::AutopayTrigger;
use entity::exact::Money;

/// In the morning of the day, in most of the country.
const HOUR: i64 = 6;

/// Never before the letter has had its time.
pub fn due_at(trigger: AutopayTrigger, now: DateTime<Utc>, due_on: NaiveDate, notice: TimeDelta) -> DateTime<Utc> {
    let earliest = now + notice;
    match trigger {
        AutopayTrigger::NewStatement => earliest,
        AutopayTrigger::DueDate => earliest.max(due_on.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(HOUR)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing is owed.
    Nothing,
    /// More is owed than may be taken at once.
    AboveCeiling,
    Pay(Money),
}

pub fn plan(owed: Money, ceiling: Money) -> Plan {
    match owed {
        owed if owed <= Money::ZERO => Plan::Nothing,
        owed if owed > ceiling => Plan::AboveCeiling,
        owed => Plan::Pay(owed),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Again(TimeDelta),
    GiveUp,
    /// It would never work again: the person must do something first.
    Pause,
}

/// `tries`: payments that came to nothing, this one included.
pub fn after_failure(reason: &str, tries: i32) -> Next {
    const FOR_EVER: [&str; 8] = [
        "card_expired",
        "permission_revoked",
        "invalid_card_number",
        "payment_method_restricted",
        "fraud_suspected",
        "country_forbidden",
        "identification_required",
        "invalid_request",
    ];
    match tries {
        _ if FOR_EVER.contains(&reason) => Next::Pause,
        1 => Next::Again(TimeDelta::days(1)),
        2 => Next::Again(TimeDelta::days(2)),
        _ => Next::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autopay_is_announced_in_time_and_takes_no_more_than_its_ceiling() {
        let now: DateTime<Utc> = "2026-06-02T09:00:00Z".parse().unwrap();
        let notice = TimeDelta::hours(48);
        let due = |trigger, day: &str| due_at(trigger, now, day.parse().unwrap(), notice).to_rfc3339();
        assert_eq!(due(AutopayTrigger::NewStatement, "2026-06-15"), "2026-06-04T09:00:00+00:00");
        assert_eq!(due(AutopayTrigger::DueDate, "2026-06-15"), "2026-06-15T06:00:00+00:00");
        assert_eq!(due(AutopayTrigger::DueDate, "2026-06-03"), "2026-06-04T09:00:00+00:00", "late, but announced");
        assert_eq!(plan(Money(0), Money(100)), Plan::Nothing);
        assert_eq!(plan(Money(100), Money(100)), Plan::Pay(Money(100)));
        assert_eq!(plan(Money(101), Money(100)), Plan::AboveCeiling);
    }

    #[test]
    fn what_may_work_later_is_tried_twice_more_and_what_never_will_pauses() {
        assert_eq!(after_failure("insufficient_funds", 1), Next::Again(TimeDelta::days(1)));
        assert_eq!(after_failure("insufficient_funds", 2), Next::Again(TimeDelta::days(2)));
        assert_eq!(after_failure("insufficient_funds", 3), Next::GiveUp);
        assert_eq!(after_failure("card_expired", 1), Next::Pause);
        assert_eq!(after_failure("something new", 1), Next::Again(TimeDelta::days(1)));
    }
}
