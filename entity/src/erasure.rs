//! That personal data was destroyed, when and why: what the act for the regulator is written from (Roskomnadzor's order 179).

use sea_orm::entity::prelude::*;

use crate::enums::ErasureReason;
use crate::ids::{ErasureId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ErasureId,
    /// The pseudonym that is left of the person.
    pub user_id: UserId,
    pub reason: ErasureReason,
    pub erased_at: DateTimeUtc,
    /// Signed with the server's key, so that it cannot be guessed from a list of addresses.
    pub address_hash: String,
    /// A JSON object: rows destroyed, by kind.
    pub counts: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
