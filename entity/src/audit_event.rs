//! A link in the chain of what a person did. Append-only: the database refuses to change or delete one.

use sea_orm::entity::prelude::*;

use crate::enums::AuditEventKind;
use crate::ids::{AuditEventId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEventId,
    /// Stays when the person's row is gone.
    pub user_id: UserId,
    /// 1, 2, 3 … within the person's chain.
    pub sequence: i64,
    pub kind: AuditEventKind,
    pub occurred_at: DateTimeUtc,
    /// SHA-256 of the circumstances with their salt: holds when they are deleted, and tells nothing about them.
    pub circumstances_hash: String,
    pub previous_hash: String,
    /// SHA-256 of everything above.
    pub hash: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_one = "crate::audit_circumstance::Entity")]
    Circumstances,
}

impl Related<crate::audit_circumstance::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Circumstances.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
