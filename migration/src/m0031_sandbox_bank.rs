//! The sandbox bank's shops, keys and refunds.

use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{big_integer, boolean, integer, text, text_null, timestamp_with_time_zone};

use crate::table::{References, create, drop, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

const ADDED: [&str; 5] = ["shop", "metadata", "capture", "refunded", "method"];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (mut shop, mut metadata) = (text("shop"), text("metadata"));
        let (mut capture, mut refunded) = (boolean("capture"), big_integer("refunded"));
        shop.default("sandbox");
        metadata.default("{}");
        capture.default(true);
        refunded.default(0);
        for column in [shop, metadata, capture, refunded, text_null("method")] {
            manager.alter_table(Table::alter().table("sandbox_payments").add_column(column).to_owned()).await?;
        }
        // A key that the bank has forgotten may come again.
        let key = Index::drop().name("sandbox_payments_key").table("sandbox_payments").to_owned();
        manager.drop_index(key).await?;
        let mut refund_id = text("id");
        refund_id.primary_key();
        let refunds = table(
            "sandbox_refunds",
            [
                refund_id,
                text("payment_id"),
                big_integer("amount"),
                text("metadata"),
                timestamp_with_time_zone("created_at"),
            ],
        )
        .references("payment_id", "sandbox_payments");
        let mut keys = table(
            "sandbox_keys",
            [
                text("shop"),
                text("key"),
                text("fingerprint"),
                text_null("object_id"),
                integer("calls"),
                timestamp_with_time_zone("first_at"),
            ],
        );
        keys.primary_key(Index::create().col("shop").col("key"));
        let indexes = [
            index("sandbox_refunds_payment", "sandbox_refunds", ["payment_id"]),
            index("sandbox_payments_shop", "sandbox_payments", ["shop", "created_at"]),
        ];
        create(manager, [refunds, keys], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["sandbox_keys", "sandbox_refunds"]).await?;
        manager.drop_index(Index::drop().name("sandbox_payments_shop").table("sandbox_payments").to_owned()).await?;
        for column in ADDED {
            manager.alter_table(Table::alter().table("sandbox_payments").drop_column(column).to_owned()).await?;
        }
        manager.create_index(unique("sandbox_payments_key", "sandbox_payments", ["idempotence_key"])).await
    }
}
