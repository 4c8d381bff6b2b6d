use std::time::Duration;

use chrono::TimeDelta;

use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct WorkerConfig {
    pub poll: Duration,
    pub lease: TimeDelta,
    pub max_attempts: i32,
}

impl WorkerConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            poll: Duration::from_secs(reader.number("worker.poll_seconds", 1..=60)),
            lease: TimeDelta::seconds(reader.number("worker.lease_seconds", 5..=3600)),
            max_attempts: reader.number("worker.max_attempts", 1..=100),
        }
    }
}
