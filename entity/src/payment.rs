//! One attempt to pay. It only ever moves forward.

use sea_orm::entity::prelude::*;

use crate::enums::{PaymentMethod, PaymentStatus, ReceiptStatus};
use crate::exact::Money;
use crate::ids::{PaymentId, PaymentRegisterId, PersonalAccountId, SavedMethodId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentId,
    pub personal_account_id: PersonalAccountId,
    pub user_id: UserId,
    pub amount: Money,
    pub commission: Money,
    pub status: PaymentStatus,
    pub acquirer: String,
    /// Null until the acquirer has answered the creation.
    pub acquirer_payment_id: Option<String>,
    pub confirmation_url: Option<String>,
    pub return_url: Option<String>,
    pub receipt_email: Option<String>,
    /// The acquirer's reason code when it was cancelled.
    pub failure: Option<String>,
    pub created_at: DateTimeUtc,
    pub paid_at: Option<DateTimeUtc>,
    /// How often a job has asked the acquirer about it.
    pub checks: i32,
    /// When a call to the acquirer about it last began; null when that call has ended without an answer.
    pub called_at: Option<DateTimeUtc>,
    /// Given back so far, of `amount`.
    pub refunded: Money,
    pub method: PaymentMethod,
    /// What a QR code of СБП holds; of payments by `SBP_QR`.
    pub qr_payload: Option<String>,
    /// None: no receipt was asked of the acquirer.
    pub receipt_status: Option<ReceiptStatus>,
    /// When the receipt was made.
    pub receipt_at: Option<DateTimeUtc>,
    /// When a register told the provider of it.
    pub sent_at: Option<DateTimeUtc>,
    /// When the provider was seen to have it: in a statement, or by its word.
    pub posted_at: Option<DateTimeUtc>,
    /// Which register told the provider.
    pub register_id: Option<PaymentRegisterId>,
    /// The payer lets the acquirer keep the means of paying.
    pub saves_method: bool,
    /// Paid by itself, with this.
    pub saved_method_id: Option<SavedMethodId>,
    /// Of payments for several accounts that are paid at once: the first of them, which alone the acquirer knows. Null of a payment
    /// for one account.
    pub together_id: Option<PaymentId>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
