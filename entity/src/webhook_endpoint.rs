//! An address at which a provider's server is told of what has changed.

use sea_orm::entity::prelude::*;

use crate::enums::{WebhookState, WebhookStop};
use crate::ids::{ProviderId, WebhookEndpointId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEndpointId,
    pub provider_id: ProviderId,
    pub url: String,
    /// Words of `enums::WebhookEvent` between commas.
    pub events: String,
    pub state: WebhookState,
    /// Null while it is active.
    pub stop: Option<WebhookStop>,
    pub created_at: DateTimeUtc,
    /// It asked for a pause: nothing is sent before.
    pub rests_until: Option<DateTimeUtc>,
    /// When it last took a message.
    pub took_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
