//! How a payer pays, the text of an SBP QR code, and how far the fiscal receipt is; the same at the sandbox bank.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait};
use sea_orm_migration::schema::{text, text_null};

#[derive(DeriveMigrationName)]
pub struct Step;

const OF_PAYMENTS: [&str; 3] = ["method", "qr_payload", "receipt_status"];
const OF_SANDBOX: [&str; 2] = ["confirmation", "receipt_status"];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut method = text("method");
        method.default("ANY");
        let mut confirmation = text("confirmation");
        confirmation.default("redirect");
        let added = [
            ("payments", method),
            ("payments", text_null("qr_payload")),
            ("payments", text_null("receipt_status")),
            ("sandbox_payments", confirmation),
            ("sandbox_payments", text_null("receipt_status")),
        ];
        for (table, column) in added {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let payments = OF_PAYMENTS.map(|column| ("payments", column));
        let sandbox = OF_SANDBOX.map(|column| ("sandbox_payments", column));
        for (table, column) in payments.into_iter().chain(sandbox) {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
