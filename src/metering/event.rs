//! News of readings.

use entity::enums::ReadingStatus;
use entity::ids::MeterReadingId;
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// Readings that one job tells of.
pub(super) const MOST_AT_ONCE: usize = 250;

/// Readings have come, or have come further on their way: tell their providers' servers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadingsMoved {
    /// With where they are since.
    pub readings: Vec<(MeterReadingId, ReadingStatus)>,
}

impl Job for ReadingsMoved {
    const KIND: &'static str = "tell_of_readings";
}
