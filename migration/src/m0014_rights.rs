//! Deletions of cabinets: those asked for, and what proves those carried out.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{text, timestamp_with_time_zone, uuid};

use crate::table::{References, create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut user_id = uuid("user_id");
        user_id.primary_key();
        let deletions = table(
            "cabinet_deletions",
            [user_id, timestamp_with_time_zone("requested_at"), timestamp_with_time_zone("due_at")],
        )
        .references("user_id", "users");
        // Without a reference to the person, whose row may be gone.
        let erasures = table(
            "erasures",
            [
                id(),
                uuid("user_id"),
                text("reason"),
                timestamp_with_time_zone("erased_at"),
                text("address_hash"),
                text("counts"),
            ],
        );
        create(manager, [deletions, erasures], [index("erasures_address", "erasures", ["address_hash"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["erasures", "cabinet_deletions"]).await
    }
}
