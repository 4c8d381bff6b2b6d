//! The two ways in which a use case ends without its result: refused by a rule, or failed on our side.

use std::convert::Infallible;
use std::fmt;

/// What a slice's method returns instead of its result. `R` is the slice's enum of refusals.
#[derive(Debug)]
pub enum Failure<R> {
    /// A rule said no: the person reads why.
    Refused(R),
    /// We failed: the person learns the kind, the log the cause.
    Fault(Fault),
}

impl<R> From<Fault> for Failure<R> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<R> Failure<R> {
    /// For a step whose refusals are those of another slice.
    pub fn map<S>(self, convert: impl FnOnce(R) -> S) -> Failure<S> {
        match self {
            Self::Refused(refusal) => Failure::Refused(convert(refusal)),
            Self::Fault(fault) => Failure::Fault(fault),
        }
    }
}

/// A failure without refusals is a fault.
impl From<Failure<Infallible>> for Fault {
    fn from(failure: Failure<Infallible>) -> Self {
        match failure {
            Failure::Fault(fault) => fault,
        }
    }
}

/// What went wrong on our side. The text is for the log; a client only learns the kind.
#[derive(Clone, Debug)]
pub enum Fault {
    /// A part that kabinet leans on (database, Redis) does not answer: trying again later makes sense.
    Unavailable(String),
    /// So much of one kind of work waits already that nothing was begun: trying again makes sense after so many seconds.
    Busy { cause: String, seconds: u64 },
    /// The database asked to run the transaction again; `platform::db` does.
    Conflict(String),
    /// Anything that should not happen.
    Internal(String),
}

impl Fault {
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::Unavailable(cause.to_string())
    }

    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(cause) => write!(f, "unavailable: {cause}"),
            Self::Busy { cause, seconds } => write!(f, "busy for {seconds} s: {cause}"),
            Self::Conflict(cause) => write!(f, "conflict: {cause}"),
            Self::Internal(cause) => write!(f, "internal: {cause}"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<serde_json::Error> for Fault {
    fn from(cause: serde_json::Error) -> Self {
        Self::internal(cause)
    }
}
