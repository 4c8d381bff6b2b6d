//! Providers, personal accounts and who is attached to them.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, small_integer, small_integer_null, text, text_null,
    timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let providers = table(
            "providers",
            [
                id(),
                text("code"),
                text("name"),
                text("search_name"),
                text_null("region"),
                text("account_number_pattern"),
                text("account_number_sample"),
                text("account_number_hint_ru"),
                text("account_number_hint_en"),
                text("access_proofs"),
                small_integer_null("reading_window_first_day"),
                small_integer_null("reading_window_last_day"),
                text_null("support_email"),
                small_integer("time_zone_minutes"),
                big_integer_null("usual_monthly_maximum"),
                text_null("inn"),
                text_null("kpp"),
                text_null("bank_name"),
                text_null("bic"),
                text_null("bank_account"),
                text_null("correspondent_account"),
            ],
        );
        let accounts = table(
            "personal_accounts",
            [
                id(),
                uuid("provider_id"),
                text("number"),
                text_null("holder_name"),
                text_null("address"),
                text_null("pin"),
                boolean("attachable"),
                small_integer_null("residents"),
                big_integer_null("heated_area"),
                big_integer("balance"),
                big_integer("in_transit"),
                big_integer("version"),
                timestamp_with_time_zone("balance_as_of"),
            ],
        )
        .references("provider_id", "providers");
        let attachments = table(
            "attachments",
            [
                id(),
                uuid("user_id"),
                uuid("personal_account_id"),
                text("access"),
                text_null("nickname"),
                timestamp_with_time_zone("attached_at"),
                timestamp_with_time_zone_null("proved_at"),
                big_integer("attached_version"),
            ],
        )
        .references("user_id", "users")
        .references("personal_account_id", "personal_accounts");
        create(
            manager,
            [providers, accounts, attachments],
            [
                unique("providers_code", "providers", ["code"]),
                unique("providers_name", "providers", ["name", "id"]),
                unique("personal_accounts_number", "personal_accounts", ["provider_id", "number"]),
                unique("attachments_user", "attachments", ["user_id", "personal_account_id"]),
                index("attachments_account", "attachments", ["personal_account_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["attachments", "personal_accounts", "providers"]).await
    }
}
