//! People and what they accepted.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = table(
            "users",
            [
                id(),
                text("email"),
                text("password_hash"),
                text_null("full_name"),
                text_null("phone"),
                text("locale"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("email_confirmed_at"),
                timestamp_with_time_zone_null("confirmation_expires_at"),
                timestamp_with_time_zone_null("confirmation_sent_at"),
            ],
        );
        let acceptances = table(
            "agreement_acceptances",
            [
                id(),
                uuid("user_id"),
                text("kind"),
                text("version"),
                timestamp_with_time_zone("accepted_at"),
                text("address"),
            ],
        )
        .references("user_id", "users");
        create(
            manager,
            [users, acceptances],
            [
                unique("users_email", "users", ["email"]),
                index("agreement_acceptances_user", "agreement_acceptances", ["user_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["agreement_acceptances", "users"]).await
    }
}
