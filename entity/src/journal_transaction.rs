//! A movement of money in double entry. The database takes it only when its postings sum to zero; rows never change.

use sea_orm::entity::prelude::*;

use crate::enums::JournalKind;
use crate::ids::{JournalTransactionId, PaymentId, PersonalAccountId, ProviderId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_transactions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JournalTransactionId,
    pub kind: JournalKind,
    /// What it is the movement of, unique: a payment's or a refund's id. So money moves once.
    pub reference: String,
    pub payment_id: Option<PaymentId>,
    pub personal_account_id: Option<PersonalAccountId>,
    pub provider_id: ProviderId,
    pub acquirer: Option<String>,
    pub occurred_at: DateTimeUtc,
    pub recorded_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
