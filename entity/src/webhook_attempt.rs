//! One try to deliver a message.

use sea_orm::entity::prelude::*;

use crate::ids::{WebhookAttemptId, WebhookMessageId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookAttemptId,
    pub webhook_message_id: WebhookMessageId,
    pub made_at: DateTimeUtc,
    /// Null: there was no answer.
    pub status: Option<i16>,
    pub milliseconds: i32,
    /// The answer's first characters, or why there was none.
    pub answer: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
