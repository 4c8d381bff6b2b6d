//! What a provider's program asks with: short-lived, got by one of its secrets.

use sea_orm::entity::prelude::*;

use crate::ids::{ApiClientId, ApiClientSecretId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_client_tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    pub api_client_id: ApiClientId,
    /// The secret that it was got by: it does not outlast it.
    pub secret_id: ApiClientSecretId,
    /// Words of `enums::ClientScope` between commas.
    pub scopes: String,
    pub issued_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "crate::api_client::Entity",
        from = "Column::ApiClientId",
        to = "crate::api_client::Column::Id"
    )]
    Client,
}

impl Related<crate::api_client::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Client.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
