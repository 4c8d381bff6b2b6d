//! Payments, what acquirers told, and the books of the sandbox bank.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    big_integer, integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let payments = table(
            "payments",
            [
                id(),
                uuid("personal_account_id"),
                uuid("user_id"),
                big_integer("amount"),
                big_integer("commission"),
                text("status"),
                text("acquirer"),
                text_null("acquirer_payment_id"),
                text_null("confirmation_url"),
                text_null("return_url"),
                text_null("receipt_email"),
                text_null("failure"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("paid_at"),
                integer("checks"),
            ],
        )
        .references("personal_account_id", "personal_accounts")
        .references("user_id", "users");
        let notifications = table(
            "acquirer_notifications",
            [
                id(),
                text("acquirer"),
                text("acquirer_payment_id"),
                text("body"),
                timestamp_with_time_zone("received_at"),
            ],
        );
        let mut bank_id = text("id");
        bank_id.primary_key();
        let sandbox = table(
            "sandbox_payments",
            [
                bank_id,
                text("idempotence_key"),
                big_integer("amount"),
                text("description"),
                text("return_url"),
                text("status"),
                text_null("failure"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("decided_at"),
            ],
        );
        create(
            manager,
            [payments, notifications, sandbox],
            [
                index("payments_account", "payments", ["personal_account_id", "id"]),
                unique("payments_acquirer", "payments", ["acquirer", "acquirer_payment_id"]),
                index("acquirer_notifications_payment", "acquirer_notifications", ["acquirer", "acquirer_payment_id"]),
                unique("sandbox_payments_key", "sandbox_payments", ["idempotence_key"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["sandbox_payments", "acquirer_notifications", "payments"]).await
    }
}
