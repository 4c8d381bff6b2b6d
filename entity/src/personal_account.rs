//! A personal account (лицевой счёт) at a provider. Its row is the clock of its ledger.

use sea_orm::entity::prelude::*;

use crate::exact::{Money, Quantity};
use crate::ids::{PersonalAccountId, ProviderId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "personal_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonalAccountId,
    pub provider_id: ProviderId,
    /// Text: leading zeros count.
    pub number: String,
    pub holder_name: Option<String>,
    pub address: Option<String>,
    /// As printed on the paper receipt; no secret beyond the row that it opens.
    pub pin: Option<String>,
    pub attachable: bool,
    pub residents: Option<i16>,
    /// Square metres.
    pub heated_area: Option<Quantity>,
    /// Positive: the person owes; negative: the provider does. Always the sum of the ledger.
    pub balance: Money,
    /// Paid here and not yet seen in a statement of the provider.
    pub in_transit: Money,
    /// Number of the newest ledger entry: 0 before the first, then gapless.
    pub version: i64,
    pub balance_as_of: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
