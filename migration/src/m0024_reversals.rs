//! Corrections: entries that take back an entry, and statements that a later issue replaced.

use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{timestamp_with_time_zone_null, uuid_null};

use crate::table::{index, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reverses = Table::alter().table("ledger_entries").add_column(uuid_null("reverses_id")).to_owned();
        manager.alter_table(reverses).await?;
        let corrected = timestamp_with_time_zone_null("corrected_at");
        manager.alter_table(Table::alter().table("statements").add_column(corrected).to_owned()).await?;
        // Taken back once.
        manager.create_index(unique("ledger_entries_reverses", "ledger_entries", ["reverses_id"])).await?;
        manager.create_index(index("ledger_entries_statement", "ledger_entries", ["statement_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["ledger_entries_reverses", "ledger_entries_statement"] {
            manager.drop_index(Index::drop().name(name).table("ledger_entries").to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("statements").drop_column("corrected_at").to_owned()).await?;
        manager.alter_table(Table::alter().table("ledger_entries").drop_column("reverses_id").to_owned()).await
    }
}
