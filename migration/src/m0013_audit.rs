//! What people did: a chain of events each, and apart from it from where, which is deleted with the cabinet.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};
use sea_orm_migration::schema::{big_integer, text, text_null, timestamp_with_time_zone, uuid};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{References, create, drop, id, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without a reference to the person: the chain stays when the cabinet is gone.
        let events = table(
            "audit_events",
            [
                id(),
                uuid("user_id"),
                big_integer("sequence"),
                text("kind"),
                timestamp_with_time_zone("occurred_at"),
                text("circumstances_hash"),
                text("previous_hash"),
                text("hash"),
            ],
        );
        let mut event_id = uuid("event_id");
        event_id.primary_key();
        let circumstances = table(
            "audit_circumstances",
            [
                event_id,
                text("salt"),
                text_null("address"),
                text_null("device"),
                text_null("request_id"),
                text("details"),
            ],
        )
        .references("event_id", "audit_events");
        create(
            manager,
            [events, circumstances],
            [unique("audit_events_sequence", "audit_events", ["user_id", "sequence"])],
        )
        .await?;
        append_only(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["audit_circumstances", "audit_events"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION refuse_audit_change()").await?;
        }
        Ok(())
    }
}

/// Events are neither changed nor deleted; circumstances are not changed.
async fn append_only(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements: &[&str] = match manager.get_database_backend() {
        DbBackend::Postgres => &[
            "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
            "CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events \
             FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
            "CREATE TRIGGER audit_circumstances_no_update BEFORE UPDATE ON audit_circumstances \
             FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
        ],
        _ => &[
            "CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events \
             BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
            "CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events \
             BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
            "CREATE TRIGGER audit_circumstances_no_update BEFORE UPDATE ON audit_circumstances \
             BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        ],
    };
    for sql in statements {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
