use std::time::Duration;

use chrono::TimeDelta;

use super::reader::Reader;

/// Messages to providers' servers.
#[derive(Clone, Debug)]
pub struct WebhooksConfig {
    /// Whether they may go to private addresses, and without TLS.
    pub private_addresses: bool,
    /// Of one attempt, from the name's look-up to the answer's end.
    pub timeout: Duration,
    /// Messages on their way to one address at once.
    pub at_once: u64,
    /// How long a message and its attempts are kept after its end.
    pub keep: TimeDelta,
}

impl WebhooksConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            private_addresses: reader.flag("webhooks.private_addresses"),
            timeout: Duration::from_secs(reader.number("webhooks.timeout_seconds", 1..=30)),
            at_once: reader.number("webhooks.at_once", 1..=32),
            keep: TimeDelta::days(reader.number("webhooks.keep_days", 1..=366)),
        }
    }
}
