//! What is supplied under an account, how that changed, and what it costs.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{big_integer, big_integer_null, date, date_null, text, text_null, uuid};

use crate::table::{References, create, drop, id, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let services = table(
            "account_services",
            [
                id(),
                uuid("personal_account_id"),
                text("code"),
                text("name"),
                text("unit"),
                text("tariff_group"),
                text_null("contract_number"),
                big_integer_null("norm"),
                date("starts_on"),
                date_null("ends_on"),
            ],
        )
        .references("personal_account_id", "personal_accounts");
        let changes = table(
            "service_changes",
            [
                id(),
                uuid("personal_account_id"),
                text("service_code"),
                date("changed_on"),
                text("kind"),
                text_null("before"),
                text_null("after"),
                text("description"),
            ],
        )
        .references("personal_account_id", "personal_accounts");
        let tariffs = table(
            "tariffs",
            [
                id(),
                uuid("provider_id"),
                text("service_code"),
                text("service_name"),
                text("tariff_group"),
                big_integer("price"),
                text("unit"),
                date("starts_on"),
                date_null("ends_on"),
                text_null("order_reference"),
            ],
        )
        .references("provider_id", "providers");
        create(
            manager,
            [services, changes, tariffs],
            [
                unique("account_services_code", "account_services", ["personal_account_id", "code"]),
                unique(
                    "service_changes_day",
                    "service_changes",
                    ["personal_account_id", "changed_on", "service_code", "kind"],
                ),
                unique("tariffs_start", "tariffs", ["provider_id", "service_code", "tariff_group", "starts_on"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["tariffs", "service_changes", "account_services"]).await
    }
}
