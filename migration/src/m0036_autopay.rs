//! Saved means of paying, and payments that are made by themselves with them.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait};
use sea_orm_migration::schema::{
    big_integer, boolean, integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
    uuid_null,
};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let flag = || {
            let mut flag = boolean("saves_method");
            flag.default(false);
            flag
        };
        for (table, column) in
            [("payments", flag()), ("payments", uuid_null("saved_method_id")), ("sandbox_payments", flag())]
        {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        let methods = table(
            "saved_methods",
            [
                id(),
                uuid("user_id"),
                text("acquirer"),
                text("acquirer_method_id"),
                text("kind"),
                text("title"),
                timestamp_with_time_zone("saved_at"),
            ],
        )
        .references("user_id", "users");
        let autopays = table(
            "autopays",
            [
                id(),
                uuid("user_id"),
                uuid("personal_account_id"),
                uuid("saved_method_id"),
                text("acts_on"),
                big_integer("ceiling"),
                timestamp_with_time_zone("consented_at"),
                timestamp_with_time_zone_null("paused_at"),
                text_null("pause_reason"),
            ],
        )
        .references("user_id", "users")
        .references("personal_account_id", "personal_accounts")
        .references("saved_method_id", "saved_methods");
        let runs = table(
            "autopay_runs",
            [
                id(),
                uuid("autopay_id"),
                integer("period"),
                big_integer("amount"),
                text("state"),
                timestamp_with_time_zone("due_at"),
                integer("tries"),
                uuid_null("payment_id"),
                text_null("reason"),
                timestamp_with_time_zone("announced_at"),
            ],
        )
        .references("autopay_id", "autopays");
        let indexes = [
            index("saved_methods_of_user", "saved_methods", ["user_id"]),
            unique("autopays_of_account", "autopays", ["user_id", "personal_account_id"]),
            unique("autopay_runs_once", "autopay_runs", ["autopay_id", "period"]),
        ];
        create(manager, [methods, autopays, runs], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["autopay_runs", "autopays", "saved_methods"]).await?;
        let columns =
            [("payments", "saves_method"), ("payments", "saved_method_id"), ("sandbox_payments", "saves_method")];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
