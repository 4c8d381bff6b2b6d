//! Changes of a person's address, pending and done, and the links that decide about them.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{integer, text, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid};

use crate::table::{References, create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let changes = table(
            "email_changes",
            [
                id(),
                uuid("user_id"),
                text("old_email"),
                text("new_email"),
                integer("credentials_version"),
                timestamp_with_time_zone("requested_at"),
                timestamp_with_time_zone("expires_at"),
                timestamp_with_time_zone_null("confirmed_by_old_at"),
                timestamp_with_time_zone_null("confirmed_by_new_at"),
                timestamp_with_time_zone_null("completed_at"),
            ],
        )
        .references("user_id", "users");
        let mut token_hash = text("token_hash");
        token_hash.primary_key();
        let links = table("email_change_links", [token_hash, uuid("email_change_id"), text("purpose")])
            .references("email_change_id", "email_changes");
        create(
            manager,
            [changes, links],
            [
                index("email_changes_user", "email_changes", ["user_id"]),
                index("email_change_links_change", "email_change_links", ["email_change_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["email_change_links", "email_changes"]).await
    }
}
