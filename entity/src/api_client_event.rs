//! What was done to a provider's program. Append-only: the database refuses to change or delete one.

use sea_orm::entity::prelude::*;

use crate::enums::ApiClientEventKind;
use crate::ids::{ApiClientEventId, ApiClientId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_client_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiClientEventId,
    pub api_client_id: ApiClientId,
    pub occurred_at: DateTimeUtc,
    pub kind: ApiClientEventKind,
    /// Short, without secrets: scopes, ids, ends, and the program that did it, where one did.
    pub details: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
