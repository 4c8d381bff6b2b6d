//! How a provider is paid: receipt, commission, what its bank must be told. A provider without a row: no receipt, no commission.

use sea_orm::entity::prelude::*;

use crate::enums::ReceiptMode;
use crate::exact::Money;
use crate::ids::ProviderId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_terms")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_id: ProviderId,
    pub receipt: ReceiptMode,
    /// 1 to 12, as YooKassa's documentation numbers the rates of VAT; 1 is without.
    pub vat_code: i16,
    /// 1 to 6, for shops with several systems of taxation.
    pub tax_system: Option<i16>,
    /// Hundredths of a percent that the payer pays on top.
    pub commission_rate: i16,
    /// But no less than this.
    pub commission_least: Money,
    /// Whether the acquirer must be told whose money it is (`payment_order`).
    pub utilities: bool,
    /// Name of the template of the registers that tell the provider of payments; none: it is told nothing.
    pub register_template: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
