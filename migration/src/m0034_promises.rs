//! What becomes of a payment after the money has come, and by which terms a provider is paid.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait};
use sea_orm_migration::schema::{
    big_integer, boolean, small_integer, small_integer_null, text, text_null, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

const OF_PAYMENTS: [&str; 3] = ["receipt_at", "sent_at", "posted_at"];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in OF_PAYMENTS {
            let column = timestamp_with_time_zone_null(column);
            manager.alter_table(Table::alter().table("payments").add_column(column).to_owned()).await?;
        }
        let mut provider_id = uuid("provider_id");
        provider_id.primary_key();
        let terms = table(
            "payment_terms",
            [
                provider_id,
                text("receipt"),
                small_integer("vat_code"),
                small_integer_null("tax_system"),
                small_integer("commission_rate"),
                big_integer("commission_least"),
                boolean("utilities"),
                text_null("register_template"),
            ],
        )
        .references("provider_id", "providers");
        create(manager, [terms], [index("payments_paid", "payments", ["personal_account_id", "paid_at"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["payment_terms"]).await?;
        let index = sea_orm_migration::prelude::Index::drop().name("payments_paid").table("payments").to_owned();
        manager.drop_index(index).await?;
        for column in OF_PAYMENTS {
            manager.alter_table(Table::alter().table("payments").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
