//! A card or an account that a person lets be charged again. What it is, only its acquirer knows.

use sea_orm::entity::prelude::*;

use crate::ids::{SavedMethodId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_methods")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SavedMethodId,
    pub user_id: UserId,
    pub acquirer: String,
    /// The acquirer's name for it.
    pub acquirer_method_id: String,
    /// `bank_card`, `sbp` …
    pub kind: String,
    /// Masked, for people: `*4477`.
    pub title: String,
    pub saved_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
