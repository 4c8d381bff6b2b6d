//! Jobs of autopays.

use entity::ids::AutopayRunId;
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// Pay what was announced, and see to it until it is paid or given up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunAutopay {
    pub autopay_run_id: AutopayRunId,
}

/// Tell the payer what will be taken and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAutopayAnnounced {
    pub autopay_run_id: AutopayRunId,
}

/// Tell the payer that nothing was paid, why, and what comes next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAutopayFailed {
    pub autopay_run_id: AutopayRunId,
    pub reason: String,
    /// Whether it is tried again by itself.
    pub again: bool,
}

impl Job for RunAutopay {
    const KIND: &'static str = "run_autopay";
}

impl Job for SendAutopayAnnounced {
    const KIND: &'static str = "send_autopay_announced";
}

impl Job for SendAutopayFailed {
    const KIND: &'static str = "send_autopay_failed";
}
