//! When an autopay acts, and what it does when a payment came to nothing. Pure.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::enums::AutopayTrigger;
use entity::exact::{Money, YearMonth};

use crate::payments::state::ENDED_BY_OPERATOR;

/// In the morning of the day, in most of the country.
const HOUR: i64 = 6;

/// How long another payment of the account that is under way is waited for: longer than any has been open, unless its acquirer is away.
pub const WAIT_FOR_OTHERS: TimeDelta = TimeDelta::days(3);

/// Whether a statement is one to act on: it came after the autopay was set, or is still to be paid by its day.
pub fn counts(
    trigger: AutopayTrigger,
    bill: (YearMonth, NaiveDate),
    after: Option<YearMonth>,
    today: NaiveDate,
) -> bool {
    let (period, due_on) = bill;
    after.is_none_or(|after| period > after) || (trigger == AutopayTrigger::DueDate && due_on >= today)
}

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
    /// Too little is owed for a payment.
    Nothing,
    /// More is owed than may be taken at once.
    AboveCeiling,
    Pay(Money),
}

/// `commission` comes on top of what is owed, and is held against the ceiling with it.
pub fn plan(owed: Money, commission: Money, (least, ceiling): (Money, Money)) -> Plan {
    match owed {
        owed if owed < least => Plan::Nothing,
        owed if owed + commission > ceiling => Plan::AboveCeiling,
        owed => Plan::Pay(owed),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Too little is owed for a payment.
    Nothing,
    AboveCeiling,
    Take {
        amount: Money,
        commission: Money,
    },
}

/// What is taken when the day has come: what is `owed` now, and never more than was `announced`, of either part.
pub fn charge(
    owed: Money,
    announced: (Money, Money),
    commission: impl Fn(Money) -> Money,
    (least, ceiling): (Money, Money),
) -> Charge {
    let amount = owed.min(announced.0);
    if amount < least {
        return Charge::Nothing;
    }
    let commission = commission(amount).min(announced.1);
    if amount + commission > ceiling { Charge::AboveCeiling } else { Charge::Take { amount, commission } }
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
        // The shop may not charge without the payer.
        "forbidden",
        "card_expired",
        "permission_revoked",
        "invalid_card_number",
        "payment_method_restricted",
        "fraud_suspected",
        "country_forbidden",
        "identification_required",
    ];
    match tries {
        _ if FOR_EVER.contains(&reason) => Next::Pause,
        // Its money may come all the same.
        _ if reason == ENDED_BY_OPERATOR => Next::GiveUp,
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
        let plan = |owed, commission| plan(Money(owed), Money(commission), (Money(10), Money(100)));
        assert_eq!(plan(0, 5), Plan::Nothing);
        assert_eq!(plan(9, 5), Plan::Nothing, "no payment is so small");
        assert_eq!(plan(100, 0), Plan::Pay(Money(100)));
        assert_eq!(plan(101, 0), Plan::AboveCeiling);
        assert_eq!(plan(99, 2), Plan::AboveCeiling, "with what comes on top");
    }

    #[test]
    fn what_is_taken_is_what_is_owed_now_and_in_no_part_more_than_was_announced() {
        let charge = |owed, announced: (i64, i64), ceiling| {
            let announced = (Money(announced.0), Money(announced.1));
            charge(Money(owed), announced, |amount| Money(amount.0 / 10), (Money(10), Money(ceiling)))
        };
        let take = |amount, commission| Charge::Take { amount: Money(amount), commission: Money(commission) };
        assert_eq!(charge(100, (100, 10), 110), take(100, 10));
        assert_eq!(charge(50, (100, 10), 110), take(50, 5), "somebody has paid");
        assert_eq!(charge(200, (100, 10), 110), take(100, 10));
        assert_eq!(charge(100, (100, 3), 110), take(100, 3), "the commission was raised since");
        assert_eq!(charge(9, (100, 10), 110), Charge::Nothing);
        assert_eq!(charge(100, (100, 10), 109), Charge::AboveCeiling, "the ceiling was lowered since");
    }

    #[test]
    fn a_statement_counts_that_came_after_the_autopay_or_is_still_to_be_paid() {
        let counts = |trigger, period, due_on: &str| {
            let bill = (YearMonth(period), due_on.parse().unwrap());
            counts(trigger, bill, Some(YearMonth(202_605)), "2026-07-10".parse().unwrap())
        };
        assert!(counts(AutopayTrigger::NewStatement, 202_606, "2026-07-05"), "however late it came");
        assert!(!counts(AutopayTrigger::NewStatement, 202_605, "2026-07-15"));
        assert!(counts(AutopayTrigger::DueDate, 202_605, "2026-07-10"));
        assert!(!counts(AutopayTrigger::DueDate, 202_605, "2026-07-09"));
        assert!(counts(AutopayTrigger::DueDate, 202_606, "2026-07-09"));
    }

    #[test]
    fn what_may_work_later_is_tried_twice_more_and_what_never_will_pauses() {
        assert_eq!(after_failure("insufficient_funds", 1), Next::Again(TimeDelta::days(1)));
        assert_eq!(after_failure("insufficient_funds", 2), Next::Again(TimeDelta::days(2)));
        assert_eq!(after_failure("insufficient_funds", 3), Next::GiveUp);
        assert_eq!(after_failure("card_expired", 1), Next::Pause);
        assert_eq!(after_failure("forbidden", 1), Next::Pause);
        assert_eq!(after_failure(ENDED_BY_OPERATOR, 1), Next::GiveUp);
        assert_eq!(after_failure("something new", 1), Next::Again(TimeDelta::days(1)));
    }
}
