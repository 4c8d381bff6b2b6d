//! What providers' programs sent in batches.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{text, timestamp_with_time_zone, uuid};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let batches = table(
            "import_batches",
            [
                id(),
                uuid("provider_id"),
                text("operation"),
                text("key"),
                text("fingerprint"),
                text("answers"),
                timestamp_with_time_zone("created_at"),
            ],
        )
        .references("provider_id", "providers");
        let indexes = [
            unique("import_batches_key", "import_batches", ["provider_id", "operation", "key"]),
            index("import_batches_age", "import_batches", ["created_at"]),
        ];
        create(manager, [batches], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["import_batches"]).await
    }
}
