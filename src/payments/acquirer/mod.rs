//! The port to those who take the money. Adapters translate and keep nothing: what happened is in `payments`.

pub mod sandbox;
pub mod yookassa;

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::enums::{PaymentMethod, ReceiptStatus};
use entity::exact::Money;
use entity::ids::{PaymentId, RefundId};

use super::state::News;

/// What is to be paid. The same idempotence key never makes a second payment at the acquirer while it remembers the key.
#[derive(Clone, Debug)]
pub struct Order {
    pub payment_id: PaymentId,
    pub idempotence_key: String,
    /// All that the payer pays, the commission included.
    pub amount: Money,
    pub description: String,
    pub return_url: String,
    pub method: PaymentMethod,
    /// Keep what it is paid with, for payments without the payer.
    pub save_method: bool,
    /// The acquirer's name of what it is paid with: nobody is asked.
    pub saved_method: Option<String>,
    /// Hold the money first, take it with a second call.
    pub two_stage: bool,
    /// None where the acquirer is to make none.
    pub receipt: Option<Receipt>,
    /// What a shop of utilities must say about whose money it is.
    pub utilities: Option<Utilities>,
}

/// A receipt of 54-ФЗ. The sum of its items is the order's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it goes.
    pub email: String,
    /// 1 to 6, for shops with several systems of taxation.
    pub tax_system: Option<i16>,
    /// 1 to 100.
    pub items: Vec<ReceiptItem>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptItem {
    pub description: String,
    pub amount: Money,
    /// 1 to 12; 1 is without VAT.
    pub vat_code: i16,
}

/// The recipient of a payment for utilities, as ГИС ЖКХ wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utilities {
    pub name: String,
    /// 10 digits.
    pub inn: String,
    /// 9 digits.
    pub kpp: String,
    pub bank_name: String,
    /// 9 digits.
    pub bic: String,
    /// 20 digits, as the correspondent account.
    pub account: String,
    pub correspondent_account: String,
    /// The payer's personal account.
    pub account_number: String,
}

/// A payment as its acquirer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The acquirer's name for it.
    pub id: String,
    /// Ours, which went along with the order; none when the acquirer does not show it, or it is no payment of ours.
    pub payment_id: Option<PaymentId>,
    /// False: another shop's, or not in roubles.
    pub ours: bool,
    /// Where the person pays, as long as that makes sense.
    pub confirmation_url: Option<String>,
    /// Or what a QR code of СБП holds.
    pub qr_payload: Option<String>,
    /// Of the receipt that was asked for with the order.
    pub receipt: Option<ReceiptStatus>,
    /// What it was paid with, when that may be charged again.
    pub saved_method: Option<SavedMethodSeen>,
    pub standing: Standing,
    pub refunded: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedMethodSeen {
    pub id: String,
    pub kind: String,
    /// Masked.
    pub title: String,
}

/// How a payment stands at the acquirer. A status that we do not know is pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Pending,
    WaitingForCapture { amount: Money },
    Succeeded { amount: Money },
    Canceled { reason: String },
}

impl From<Standing> for News {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Pending => Self::Pending,
            Standing::WaitingForCapture { amount } => Self::WaitingForCapture { amount },
            Standing::Succeeded { amount } => Self::Succeeded { amount },
            Standing::Canceled { reason } => Self::Canceled { reason },
        }
    }
}

/// What is to be given back of a payment.
#[derive(Clone, Debug)]
pub struct RefundOrder {
    pub refund_id: RefundId,
    pub acquirer_payment_id: String,
    pub idempotence_key: String,
    pub amount: Money,
    pub reason: String,
    /// 54-ФЗ: of a part of a payment that had a receipt. Of the whole the acquirer makes it from the payment's.
    pub receipt: Option<Receipt>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSeen {
    /// The acquirer's name for it.
    pub id: String,
    /// Ours, which went along.
    pub refund_id: Option<RefundId>,
    pub amount: Money,
    pub standing: RefundStanding,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundStanding {
    Pending,
    Succeeded,
    Canceled { reason: String },
}

/// A row of the acquirer's list of what has happened to money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub kind: RegisteredKind,
    /// The acquirer's name for it.
    pub id: String,
    /// And for its payment.
    pub payment: String,
    pub amount: Money,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisteredKind {
    Payment,
    Refund,
}

/// A call without its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// It did not happen, and the same call never will.
    Refused { code: String },
    /// It did not happen; the same call may be made later.
    NotNow(String),
    /// Nobody knows whether it happened: an answer got lost, or the acquirer does not know itself.
    Lost(String),
    /// The key was used before for another order: that one may have happened.
    KeyTaken,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code } => write!(f, "refused: {code}"),
            Self::NotNow(cause) => write!(f, "not now: {cause}"),
            Self::Lost(cause) => write!(f, "no answer: {cause}"),
            Self::KeyTaken => write!(f, "the key is known with another body"),
        }
    }
}

#[async_trait]
pub trait Acquirer: fmt::Debug + Send + Sync {
    /// As in the configuration and in `payments.acquirer`.
    fn name(&self) -> &'static str;

    async fn create(&self, order: &Order) -> Result<Seen, CallError>;

    /// None: the acquirer knows no such payment.
    async fn read(&self, id: &str) -> Result<Option<Seen>, CallError>;

    /// The payment that bears our id, of those created since; none when there is none.
    async fn find(&self, payment: PaymentId, since: DateTime<Utc>) -> Result<Option<Seen>, CallError>;

    /// Gives up a payment that nobody has paid, or what is held of it.
    async fn cancel(&self, id: &str, key: &str) -> Result<Seen, CallError>;

    /// Takes what is held.
    async fn capture(&self, id: &str, key: &str, amount: Money) -> Result<Seen, CallError>;

    async fn refund(&self, order: &RefundOrder) -> Result<RefundSeen, CallError>;

    /// None: the acquirer knows no such refund.
    async fn read_refund(&self, id: &str) -> Result<Option<RefundSeen>, CallError>;

    /// All refunds of a payment, whoever asked for them.
    async fn refunds_of(&self, payment: &str) -> Result<Vec<RefundSeen>, CallError>;

    /// The refund of a payment that bears our id; none when there is none.
    async fn find_refund(&self, payment: &str, id: RefundId) -> Result<Option<RefundSeen>, CallError>;

    /// What money has come and gone from `from` up to `to`, which is not included: for reconciliation.
    async fn register(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Registered>, CallError>;

    /// The payment that a notification is about; none when it cannot be read. Nothing else in it is believed.
    fn subject_of(&self, notification: &[u8]) -> Option<String>;

    /// What the notification gives as our own name of its payment; none when it has none.
    fn ours_in(&self, notification: &[u8]) -> Option<PaymentId>;
}
