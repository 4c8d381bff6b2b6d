//! The port to those who take the money.

pub mod sandbox;

use async_trait::async_trait;
use entity::exact::Money;

use crate::kernel::Fault;

/// What is to be paid. The same idempotence key never makes a second payment at the acquirer.
#[derive(Clone, Debug)]
pub struct Order {
    pub idempotence_key: String,
    pub amount: Money,
    pub description: String,
    pub return_url: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub acquirer_payment_id: String,
    /// Where the person pays.
    pub confirmation_url: String,
}

/// How a payment stands at the acquirer. A status that we do not know is pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Pending,
    Succeeded { amount: Money },
    Canceled { reason: String },
}

#[async_trait]
pub trait Acquirer: std::fmt::Debug + Send + Sync {
    /// As in the configuration and in `payments.acquirer`.
    fn name(&self) -> &'static str;

    async fn place(&self, order: &Order) -> Result<Placed, Fault>;

    async fn standing(&self, acquirer_payment_id: &str) -> Result<Standing, Fault>;

    /// The payment that a notification is about; none when it cannot be read. Nothing else in it is believed.
    fn subject_of(&self, notification: &[u8]) -> Option<String>;
}
