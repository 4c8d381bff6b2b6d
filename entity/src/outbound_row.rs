//! A row that a provider's program is given, and its place among them. The database adds it with the row that it stands for.

use sea_orm::entity::prelude::*;

use crate::enums::OutboundKind;
use crate::ids::ProviderId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbound_rows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: OutboundKind,
    /// A reading's id, or a journal transaction's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_id: Uuid,
    pub provider_id: ProviderId,
    /// Counted for each provider and kind, from 1; none before the first question after it was committed.
    pub position: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
