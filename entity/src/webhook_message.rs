//! News for one address, and how far it has come.

use sea_orm::entity::prelude::*;

use crate::enums::{WebhookEvent, WebhookMessageState};
use crate::ids::{WebhookEndpointId, WebhookMessageId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_messages")]
pub struct Model {
    /// The same in every attempt: the header `webhook-id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookMessageId,
    pub webhook_endpoint_id: WebhookEndpointId,
    /// What it comes from, unique for an address: the same news is not kept twice.
    pub source: String,
    pub event: WebhookEvent,
    /// The body, byte for byte. Ids only.
    pub payload: String,
    pub state: WebhookMessageState,
    /// Since it was made, or sent again.
    pub attempts: i32,
    pub created_at: DateTimeUtc,
    pub due_at: DateTimeUtc,
    pub leased_until: Option<DateTimeUtc>,
    /// When it was delivered or dropped.
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
