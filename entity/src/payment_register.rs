//! A file that told a provider of payments, as it was written.

use sea_orm::entity::prelude::*;

use crate::exact::Money;
use crate::ids::{PaymentRegisterId, ProviderId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_registers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentRegisterId,
    pub provider_id: ProviderId,
    /// Counted for each provider, from 1.
    pub number: i32,
    /// Name of the template that it was written by.
    pub template: String,
    pub file_name: String,
    /// How many.
    pub payments: i32,
    pub total: Money,
    /// In the template's encoding.
    pub content: Vec<u8>,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
