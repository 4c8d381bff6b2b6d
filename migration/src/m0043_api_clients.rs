//! Providers' own programs: who they are, their secrets, their tokens, and what was done to them.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};
use sea_orm_migration::schema::{text, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let clients = table(
            "api_clients",
            [
                id(),
                uuid("provider_id"),
                text("name"),
                text("scopes"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("token_at"),
                timestamp_with_time_zone_null("revoked_at"),
            ],
        )
        .references("provider_id", "providers");
        let secrets = table(
            "api_client_secrets",
            [
                id(),
                uuid("api_client_id"),
                text("secret_hash"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("ends_at"),
            ],
        )
        .references("api_client_id", "api_clients");
        let mut hash = text("token_hash");
        hash.primary_key();
        let tokens = table(
            "api_client_tokens",
            [
                hash,
                uuid("api_client_id"),
                uuid("secret_id"),
                text("scopes"),
                timestamp_with_time_zone("issued_at"),
                timestamp_with_time_zone("expires_at"),
            ],
        )
        .references("api_client_id", "api_clients")
        .references("secret_id", "api_client_secrets");
        let events = table(
            "api_client_events",
            [id(), uuid("api_client_id"), timestamp_with_time_zone("occurred_at"), text("kind"), text("details")],
        )
        .references("api_client_id", "api_clients");
        let indexes = [
            index("api_clients_provider", "api_clients", ["provider_id"]),
            unique("api_client_secrets_hash", "api_client_secrets", ["secret_hash"]),
            index("api_client_secrets_client", "api_client_secrets", ["api_client_id"]),
            index("api_client_tokens_client", "api_client_tokens", ["api_client_id"]),
            index("api_client_tokens_secret", "api_client_tokens", ["secret_id"]),
            index("api_client_tokens_end", "api_client_tokens", ["expires_at"]),
            index("api_client_events_client", "api_client_events", ["api_client_id", "occurred_at"]),
        ];
        create(manager, [clients, secrets, tokens, events], indexes).await?;
        append_only(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["api_client_events", "api_client_tokens", "api_client_secrets", "api_clients"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION refuse_client_event_change()").await?;
        }
        Ok(())
    }
}

async fn append_only(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements: &[&str] = match manager.get_database_backend() {
        DbBackend::Postgres => &[
            "CREATE FUNCTION refuse_client_event_change() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the log of clients is append-only'; END $$",
            "CREATE TRIGGER api_client_events_append_only BEFORE UPDATE OR DELETE ON api_client_events \
             FOR EACH ROW EXECUTE FUNCTION refuse_client_event_change()",
        ],
        _ => &[
            "CREATE TRIGGER api_client_events_no_update BEFORE UPDATE ON api_client_events \
             BEGIN SELECT RAISE(ABORT, 'the log of clients is append-only'); END",
            "CREATE TRIGGER api_client_events_no_delete BEFORE DELETE ON api_client_events \
             BEGIN SELECT RAISE(ABORT, 'the log of clients is append-only'); END",
        ],
    };
    for sql in statements {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
