//! Replacements of meters as acts of their own, and seals.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait};
use sea_orm_migration::schema::{date, date_null, text_null, uuid};

use crate::table::{References, create, drop, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [text_null("seal_number"), date_null("sealed_on"), date_null("seal_broken_on")] {
            manager.alter_table(Table::alter().table("meters").add_column(column).to_owned()).await?;
        }
        let mut old = uuid("old_meter_id");
        old.primary_key();
        let replacements = table(
            "meter_replacements",
            [
                old,
                uuid("new_meter_id"),
                uuid("personal_account_id"),
                date("replaced_on"),
                uuid("closing_reading_id"),
                uuid("opening_reading_id"),
            ],
        )
        .references("old_meter_id", "meters")
        .references("new_meter_id", "meters")
        .references("personal_account_id", "personal_accounts")
        .references("closing_reading_id", "meter_readings")
        .references("opening_reading_id", "meter_readings");
        create(manager, [replacements], [unique("meter_replacements_new", "meter_replacements", ["new_meter_id"])])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["meter_replacements"]).await?;
        for column in ["seal_number", "sealed_on", "seal_broken_on"] {
            manager.alter_table(Table::alter().table("meters").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
