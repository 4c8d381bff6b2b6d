//! Addresses at which providers' servers are told of changes, the messages to them, and every try to deliver one.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    integer, small_integer_null, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let endpoints = table(
            "webhook_endpoints",
            [
                id(),
                uuid("provider_id"),
                text("url"),
                text("events"),
                text("state"),
                text_null("stop"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("rests_until"),
                timestamp_with_time_zone_null("took_at"),
            ],
        )
        .references("provider_id", "providers");
        let keys = table(
            "webhook_keys",
            [
                id(),
                uuid("webhook_endpoint_id"),
                text("kind"),
                text("sealed"),
                text_null("public_key"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("expires_at"),
            ],
        )
        .references("webhook_endpoint_id", "webhook_endpoints");
        let messages = table(
            "webhook_messages",
            [
                id(),
                uuid("webhook_endpoint_id"),
                text("source"),
                text("event"),
                text("payload"),
                text("state"),
                integer("attempts"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone("due_at"),
                timestamp_with_time_zone_null("leased_until"),
                timestamp_with_time_zone_null("ended_at"),
            ],
        )
        .references("webhook_endpoint_id", "webhook_endpoints");
        let attempts = table(
            "webhook_attempts",
            [
                id(),
                uuid("webhook_message_id"),
                timestamp_with_time_zone("made_at"),
                small_integer_null("status"),
                integer("milliseconds"),
                text("answer"),
            ],
        )
        .references("webhook_message_id", "webhook_messages");
        let indexes = [
            index("webhook_endpoints_provider", "webhook_endpoints", ["provider_id"]),
            index("webhook_keys_endpoint", "webhook_keys", ["webhook_endpoint_id"]),
            unique("webhook_messages_source", "webhook_messages", ["webhook_endpoint_id", "source"]),
            index("webhook_messages_due", "webhook_messages", ["state", "webhook_endpoint_id", "due_at"]),
            index("webhook_messages_ended", "webhook_messages", ["ended_at"]),
            index("webhook_attempts_message", "webhook_attempts", ["webhook_message_id"]),
        ];
        create(manager, [endpoints, keys, messages, attempts], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["webhook_attempts", "webhook_messages", "webhook_keys", "webhook_endpoints"]).await
    }
}
