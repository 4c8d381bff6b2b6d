//! From where an audit event came. Personal data: deleted with the cabinet, while the event stays.

use sea_orm::entity::prelude::*;

use crate::ids::AuditEventId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_circumstances")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: AuditEventId,
    /// 256 random bits: without them an address could be guessed from its hash.
    pub salt: String,
    /// Network address.
    pub address: Option<String>,
    /// What the client called itself.
    pub device: Option<String>,
    pub request_id: Option<String>,
    /// A JSON object of short texts; no secrets.
    pub details: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "crate::audit_event::Entity",
        from = "Column::EventId",
        to = "crate::audit_event::Column::Id"
    )]
    Event,
}

impl Related<crate::audit_event::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Event.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
