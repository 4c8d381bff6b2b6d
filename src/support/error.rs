//! Every way in which support says no.

use crate::platform::idempotency::KeyRefusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupportRefusal {
    NotConfirmed,
    /// Nothing but white space, or longer than is read.
    TextMalformed,
    /// No such account, meter, statement or payment, or none of this person's.
    AccountNotFound,
    MeterNotFound,
    StatementNotFound,
    PaymentNotFound,
    RequestNotFound,
    /// The thread has as many messages as one may have.
    ThreadFull,
    KeyMalformed,
    Key(KeyRefusal),
    /// Too many messages; some are free again within the hour.
    TooMany,
}
