//! Expiring keys of the embedded way to run; the full way keeps them in Redis.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_values")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub space: String,
    /// Lower-case hex of SHA-256 of the secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Whose keys can be deleted together.
    pub owner: Option<Uuid>,
    pub value: String,
    pub expires_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
