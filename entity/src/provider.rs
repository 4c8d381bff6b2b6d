//! A company that bills for a utility. What differs between companies is data, and has dates: see `provider_terms`.

use sea_orm::entity::prelude::*;

use crate::ids::ProviderId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProviderId,
    pub code: String,
    pub name: String,
    /// Name and region in lower case: SQLite folds ASCII only.
    pub search_name: String,
    pub region: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "crate::provider_terms::Entity")]
    Terms,
}

impl Related<crate::provider_terms::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Terms.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
