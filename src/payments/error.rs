//! Every way in which payments say no.

use entity::exact::Money;

use crate::metering::error::SubmissionRefusal;
use crate::platform::idempotency::KeyRefusal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckoutRefusal {
    NotConfirmed,
    AccountNotFound,
    /// Somebody else shares the account for looking at, not for paying.
    NotShared,
    /// The current debt was to be paid, and there is none.
    NothingOwed,
    AmountOutOfRange {
        least: Money,
        most: Money,
    },
    ReturnUrlMalformed,
    /// The acquirer must be told more of the provider than the provider has said.
    ProviderNotPayable,
    /// Another provider's account, one that was named before, one too many, or the acquirer is told of one account only.
    NotTogether,
    /// It is about the account that is paid at once with the first, counted from 0.
    Other {
        place: usize,
        refusal: Box<CheckoutRefusal>,
    },
    /// The key is empty or too long.
    KeyMalformed,
    /// The key was used with another input.
    KeyReused,
    /// The first call with this key is still running.
    KeyRunning,
    /// The readings that came along were refused, so nothing was done.
    Readings(SubmissionRefusal),
}

impl From<KeyRefusal> for CheckoutRefusal {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Reused => Self::KeyReused,
            KeyRefusal::Running => Self::KeyRunning,
        }
    }
}
