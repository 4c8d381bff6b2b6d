//! Mechanisms that know no business word.

pub mod background;
pub mod brake;
pub mod db;
pub mod failpoint;
pub mod keyvalue;
pub mod mail;
pub mod metrics;
pub mod outbox;
pub mod outgoing;
pub mod qr;
pub mod idempotency;
pub mod pdf;
pub mod seal;
pub mod secret;
pub mod telemetry;
pub mod throttle;
pub mod wakeups;

use std::sync::Arc;

use crate::config::Config;
use crate::kernel::{Clock, Entropy};

/// The mechanisms that a slice is built on.
#[derive(Clone, Debug)]
pub struct Mechanisms {
    pub db: db::Db,
    pub keys: keyvalue::KeyValue,
    pub outbox: outbox::Outbox,
    pub wakeups: wakeups::Wakeups,
    pub outgoing: outgoing::Outgoing,
    pub clock: Clock,
    pub entropy: Entropy,
    pub config: Arc<Config>,
}
