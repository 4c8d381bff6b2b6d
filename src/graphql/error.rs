//! The two layers of errors: `userErrors` for what a form shows, top-level errors with a closed list of codes for the rest.

mod catalogue;
mod code;
mod text;
mod top;

use async_graphql::{ErrorExtensions, Interface, SimpleObject};
use entity::enums::Locale;

use super::enums::Register;
use super::scalars::Decimal;
use crate::kernel::{Entropy, Fault};
use crate::platform::telemetry::RequestId;

pub use catalogue::catalogue;
pub use code::ErrorCode;
pub use top::TopCode;

/// What no form shows. Neither `Display` nor a conversion from database errors: nothing internal reaches a client.
#[derive(Clone, Debug)]
pub enum TopError {
    Unauthenticated,
    /// The person's address is not confirmed.
    NotConfirmed,
    /// Only providers' own programs may.
    NotForPeople,
    BadInput(String),
    /// What followed the cursor is not kept any more.
    CursorTooOld,
    Fault(Fault),
}

impl From<Fault> for TopError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<TopError> for async_graphql::Error {
    fn from(error: TopError) -> Self {
        let (code, message) = match error {
            TopError::Unauthenticated => (TopCode::Unauthenticated, "Sign in first.".to_owned()),
            TopError::NotConfirmed => (TopCode::Forbidden, "Confirm the e-mail address first.".to_owned()),
            TopError::NotForPeople => (TopCode::Forbidden, "This is for providers' own programs.".to_owned()),
            TopError::CursorTooOld => (TopCode::CursorTooOld, TOO_OLD.to_owned()),
            TopError::BadInput(message) => (TopCode::BadInput, message),
            TopError::Fault(Fault::Unavailable(cause) | Fault::Conflict(cause)) => {
                tracing::warn!(cause, "a request could not be served");
                (TopCode::Unavailable, "A part of the service does not answer. Try again in a moment.".to_owned())
            }
            TopError::Fault(Fault::Busy { cause, seconds }) => return busy(&cause, seconds),
            TopError::Fault(Fault::Internal(cause)) => return internal(&cause),
        };
        Self::new(message).extend_with(|_, extensions| extensions.set("code", code.word()))
    }
}

const TOO_OLD: &str = "What followed the cursor is not kept any more: read everything anew, and follow from now on.";

fn busy(cause: &str, seconds: u64) -> async_graphql::Error {
    tracing::warn!(cause, seconds, "a request was turned away");
    let message = format!("Too much is to be done at once; nothing was begun. Return in {seconds} s.");
    async_graphql::Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", TopCode::Unavailable.word());
        extensions.set("retryAfter", seconds);
    })
}

/// The client and the log get the same reference: the request's id.
fn internal(cause: &str) -> async_graphql::Error {
    let reference = RequestId::current().unwrap_or_else(|| RequestId::new(&Entropy::System));
    let reference = reference.as_str();
    tracing::error!(reference, cause, "an internal error");
    async_graphql::Error::new("Something went wrong on our side.").extend_with(|_, extensions| {
        extensions.set("code", TopCode::Internal.word());
        extensions.set("reference", reference);
    })
}

/// Why a mutation did nothing, in the reader's language. Clients act on `code`; the message is for people.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "code", ty = "&ErrorCode", desc = "What happened, for programs."),
    field(
        name = "field",
        ty = "&Option<Vec<String>>",
        desc = "Path into the input, such as [\"readings\", \"0\", \"values\"]; null: the whole input."
    ),
    field(
        name = "message",
        ty = "&String",
        desc = "What happened, for the person, in Russian or English by Accept-Language."
    )
)]
pub enum UserError {
    Basic(BasicError),
    ReadingBelowPrevious(ReadingBelowPreviousError),
    RolloverProposed(RolloverProposedError),
    UnusuallyHigh(UnusuallyHighError),
    OutsideWindow(OutsideWindowError),
    AmountOutOfRange(AmountOutOfRangeError),
    RetryLater(RetryLaterError),
}

/// An error that carries nothing but its code and its words.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "BasicError")]
pub struct BasicError {
    /// What happened, for programs.
    pub code: ErrorCode,
    /// Path into the input; null: the whole input.
    pub field: Option<Vec<String>>,
    /// What happened, for the person.
    pub message: String,
}

/// A register shows less than it did before.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "ReadingBelowPreviousError")]
pub struct ReadingBelowPreviousError {
    /// BELOW_PREVIOUS.
    pub code: ErrorCode,
    /// Path to the reading's values.
    pub field: Option<Vec<String>>,
    /// What happened, for the person.
    pub message: String,
    /// The register that is meant.
    pub register: Register,
    /// What the register showed last, in the meter's unit.
    pub previous: Decimal,
}

/// The register seems to have gone past its end: send the reading again with `confirmWarnings: true` if it has.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "RolloverProposedError")]
pub struct RolloverProposedError {
    /// ROLLOVER_PROPOSED.
    pub code: ErrorCode,
    /// Path to the reading's values.
    pub field: Option<Vec<String>>,
    /// What happened, for the person.
    pub message: String,
    /// The register that is meant.
    pub register: Register,
    /// What the register showed last, in the meter's unit.
    pub previous: Decimal,
    /// The consumption that this would mean.
    pub consumption: Decimal,
}

/// Far more than usual: send the reading again with `confirmWarnings: true` if it is right.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "UnusuallyHighError")]
pub struct UnusuallyHighError {
    /// UNUSUALLY_HIGH.
    pub code: ErrorCode,
    /// Path to the reading's values.
    pub field: Option<Vec<String>>,
    /// What happened, for the person.
    pub message: String,
    /// The consumption since the last reading, in the meter's unit.
    pub consumption: Decimal,
    /// The most that is usual for this time, in the meter's unit: the provider's monthly maximum for every month begun.
    pub usual_most: Decimal,
    /// What a month took on average over the last 12 at most, in the meter's unit; null without a history.
    pub usual_average: Option<Decimal>,
}

/// The provider takes readings on other days of the month only.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "OutsideWindowError")]
pub struct OutsideWindowError {
    /// OUTSIDE_WINDOW.
    pub code: ErrorCode,
    /// Path to the reading's day.
    pub field: Option<Vec<String>>,
    /// What happened, for the person.
    pub message: String,
    /// The first day of the month, 1 to 31, on which readings are taken.
    pub first_day: i16,
    /// The last day, 1 to 31; less than `firstDay` across the end of a month.
    pub last_day: i16,
}

/// The sum is not one that can be paid.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "AmountOutOfRangeError")]
pub struct AmountOutOfRangeError {
    /// AMOUNT_OUT_OF_RANGE.
    pub code: ErrorCode,
    /// Path to the amount.
    pub field: Option<Vec<String>>,
    /// What happened, for the person.
    pub message: String,
    /// The least sum, roubles.
    pub least: Decimal,
    /// The greatest sum, roubles.
    pub most: Decimal,
}

/// Too soon or too often.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "RetryLaterError")]
pub struct RetryLaterError {
    /// TOO_SOON, TOO_MANY_TRIES or TOO_MANY_EXPORTS.
    pub code: ErrorCode,
    /// Path into the input; null: the whole input.
    pub field: Option<Vec<String>>,
    /// What happened, for the person.
    pub message: String,
    /// Seconds after which trying again makes sense.
    pub retry_after_seconds: i32,
}

/// A path into the input from its parts.
pub fn path<const N: usize>(parts: [&str; N]) -> Option<Vec<String>> {
    (N > 0).then(|| parts.map(str::to_owned).into())
}

impl UserError {
    pub fn basic(code: ErrorCode, field: Option<Vec<String>>, locale: Locale) -> Self {
        Self::Basic(BasicError { code, field, message: code.message(locale).to_owned() })
    }

    /// `seconds` until trying again makes sense.
    pub fn retry_later(code: ErrorCode, field: Option<Vec<String>>, seconds: i64, locale: Locale) -> Self {
        let retry_after_seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        Self::RetryLater(RetryLaterError { code, field, message: code.message(locale).to_owned(), retry_after_seconds })
    }

    /// A basic error whose words need figures of the case.
    pub fn with_message(code: ErrorCode, field: Option<Vec<String>>, message: String) -> Self {
        Self::Basic(BasicError { code, field, message })
    }
}
