//! What the bank does after its own transactions.

use entity::enums::SandboxStatus;
use serde::{Deserialize, Serialize};

use super::outcome::News;
use crate::platform::outbox::Job;

/// Tell the shop, truly or as a bad bank does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotifyFromSandbox {
    pub payment: String,
    pub event: SandboxStatus,
    pub news: News,
    /// Of the notifications of one decision.
    pub number: usize,
    /// The refund that it is about; none: the payment itself.
    #[serde(default)]
    pub refund: Option<String>,
}

impl Job for NotifyFromSandbox {
    const KIND: &'static str = "notify_from_sandbox";
}
