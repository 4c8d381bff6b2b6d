//! Readings that people sent, as files: out to a provider that works with files alone, and what it decides about them back.
//!
//! Promises: a reading that the provider was not given stays SUBMITTED; the file is whole and on the disk before any of its
//! readings moves to DELIVERED. Described in docs/registers.md.

mod decisions;
mod outgoing;

pub use decisions::{DecisionFile, GivenRow, Unreadable};
pub use outgoing::Written;

use crate::accounts::Accounts;
use crate::kernel::Clock;
use crate::metering::Metering;

/// Whom files of readings are made from, and carried out by.
#[derive(Debug)]
pub struct ReadingFiles<'a> {
    pub accounts: &'a Accounts,
    pub metering: &'a Metering,
    pub clock: &'a Clock,
}
