//! The clocks of live connections.

use std::time::Duration;

/// How long a live connection waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// For `connection_init`, from the handshake.
    pub init: Duration,
    /// Between pings.
    pub ping: Duration,
    /// For any sign of life, and for a slow reader to take a message.
    pub silence: Duration,
    /// Between looks whether the person's session still lives.
    pub recheck: Duration,
    /// The same of a provider's program, and of an app that acts for a person: its operator takes away its tokens beside the server, which is told of nothing
    /// where there is no Redis, and such connections are few.
    pub recheck_client: Duration,
    /// Between comments on a quiet event stream.
    pub heartbeat: Duration,
    /// For work that an ended subscription is in the middle of, before its stream is dropped.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            silence: Duration::from_mins(1),
            recheck: Duration::from_mins(1),
            recheck_client: Duration::from_secs(1),
            heartbeat: Duration::from_secs(15),
            grace: Duration::from_secs(2),
        }
    }
}
