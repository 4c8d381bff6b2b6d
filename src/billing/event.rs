//! News of billing.

use entity::ids::PersonalAccountId;
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// The ledger of an account has grown: wake those who follow it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BalanceChanged {
    pub personal_account_id: PersonalAccountId,
}

impl Job for BalanceChanged {
    const KIND: &'static str = "balance_changed";
}
