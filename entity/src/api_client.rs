//! A provider's own program, registered by an operator or by another of its programs.

use sea_orm::entity::prelude::*;

use crate::ids::{ApiClientId, ProviderId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_clients")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiClientId,
    /// Whose accounts it follows.
    pub provider_id: ProviderId,
    /// As who registered it calls it.
    pub name: String,
    /// Words of `enums::ClientScope` between commas.
    pub scopes: String,
    pub created_at: DateTimeUtc,
    /// When it was given a token last.
    pub token_at: Option<DateTimeUtc>,
    /// It opens nothing from then on.
    pub revoked_at: Option<DateTimeUtc>,
    /// Of a program that another one registered: the other's own key, unique with the provider.
    pub registration_key: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
