//! Tokens of people's own scripts.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{text, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid};

use crate::table::{References, create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tokens = table(
            "access_tokens",
            [
                id(),
                uuid("user_id"),
                text("name"),
                text("token_hash"),
                text("scopes"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone("expires_at"),
                timestamp_with_time_zone_null("used_at"),
            ],
        )
        .references("user_id", "users");
        let mut hash = index("access_tokens_hash", "access_tokens", ["token_hash"]);
        hash.unique();
        let person = index("access_tokens_person", "access_tokens", ["user_id", "created_at"]);
        create(manager, [tokens], [hash, person]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["access_tokens"]).await
    }
}
