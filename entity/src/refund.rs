//! Money given back of a payment. It only ever moves forward.

use sea_orm::entity::prelude::*;

use crate::enums::RefundStatus;
use crate::exact::Money;
use crate::ids::{PaymentId, PaymentRegisterId, RefundId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refunds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub amount: Money,
    /// Of the payment's commission, beside the amount: the acquirer has given it back by itself.
    pub commission: Money,
    pub status: RefundStatus,
    /// Null until the acquirer has answered.
    pub acquirer_refund_id: Option<String>,
    /// Why, for the payer and the acquirer.
    pub reason: String,
    /// The operator.
    pub requested_by: String,
    /// Fingerprint of the key by which the same wish is known when it is made again; null: the acquirer's own refund, or one that
    /// came to nothing and was asked for again.
    pub request_key: Option<String>,
    /// The acquirer's reason code when it was cancelled.
    pub failure: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    /// When a call to the acquirer about it last began; null when that call has ended.
    pub called_at: Option<DateTimeUtc>,
    /// When a register told the provider of it: in a row of its own, or within its payment's.
    pub sent_at: Option<DateTimeUtc>,
    /// When the provider said that it has it.
    pub posted_at: Option<DateTimeUtc>,
    /// Which register told the provider: its payment's, when it was left out there.
    pub register_id: Option<PaymentRegisterId>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
