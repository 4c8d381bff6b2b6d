//! What an app asked by a grant: a row for each operation and address at most once a minute, kept for some time.

use sea_orm::entity::prelude::*;

use crate::ids::{ClientCallId, ClientGrantId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_grant_calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientCallId,
    pub client_grant_id: ClientGrantId,
    pub called_at: DateTimeUtc,
    /// Fields at the operation's root, between commas.
    pub operations: String,
    pub address: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
