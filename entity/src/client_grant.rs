//! What a person lets an app do for them.

use sea_orm::entity::prelude::*;

use crate::ids::{AppId, ClientGrantId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientGrantId,
    pub user_id: UserId,
    pub app_id: AppId,
    /// Words of `enums::Scope` between commas.
    pub scopes: String,
    /// Nothing older is shown; null: everything is.
    pub data_from: Option<Date>,
    pub granted_at: DateTimeUtc,
    /// It opens nothing from then on.
    pub expires_at: DateTimeUtc,
    /// To the minute; null before the first use.
    pub used_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "crate::app::Entity", from = "Column::AppId", to = "crate::app::Column::Id")]
    App,
}

impl Related<crate::app::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::App.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
