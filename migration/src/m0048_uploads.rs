//! Exports that providers' programs send by HTTP: what has arrived, and what became of it.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    big_integer, blob, boolean, integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let uploads = table(
            "uploads",
            [
                id(),
                uuid("provider_id"),
                uuid("api_client_id"),
                text("manifest"),
                boolean("dry_run"),
                text("state"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("arrived_at"),
                integer("run"),
                timestamp_with_time_zone_null("leased_until"),
                big_integer("steps_total"),
                big_integer("steps_done"),
                text_null("report"),
                timestamp_with_time_zone_null("finished_at"),
            ],
        )
        .references("provider_id", "providers")
        .references("api_client_id", "api_clients");
        let mut files =
            table("upload_files", [uuid("upload_id"), text("name"), big_integer("received"), boolean("complete")])
                .references("upload_id", "uploads");
        files.primary_key(Index::create().col("upload_id").col("name"));
        let mut chunks =
            table("upload_chunks", [uuid("upload_id"), text("name"), big_integer("position"), blob("content")])
                .references("upload_id", "uploads");
        chunks.primary_key(Index::create().col("upload_id").col("name").col("position"));
        let indexes = [
            index("uploads_provider", "uploads", ["provider_id", "id"]),
            index("uploads_state", "uploads", ["state", "arrived_at"]),
        ];
        create(manager, [uploads, files, chunks], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["upload_chunks", "upload_files", "uploads"]).await
    }
}
