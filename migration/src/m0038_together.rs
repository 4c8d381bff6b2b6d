//! Payments for several accounts that are paid at once: each knows the first of them, which alone the acquirer knows.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::uuid_null;
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::index;

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let together = Table::alter().table("payments").add_column(uuid_null("together_id")).to_owned();
        manager.alter_table(together).await?;
        manager.create_index(index("payments_paid_together", "payments", ["together_id"])).await?;
        let fixed = if manager.get_database_backend() == DbBackend::Postgres {
            "CREATE TRIGGER payments_together BEFORE UPDATE ON payments FOR EACH ROW \
             WHEN (NEW.together_id IS DISTINCT FROM OLD.together_id) EXECUTE FUNCTION refuse_payment_change()"
        } else {
            "CREATE TRIGGER payments_together BEFORE UPDATE ON payments \
             WHEN NEW.together_id IS DISTINCT FROM OLD.together_id \
             BEGIN SELECT RAISE(ABORT, 'refuse_payment_change'); END"
        };
        manager.get_connection().execute_unprepared(fixed).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let on = if postgres { " ON payments" } else { "" };
        manager.get_connection().execute_unprepared(&format!("DROP TRIGGER payments_together{on}")).await?;
        manager.drop_index(Index::drop().name("payments_paid_together").table("payments").to_owned()).await?;
        manager.alter_table(Table::alter().table("payments").drop_column("together_id").to_owned()).await
    }
}
