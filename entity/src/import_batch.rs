//! Rows that a provider's program sent at once, and what became of each.

use sea_orm::entity::prelude::*;

use crate::ids::{ImportBatchId, ProviderId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_batches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportBatchId,
    pub provider_id: ProviderId,
    /// What the rows are: the mutation's name.
    pub operation: String,
    /// The sender's own; unique with the provider and the operation.
    pub key: String,
    /// Hex SHA-256 of the rows.
    pub fingerprint: String,
    /// JSON: what became of each row.
    pub answers: String,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
