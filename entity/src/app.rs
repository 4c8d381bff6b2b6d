//! A program that acts for people, each by their own leave; registered by an operator.

use sea_orm::entity::prelude::*;

use crate::ids::AppId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "apps")]
pub struct Model {
    /// Its `client_id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AppId,
    /// As people read it.
    pub name: String,
    /// Where people are sent back to, a line each.
    pub redirect_uris: String,
    /// Words of `enums::Scope` between commas: the most that it may ask for.
    pub scopes: String,
    /// It cannot keep a secret (RFC 6749, section 2.1).
    pub public: bool,
    /// SHA-256 of the secret; null of a public one.
    pub secret_hash: Option<String>,
    /// Of the secret before it, and when that one ends.
    pub old_secret_hash: Option<String>,
    pub old_secret_ends_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    /// It opens nothing from then on.
    pub revoked_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
