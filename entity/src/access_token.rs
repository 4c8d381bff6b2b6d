//! What a person's own script signs in with: named, for some purposes only, until a date.

use sea_orm::entity::prelude::*;

use crate::ids::{AccessTokenId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessTokenId,
    pub user_id: UserId,
    /// As its person calls it.
    pub name: String,
    /// SHA-256 of the token, which nobody but its person has.
    pub token_hash: String,
    /// Words of `enums::Scope` between commas.
    pub scopes: String,
    pub created_at: DateTimeUtc,
    /// It opens nothing from then on.
    pub expires_at: DateTimeUtc,
    /// To the minute; null before the first use.
    pub used_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
