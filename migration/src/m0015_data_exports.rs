//! Archives of people's data, in pieces: any instance makes one, any other hands it out.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, integer, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let exports = table(
            "data_exports",
            [
                id(),
                uuid("user_id"),
                timestamp_with_time_zone("requested_at"),
                integer("run"),
                big_integer("records"),
                big_integer_null("size"),
                timestamp_with_time_zone_null("ready_at"),
                timestamp_with_time_zone_null("expires_at"),
            ],
        )
        .references("user_id", "users");
        let mut chunks = table("data_export_chunks", [uuid("data_export_id"), integer("position"), blob("content")])
            .references("data_export_id", "data_exports");
        chunks.primary_key(Index::create().col("data_export_id").col("position"));
        let indexes = [
            index("data_exports_person", "data_exports", ["user_id", "requested_at"]),
            index("meter_readings_sender", "meter_readings", ["submitted_by", "id"]),
            index("payments_person", "payments", ["user_id", "id"]),
        ];
        create(manager, [exports, chunks], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["payments_person", "meter_readings_sender"] {
            manager.drop_index(Index::drop().name(name).to_owned()).await?;
        }
        drop(manager, ["data_export_chunks", "data_exports"]).await
    }
}
