//! Apps that act for people, and what people let them do.

use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager,
    TableCreateStatement, async_trait,
};
use sea_orm_migration::schema::{
    boolean, date_null, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

use crate::table::{References, create, drop, id, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let apps = table(
            "apps",
            [
                id(),
                text("name"),
                text("redirect_uris"),
                text("scopes"),
                boolean("public"),
                text_null("secret_hash"),
                text_null("old_secret_hash"),
                timestamp_with_time_zone_null("old_secret_ends_at"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("revoked_at"),
            ],
        );
        let grants = table(
            "client_grants",
            [
                id(),
                uuid("user_id"),
                uuid("app_id"),
                text("scopes"),
                date_null("data_from"),
                timestamp_with_time_zone("granted_at"),
                timestamp_with_time_zone("expires_at"),
                timestamp_with_time_zone_null("used_at"),
                timestamp_with_time_zone_null("revoked_at"),
            ],
        )
        .references("user_id", "users")
        .references("app_id", "apps");
        let mut accounts = table("client_grant_accounts", [uuid("client_grant_id"), uuid("attachment_id")]);
        accounts.primary_key(Index::create().col("client_grant_id").col("attachment_id"));
        let mut hash = text("token_hash");
        hash.primary_key();
        let tokens = table(
            "client_grant_tokens",
            [
                hash,
                uuid("client_grant_id"),
                text("kind"),
                text("scopes"),
                timestamp_with_time_zone("issued_at"),
                timestamp_with_time_zone("expires_at"),
                timestamp_with_time_zone_null("spent_at"),
                text_null("redirect_uri"),
                text_null("challenge"),
            ],
        );
        let calls = table(
            "client_grant_calls",
            [id(), uuid("client_grant_id"), timestamp_with_time_zone("called_at"), text("operations"), text("address")],
        );
        let indexes = [
            index("client_grants_person", "client_grants", ["user_id", "granted_at"]),
            index("client_grants_app", "client_grants", ["app_id"]),
            index("client_grant_accounts_attachment", "client_grant_accounts", ["attachment_id"]),
            index("client_grant_tokens_grant", "client_grant_tokens", ["client_grant_id"]),
            index("client_grant_tokens_end", "client_grant_tokens", ["expires_at"]),
            index("client_grant_calls_grant", "client_grant_calls", ["client_grant_id", "called_at"]),
            index("client_grant_calls_age", "client_grant_calls", ["called_at"]),
        ];
        let tables = [
            apps,
            grants,
            goes_with(goes_with(accounts, "client_grant_id", "client_grants"), "attachment_id", "attachments"),
            goes_with(tokens, "client_grant_id", "client_grants"),
            goes_with(calls, "client_grant_id", "client_grants"),
        ];
        create(manager, tables, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["client_grant_calls", "client_grant_tokens", "client_grant_accounts", "client_grants", "apps"];
        drop(manager, tables).await
    }
}

/// Whatever way an account is detached, no grant reaches it any more.
fn goes_with(mut table: TableCreateStatement, column: &'static str, parent: &'static str) -> TableCreateStatement {
    let key = ForeignKey::create()
        .from_col(column)
        .to_tbl(parent)
        .to_col("id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned();
    table.foreign_key(&mut key.clone());
    table
}
