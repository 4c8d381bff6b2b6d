//! Jobs that payments leave to be done after their transactions.

use entity::ids::{PaymentId, PaymentRegisterId, RefundId};
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// Ask the acquirer how a payment stands, and again until it is final.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SettlePayment {
    pub payment_id: PaymentId,
}

/// Ask the acquirer how a refund stands, and again until it is final.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SettleRefund {
    pub refund_id: RefundId,
}

impl Job for SettleRefund {
    const KIND: &'static str = "settle_refund";
}

/// The acquirer has sent news: ask it once, now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckPayment {
    pub payment_id: PaymentId,
    /// What the acquirer is said to call it, of a payment whose start was not answered.
    #[serde(default)]
    pub named: Option<String>,
}

/// Look after what was promised for a paid payment, until nothing is left to wait for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WatchPayment {
    pub payment_id: PaymentId,
}

impl Job for WatchPayment {
    const KIND: &'static str = "watch_payment";
}

/// Tell the payer that the money has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendPaymentSucceeded {
    pub payment_id: PaymentId,
}

impl Job for SettlePayment {
    const KIND: &'static str = "settle_payment";
}

impl Job for CheckPayment {
    const KIND: &'static str = "check_payment";
}

impl Job for SendPaymentSucceeded {
    const KIND: &'static str = "send_payment_succeeded";
}

/// Lay a register of payments down where `payments.registers_folder` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SaveRegister {
    pub payment_register_id: PaymentRegisterId,
}

impl Job for SaveRegister {
    const KIND: &'static str = "save_register";
}
