//! Registers of payments that go out to providers, and what the daily comparison with an acquirer finds.

use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, date, integer, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid, uuid_null,
};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let registers = table(
            "payment_registers",
            [
                id(),
                uuid("provider_id"),
                integer("number"),
                text("template"),
                text("file_name"),
                integer("payments"),
                big_integer("total"),
                blob("content"),
                timestamp_with_time_zone("created_at"),
            ],
        )
        .references("provider_id", "providers");
        let mut days = table("reconciliations", [text("acquirer"), date("day"), timestamp_with_time_zone("done_at")]);
        days.primary_key(Index::create().col("acquirer").col("day"));
        let differences = table(
            "reconciliation_differences",
            [
                id(),
                text("acquirer"),
                date("day"),
                text("kind"),
                text("subject"),
                uuid_null("payment_id"),
                big_integer_null("ours"),
                big_integer_null("theirs"),
                text_null("owner"),
                timestamp_with_time_zone("opened_at"),
                timestamp_with_time_zone_null("closed_at"),
                text_null("resolution"),
            ],
        );
        let indexes = [
            unique("payment_registers_number", "payment_registers", ["provider_id", "number"]),
            unique("reconciliation_differences_once", "reconciliation_differences", ["acquirer", "kind", "subject"]),
            index("reconciliation_differences_open", "reconciliation_differences", ["closed_at", "id"]),
        ];
        create(manager, [registers, days, differences], indexes).await?;
        let register_id = uuid_null("register_id");
        manager.alter_table(Table::alter().table("payments").add_column(register_id).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("payments").drop_column("register_id").to_owned()).await?;
        drop(manager, ["reconciliation_differences", "reconciliations", "payment_registers"]).await
    }
}
