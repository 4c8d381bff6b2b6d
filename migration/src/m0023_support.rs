//! Questions to the support service, and their threads.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{boolean, integer, text, timestamp_with_time_zone, uuid, uuid_null};

use crate::table::{References, create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let requests = table(
            "support_requests",
            [
                id(),
                uuid("user_id"),
                text("topic"),
                text("state"),
                uuid_null("personal_account_id"),
                uuid_null("meter_id"),
                uuid_null("statement_id"),
                uuid_null("payment_id"),
                timestamp_with_time_zone("opened_at"),
                timestamp_with_time_zone("moved_at"),
            ],
        )
        .references("user_id", "users")
        .references("personal_account_id", "personal_accounts")
        .references("meter_id", "meters")
        .references("statement_id", "statements")
        .references("payment_id", "payments");
        let mut messages = table(
            "support_messages",
            [
                uuid("support_request_id"),
                integer("position"),
                boolean("by_support"),
                text("text"),
                timestamp_with_time_zone("sent_at"),
            ],
        )
        .references("support_request_id", "support_requests");
        messages.primary_key(Index::create().col("support_request_id").col("position"));
        create(
            manager,
            [requests, messages],
            [
                index("support_requests_user", "support_requests", ["user_id", "id"]),
                index("support_requests_state", "support_requests", ["state", "moved_at"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["support_messages", "support_requests"]).await
    }
}
