//! Jobs that accounts leave to be done after their transactions.

use chrono::{DateTime, Utc};
use entity::ids::{PersonalAccountId, UserId};
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// Tell a person with FULL access that somebody else has attached the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAccountAttached {
    pub user_id: UserId,
    pub personal_account_id: PersonalAccountId,
    /// Whether whoever attached it has proved the access: then they see everything.
    pub full: bool,
    pub attached_at: DateTime<Utc>,
}

impl Job for SendAccountAttached {
    const KIND: &'static str = "send_account_attached";
}
