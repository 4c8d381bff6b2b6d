//! What the bank does, by the kopecks of the sum: a table for tests and for people who try things out.
//!
//! Of the creation: `.05` an error 500 after creating, once; `.06` 500 without creating, always; `.07` a reset connection after
//! creating, once; `.08` 202 first; `.09` 429 twice. Of the payment: `.01` insufficient funds, `.02` 3-D Secure failed, `.03`
//! expired, `.04` pending for ever, `.10` paid and half given back by the bank. Of the notifications: `.11` ten minutes late,
//! `.12` five times, `.13` none, `.14` an earlier state after the later one, `.15` another sum, `.16` an unknown payment,
//! `.17` another shop's, `.18` too large. `.19`: the fiscal receipt fails. Of a refund that a shop asks for: `.20` made ten minutes
//! later, `.21` given up ten minutes later. Any other sum: what the person chooses.

use chrono::TimeDelta;
use entity::exact::Money;
use serde::{Deserialize, Serialize};

/// How late a late notification is.
pub const DELAY: TimeDelta = TimeDelta::minutes(10);

/// A person's choice on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Card,
    Sbp,
    /// By card, and the bank tells of it ten minutes later.
    PayLate,
    Refuse,
    ThreeDSecureFailed,
    /// Neither paid nor refused; after an hour the bank cancels.
    Think,
}

impl Choice {
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "pay" => Some(Self::Card),
            "pay_sbp" => Some(Self::Sbp),
            "pay_late" => Some(Self::PayLate),
            "refuse" => Some(Self::Refuse),
            "three_d_secure_failed" => Some(Self::ThreeDSecureFailed),
            "think" => Some(Self::Think),
            _ => None,
        }
    }

    pub fn method(self) -> &'static str {
        if self == Self::Sbp { "sbp" } else { "bank_card" }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    Nothing,
    Paid,
    /// Two stages: paid when it is captured.
    Held,
    Canceled(&'static str),
}

/// СБП knows no two stages.
pub fn decide(amount: Money, choice: Choice, capture: bool, by_kopecks: bool) -> Decided {
    match choice {
        Choice::Refuse => return Decided::Canceled("general_decline"),
        Choice::ThreeDSecureFailed => return Decided::Canceled("3d_secure_failed"),
        Choice::Think => return Decided::Nothing,
        Choice::Card | Choice::Sbp | Choice::PayLate => {}
    }
    match kopecks(amount) {
        1 if by_kopecks => Decided::Canceled("insufficient_funds"),
        2 if by_kopecks => Decided::Canceled("3d_secure_failed"),
        3 if by_kopecks => Decided::Canceled("expired_on_confirmation"),
        4 if by_kopecks => Decided::Nothing,
        _ if capture || choice == Choice::Sbp => Decided::Paid,
        _ => Decided::Held,
    }
}

/// How a refund stands that a shop has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStanding {
    Pending,
    Succeeded,
    Canceled,
}

impl RefundStanding {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

pub fn refund_standing(amount: Money, age: TimeDelta) -> RefundStanding {
    match kopecks(amount) {
        20 | 21 if age < DELAY => RefundStanding::Pending,
        21 => RefundStanding::Canceled,
        _ => RefundStanding::Succeeded,
    }
}

/// The bank gives the refund up in the end.
pub fn comes_to_nothing(refund: Money) -> bool {
    kopecks(refund) == 21
}

pub fn stays_pending(amount: Money) -> bool {
    kopecks(amount) == 4
}

/// The fiscal receipt is never made.
pub fn loses_receipt(amount: Money) -> bool {
    kopecks(amount) == 19
}

pub fn gives_back_half(amount: Money) -> bool {
    kopecks(amount) == 10
}

/// What becomes of a creation, besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    Plain,
    /// It happens, and this is the answer.
    AnsweredWith(u16),
    Reset,
    /// It does not happen, and this is the answer.
    OnlyAnswered(u16),
}

/// `calls`: how often this key was sent, this time included.
pub fn creation(amount: Money, calls: i32) -> Creation {
    match (kopecks(amount), calls) {
        (5, 1) => Creation::AnsweredWith(500),
        (6, _) => Creation::OnlyAnswered(500),
        (7, 1) => Creation::Reset,
        (8, 1) => Creation::OnlyAnswered(202),
        (9, ..=2) => Creation::OnlyAnswered(429),
        _ => Creation::Plain,
    }
}

/// What a notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    True,
    /// `waiting_for_capture`, whatever came since.
    Earlier,
    WrongSum,
    UnknownPayment,
    OtherShop,
    TooLarge,
}

#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub after: TimeDelta,
    pub news: News,
}

const fn at_once(news: News) -> Planned {
    Planned { after: TimeDelta::zero(), news }
}

pub const PLAIN: &[Planned] = &[at_once(News::True)];
const LATE: &[Planned] = &[Planned { after: DELAY, news: News::True }];
const FIVE: &[Planned] = &[at_once(News::True); 5];
const REORDERED: &[Planned] = &[at_once(News::True), at_once(News::Earlier)];
const WRONG_SUM: &[Planned] = &[at_once(News::WrongSum)];
const UNKNOWN: &[Planned] = &[at_once(News::UnknownPayment)];
const OTHER_SHOP: &[Planned] = &[at_once(News::OtherShop)];
const TOO_LARGE: &[Planned] = &[at_once(News::TooLarge)];

pub fn notifications(amount: Money) -> &'static [Planned] {
    match kopecks(amount) {
        11 => LATE,
        12 => FIVE,
        13 => &[],
        14 => REORDERED,
        15 => WRONG_SUM,
        16 => UNKNOWN,
        17 => OTHER_SHOP,
        18 => TOO_LARGE,
        _ => PLAIN,
    }
}

fn kopecks(amount: Money) -> i64 {
    amount.0.rem_euclid(100)
}
