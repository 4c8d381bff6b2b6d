//! The books of the bank that the sandbox acquirer plays.

use sea_orm::entity::prelude::*;

use crate::enums::{ReceiptStatus, SandboxStatus};
use crate::exact::Money;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sandbox_payments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub idempotence_key: String,
    pub amount: Money,
    pub description: String,
    pub return_url: String,
    pub status: SandboxStatus,
    pub failure: Option<String>,
    pub created_at: DateTimeUtc,
    pub decided_at: Option<DateTimeUtc>,
    /// Whose payment it is.
    pub shop: String,
    /// JSON, as the shop sent it.
    pub metadata: String,
    /// One stage; false holds the money until it is captured.
    pub capture: bool,
    pub refunded: Money,
    /// `bank_card` or `sbp`, once the person has chosen.
    pub method: Option<String>,
    /// `redirect` or `qr`.
    pub confirmation: String,
    /// None: no receipt came with the order.
    pub receipt_status: Option<ReceiptStatus>,
    /// What it is paid with may be charged again.
    pub saves_method: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
