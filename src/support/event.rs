//! Jobs that support leaves to be done after its transactions.

use entity::ids::SupportRequestId;
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// Mail a person's message to the support service, with what it is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendSupportMessage {
    pub support_request_id: SupportRequestId,
    pub position: i32,
}

impl Job for SendSupportMessage {
    const KIND: &'static str = "send_support_message";
}

/// Mail an answer to who asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendSupportAnswer {
    pub support_request_id: SupportRequestId,
    pub position: i32,
}

impl Job for SendSupportAnswer {
    const KIND: &'static str = "send_support_answer";
}
