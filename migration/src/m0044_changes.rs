//! The feed of changes: each is written by the database with what changed, whoever changes it.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, small_integer, text, text_null, timestamp_with_time_zone_null, uuid,
};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{create, drop, index, table};

#[derive(DeriveMigrationName)]
pub struct Step;

/// Trigger, event, table, kind, whether the row has a status.
const NOTED: [(&str, &str, &str, &str, bool); 5] = [
    ("ledger_entries_noted", "INSERT", "ledger_entries", "BALANCE", false),
    ("meter_readings_noted", "INSERT", "meter_readings", "READING", true),
    ("meter_readings_moved", "UPDATE OF status", "meter_readings", "READING", true),
    ("payments_noted", "INSERT", "payments", "PAYMENT", true),
    ("payments_moved", "UPDATE OF status", "payments", "PAYMENT", true),
];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without references: a change is news, and goes by itself.
        let changes = table(
            "changes",
            [
                big_pk_auto("id"),
                text("kind"),
                uuid("provider_id"),
                uuid("personal_account_id"),
                uuid("subject_id"),
                text_null("status"),
                big_integer_null("position"),
                timestamp_with_time_zone_null("ordered_at"),
            ],
        );
        let mut one = small_integer("id");
        one.primary_key();
        let feed = table("change_feed", [one, big_integer("position")]);
        let indexes = [
            index("changes_provider", "changes", ["provider_id", "position"]),
            index("changes_account", "changes", ["personal_account_id", "position"]),
        ];
        create(manager, [changes, feed], indexes).await?;
        run(manager, &INDEXES.map(str::to_owned)).await?;
        run(manager, &triggers(manager.get_database_backend())).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let mut undone: Vec<String> = NOTED
            .iter()
            .map(
                |(name, _, table, ..)| {
                    if postgres { format!("DROP TRIGGER {name} ON {table}") } else { format!("DROP TRIGGER {name}") }
                },
            )
            .collect();
        if postgres {
            undone.extend(["DROP FUNCTION note_change()", "DROP FUNCTION note_move()"].map(str::to_owned));
        }
        run(manager, &undone).await?;
        drop(manager, ["change_feed", "changes"]).await
    }
}

const INDEXES: [&str; 3] = [
    "CREATE INDEX changes_waiting ON changes (id) WHERE position IS NULL",
    "CREATE UNIQUE INDEX changes_position ON changes (position) WHERE position IS NOT NULL",
    "INSERT INTO change_feed (id, position) VALUES (1, 0)",
];

fn triggers(engine: DbBackend) -> Vec<String> {
    let noted = |kind: &str, status: &str| {
        format!(
            "INSERT INTO changes (kind, provider_id, personal_account_id, subject_id, status) \
             SELECT {kind}, a.provider_id, a.id, NEW.id, {status} FROM personal_accounts a \
             WHERE a.id = NEW.personal_account_id"
        )
    };
    let moved = "OLD.status <> NEW.status";
    if engine != DbBackend::Postgres {
        let trigger = |(name, event, table, kind, status): &(&str, &str, &str, &str, bool)| {
            let when = if event.starts_with("UPDATE") { format!(" WHEN {moved}") } else { String::new() };
            let noted = noted(&format!("'{kind}'"), if *status { "NEW.status" } else { "NULL" });
            format!("CREATE TRIGGER {name} AFTER {event} ON {table}{when} BEGIN {noted}; END")
        };
        return NOTED.iter().map(trigger).collect();
    }
    let function = |name: &str, status: &str| {
        let noted = noted("TG_ARGV[0]", status);
        format!("CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {noted}; RETURN NULL; END $$")
    };
    let trigger = |(name, event, table, kind, status): &(&str, &str, &str, &str, bool)| {
        let when = if event.starts_with("UPDATE") { format!(" WHEN ({moved})") } else { String::new() };
        let function = if *status { "note_move" } else { "note_change" };
        format!(
            "CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW{when} EXECUTE FUNCTION {function}('{kind}')"
        )
    };
    let functions = [function("note_change", "NULL"), function("note_move", "NEW.status")];
    functions.into_iter().chain(NOTED.iter().map(trigger)).collect()
}

async fn run(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    for sql in statements {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
