//! A link in a letter about a change of address. Gone once it was used.

use sea_orm::entity::prelude::*;

use crate::enums::EmailChangeLinkPurpose;
use crate::ids::EmailChangeId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_change_links")]
pub struct Model {
    /// SHA-256 of the token, hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    pub email_change_id: EmailChangeId,
    pub purpose: EmailChangeLinkPurpose,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
