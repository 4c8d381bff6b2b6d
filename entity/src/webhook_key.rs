//! A key that messages to an address are signed with.

use sea_orm::entity::prelude::*;

use crate::enums::WebhookKeyKind;
use crate::ids::{WebhookEndpointId, WebhookKeyId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookKeyId,
    pub webhook_endpoint_id: WebhookEndpointId,
    pub kind: WebhookKeyKind,
    /// The key, or the seed of a pair, as `platform::seal` closes it for the id above.
    pub sealed: String,
    /// Of a pair, as receivers are given it: `whpk_…`.
    pub public_key: Option<String>,
    pub created_at: DateTimeUtc,
    /// Nothing is signed with it from then on; null: until it is replaced.
    pub expires_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
