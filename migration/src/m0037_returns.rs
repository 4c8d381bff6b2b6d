//! What a provider was told of, and has posted, is known of refunds as of payments.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{timestamp_with_time_zone_null, uuid_null};

#[derive(DeriveMigrationName)]
pub struct Step;

/// Registers have left out what was given back before them; what came later nobody was told of.
const TOLD_BEFORE: &str = "UPDATE refunds SET \
    sent_at = (SELECT sent_at FROM payments WHERE payments.id = refunds.payment_id), \
    register_id = (SELECT register_id FROM payments WHERE payments.id = refunds.payment_id) \
    WHERE status = 'SUCCEEDED' \
    AND finished_at <= (SELECT sent_at FROM payments WHERE payments.id = refunds.payment_id)";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let added = [
            timestamp_with_time_zone_null("sent_at"),
            timestamp_with_time_zone_null("posted_at"),
            uuid_null("register_id"),
        ];
        // SQLite takes one column at a time.
        for column in added {
            manager.alter_table(Table::alter().table("refunds").add_column(column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(TOLD_BEFORE).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["sent_at", "posted_at", "register_id"] {
            manager.alter_table(Table::alter().table("refunds").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
