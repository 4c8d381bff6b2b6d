//! Every way in which metering says no.

use chrono::NaiveDate;
use entity::enums::Register;
use entity::exact::Quantity;

use crate::platform::idempotency::KeyRefusal;

/// One refused reading of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedReading {
    /// Place in the submission, from 0.
    pub index: usize,
    pub refusal: ReadingRefusal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadingRefusal {
    /// No such meter, or one of an account that is none of this person's business.
    MeterNotFound,
    /// Of an account that somebody else shares for looking at.
    NotShared,
    MeterRemoved,
    /// The same meter stands in the submission twice.
    MeterRepeated,
    FutureDate {
        today: NaiveDate,
    },
    /// Before the newest reading there is.
    BeforeLastReading {
        last: NaiveDate,
    },
    /// A register of the meter has no value, or there is a value for one that it has not.
    RegistersDiffer {
        expected: Vec<Register>,
    },
    Negative(Register),
    /// More digits before the point than the meter has.
    TooManyDigits {
        register: Register,
        integer_digits: i16,
    },
    /// More digits after the point than the meter has.
    TooManyFractionDigits {
        register: Register,
        fraction_digits: i16,
    },
    BelowPrevious {
        register: Register,
        previous: Quantity,
    },
    /// Below the last one, but plausible if the register went past its end: needs a confirmation.
    RolloverProposed {
        register: Register,
        previous: Quantity,
        consumption: Quantity,
    },
    /// The provider takes readings on these days of the month only.
    OutsideWindow {
        first_day: i16,
        last_day: i16,
    },
    /// The provider takes none of a meter whose verification has expired.
    VerificationExpired {
        expired_on: NaiveDate,
    },
    /// Nothing was used; the provider asks for a confirmation.
    ZeroConsumption,
    /// Needs a confirmation.
    UnusuallyHigh {
        consumption: Quantity,
        usual_most: Quantity,
        /// Of a month over the last 12; none without a history.
        usual_average: Option<Quantity>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmissionRefusal {
    NotConfirmed,
    /// Nothing was submitted.
    Empty,
    /// More readings at once than are taken.
    TooMany {
        most: usize,
    },
    /// The key was used with another submission.
    KeyReused,
    /// The first call with this key is still running.
    KeyRunning,
    KeyMalformed,
    Readings(Vec<RefusedReading>),
}

/// Why a reading was not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithdrawalRefusal {
    NotConfirmed,
    /// No such reading, or none that this person sent.
    NotFound,
    /// The account is shared to be looked at only.
    NotShared,
    /// The provider has it, or the reading window in which it came has ended.
    TooLate,
}

impl From<KeyRefusal> for SubmissionRefusal {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Reused => Self::KeyReused,
            KeyRefusal::Running => Self::KeyRunning,
        }
    }
}
