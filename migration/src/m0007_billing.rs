//! Statements and the append-only ledger.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};
use sea_orm_migration::schema::{
    big_integer, date, integer, integer_null, small_integer, text, text_null, timestamp_with_time_zone, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{References, create, drop, id, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = table(
            "statements",
            [
                id(),
                uuid("personal_account_id"),
                integer("period"),
                big_integer("opening"),
                big_integer("accrued"),
                big_integer("recalculated"),
                big_integer("penalty"),
                big_integer("paid"),
                big_integer("closing"),
                date("due_on"),
                timestamp_with_time_zone("issued_at"),
            ],
        )
        .references("personal_account_id", "personal_accounts");
        let mut lines = table(
            "statement_lines",
            [
                uuid("statement_id"),
                small_integer("position"),
                text("service_code"),
                text("service_name"),
                big_integer("volume"),
                text("unit"),
                big_integer("price"),
                big_integer("coefficient"),
                big_integer("amount"),
                text("basis"),
                text_null("explanation"),
            ],
        )
        .references("statement_id", "statements");
        lines.primary_key(sea_orm_migration::prelude::Index::create().col("statement_id").col("position"));
        let entries = table(
            "ledger_entries",
            [
                id(),
                uuid("personal_account_id"),
                big_integer("version"),
                timestamp_with_time_zone("occurred_at"),
                timestamp_with_time_zone("recorded_at"),
                text("kind"),
                big_integer("amount"),
                big_integer("balance_after"),
                integer_null("period"),
                uuid_null("statement_id"),
                uuid_null("payment_id"),
            ],
        )
        .references("personal_account_id", "personal_accounts")
        .references("statement_id", "statements")
        .references("payment_id", "payments");
        create(
            manager,
            [statements, lines, entries],
            [
                unique("statements_period", "statements", ["personal_account_id", "period"]),
                unique("ledger_entries_version", "ledger_entries", ["personal_account_id", "version"]),
                // Money enters the ledger once: a second posting of the same payment does not fit in.
                unique("ledger_entries_payment", "ledger_entries", ["payment_id", "kind"]),
            ],
        )
        .await?;
        append_only(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["ledger_entries", "statement_lines", "statements"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION refuse_ledger_change()").await?;
        }
        Ok(())
    }
}

/// Corrections are reversing entries, so the database refuses to change or delete one.
async fn append_only(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements: &[&str] = match manager.get_database_backend() {
        DbBackend::Postgres => &[
            "CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'ledger entries are append-only'; END $$",
            "CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries \
             FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()",
        ],
        _ => &[
            "CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries \
             BEGIN SELECT RAISE(ABORT, 'ledger entries are append-only'); END",
            "CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries \
             BEGIN SELECT RAISE(ABORT, 'ledger entries are append-only'); END",
        ],
    };
    for sql in statements {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
