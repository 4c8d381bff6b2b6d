//! A secret by which an app uses a grant: the code that it begins with, and tokens.

use sea_orm::entity::prelude::*;

use crate::enums::GrantTokenKind;
use crate::ids::ClientGrantId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_grant_tokens")]
pub struct Model {
    /// SHA-256 of the secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    pub client_grant_id: ClientGrantId,
    pub kind: GrantTokenKind,
    /// Words of `enums::Scope` between commas: no more than the grant's.
    pub scopes: String,
    pub issued_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    /// When a code or a refresh token was used: it is used once.
    pub spent_at: Option<DateTimeUtc>,
    /// Of a code: where it was sent to, and what its verifier hashes to (RFC 7636).
    pub redirect_uri: Option<String>,
    pub challenge: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "crate::client_grant::Entity",
        from = "Column::ClientGrantId",
        to = "crate::client_grant::Column::Id"
    )]
    Grant,
}

impl Related<crate::client_grant::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Grant.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
