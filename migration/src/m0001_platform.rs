//! Mechanisms: expiring keys, the outbox, first answers to keyed mutations.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
};

use crate::table::{create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut keys = table(
            "key_values",
            [text("space"), text("key"), uuid_null("owner"), text("value"), timestamp_with_time_zone("expires_at")],
        );
        keys.primary_key(sea_orm_migration::prelude::Index::create().col("space").col("key"));
        let jobs = table(
            "outbox_jobs",
            [
                id(),
                text("kind"),
                text("payload"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone("due_at"),
                integer("attempts"),
                timestamp_with_time_zone_null("leased_until"),
                timestamp_with_time_zone_null("dead_at"),
                text_null("last_error"),
            ],
        );
        let mut answers = table(
            "idempotency_keys",
            [
                uuid("user_id"),
                text("operation"),
                text("key"),
                text("fingerprint"),
                text("outcome"),
                timestamp_with_time_zone("created_at"),
            ],
        );
        answers.primary_key(sea_orm_migration::prelude::Index::create().col("user_id").col("operation").col("key"));
        create(
            manager,
            [keys, jobs, answers],
            [
                index("key_values_owner", "key_values", ["space", "owner"]),
                index("key_values_expiry", "key_values", ["expires_at"]),
                index("outbox_jobs_due", "outbox_jobs", ["dead_at", "due_at"]),
                index("idempotency_keys_age", "idempotency_keys", ["created_at"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["idempotency_keys", "outbox_jobs", "key_values"]).await
    }
}
