//! Second factors and the codes that stand in for a lost one.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    big_integer_null, text, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut owner = uuid("user_id");
        owner.primary_key();
        let factors = table(
            "two_factors",
            [
                owner,
                text("secret"),
                timestamp_with_time_zone("begun_at"),
                timestamp_with_time_zone_null("confirmed_at"),
                big_integer_null("last_step"),
            ],
        )
        .references("user_id", "users");
        let mut codes = table("recovery_codes", [uuid("user_id"), text("code_hash")]).references("user_id", "users");
        codes.primary_key(Index::create().col("user_id").col("code_hash"));
        create(manager, [factors, codes], []).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["recovery_codes", "two_factors"]).await
    }
}
