//! A dated change of what is supplied (история изменений по услугам).

use sea_orm::entity::prelude::*;

use crate::enums::ServiceChangeKind;
use crate::ids::{PersonalAccountId, ServiceChangeId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ServiceChangeId,
    pub personal_account_id: PersonalAccountId,
    pub service_code: String,
    pub changed_on: Date,
    pub kind: ServiceChangeKind,
    pub before: Option<String>,
    pub after: Option<String>,
    pub description: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
