//! Every way in which payments say no.

use entity::exact::Money;

use crate::metering::error::SubmissionRefusal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckoutRefusal {
    NotConfirmed,
    AccountNotFound,
    /// The current debt was to be paid, and there is none.
    NothingOwed,
    AmountOutOfRange {
        least: Money,
        most: Money,
    },
    ReturnUrlMalformed,
    /// The key is empty or too long.
    KeyMalformed,
    /// The key was used with another input.
    KeyReused,
    /// The readings that came along were refused, so nothing was done.
    Readings(SubmissionRefusal),
}
