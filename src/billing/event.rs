//! News of billing.

use entity::enums::PaymentStatus;
use entity::ids::{PaymentId, PersonalAccountId};
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// The ledger of an account has grown: wake those who follow it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BalanceChanged {
    pub personal_account_id: PersonalAccountId,
    /// The payment whose money has come or gone back, with what it is since.
    #[serde(default)]
    pub payment: Option<(PaymentId, PaymentStatus)>,
}

impl Job for BalanceChanged {
    const KIND: &'static str = "balance_changed";
}
