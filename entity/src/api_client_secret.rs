//! What a provider's program proves itself with. Two overlap while one takes the other's place.

use sea_orm::entity::prelude::*;

use crate::ids::{ApiClientId, ApiClientSecretId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_client_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiClientSecretId,
    pub api_client_id: ApiClientId,
    /// SHA-256 of the secret, which nobody but the program has.
    pub secret_hash: String,
    pub created_at: DateTimeUtc,
    /// It opens nothing from then on; null: until it is rotated or revoked.
    pub ends_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
