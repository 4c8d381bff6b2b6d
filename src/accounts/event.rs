//! Jobs that accounts leave to be done after their transactions.

use chrono::{DateTime, Utc};
use entity::ids::{AccountShareId, PersonalAccountId, UserId};
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// How somebody came to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// LIMITED access.
    Number,
    /// FULL access.
    Proof,
    /// By leave of somebody with FULL access.
    Share,
}

/// Tell a person with FULL access that somebody else has attached the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAccountAttached {
    pub user_id: UserId,
    pub personal_account_id: PersonalAccountId,
    pub way: Way,
    pub attached_at: DateTime<Utc>,
}

impl Job for SendAccountAttached {
    const KIND: &'static str = "send_account_attached";
}

/// Tell a person that an account is shared with them. Nobody is told who has no confirmed cabinet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAccountShared {
    pub account_share_id: AccountShareId,
}

impl Job for SendAccountShared {
    const KIND: &'static str = "send_account_shared";
}

/// Delete a share whose end has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndAccountShare {
    pub account_share_id: AccountShareId,
}

impl Job for EndAccountShare {
    const KIND: &'static str = "end_account_share";
}
