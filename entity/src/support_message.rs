//! One message of a request's thread. Rows are only ever appended, and go with the person.

use sea_orm::entity::prelude::*;

use crate::ids::SupportRequestId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "support_messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub support_request_id: SupportRequestId,
    /// 1, 2, 3 …
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// False: the person's own.
    pub by_support: bool,
    pub text: String,
    pub sent_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
