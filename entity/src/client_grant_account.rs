//! An account that a grant reaches. It goes with the attachment: who attaches the account again has not granted it again.

use sea_orm::entity::prelude::*;

use crate::ids::{AttachmentId, ClientGrantId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_grant_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_grant_id: ClientGrantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attachment_id: AttachmentId,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "crate::attachment::Entity",
        from = "Column::AttachmentId",
        to = "crate::attachment::Column::Id"
    )]
    Attachment,
}

impl Related<crate::attachment::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Attachment.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
