//! How far a reading has come, with times; which readings were sent without sight of the history.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{boolean, small_integer, text, text_null, timestamp_with_time_zone, uuid};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{References, create, drop, table};

#[derive(DeriveMigrationName)]
pub struct Step;

/// Every move that there is; the code's table is `metering/chain.rs`.
const MOVED_BACK: &str = "OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN \
    ('SUBMITTED>DELIVERED', 'SUBMITTED>WITHDRAWN', 'DELIVERED>ACCEPTED', 'DELIVERED>REJECTED', 'ACCEPTED>BILLED')";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut withheld = boolean("history_withheld");
        withheld.default(false);
        manager.alter_table(Table::alter().table("meter_readings").add_column(withheld).to_owned()).await?;
        manager.get_connection().execute_unprepared(MARK_WITHHELD).await?;
        let mut changes = table(
            "reading_status_changes",
            [
                uuid("meter_reading_id"),
                small_integer("position"),
                text("status"),
                timestamp_with_time_zone("changed_at"),
                text_null("reason"),
            ],
        )
        .references("meter_reading_id", "meter_readings");
        changes.primary_key(Index::create().col("meter_reading_id").col("position"));
        create(manager, [changes], []).await?;
        guard(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["reading_status_changes"]).await?;
        let statements: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &[
                "DROP TRIGGER meter_readings_one_way ON meter_readings",
                "DROP FUNCTION refuse_reading_move()",
                "DROP FUNCTION refuse_status_change()",
            ],
            _ => &["DROP TRIGGER meter_readings_one_way"],
        };
        for sql in statements {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        manager.alter_table(Table::alter().table("meter_readings").drop_column("history_withheld").to_owned()).await
    }
}

/// A reading of a person that was compared with nothing although there was one before, and that is not its meter's last.
const MARK_WITHHELD: &str = "UPDATE meter_readings SET history_withheld = TRUE \
    WHERE submitted_by IS NOT NULL AND consumption IS NULL \
    AND NOT EXISTS (SELECT 1 FROM meters WHERE meters.last_reading_id = meter_readings.id) \
    AND EXISTS (SELECT 1 FROM meter_readings AS earlier WHERE earlier.meter_id = meter_readings.meter_id \
        AND earlier.id <> meter_readings.id AND earlier.taken_on <= meter_readings.taken_on)";

/// The database refuses a way back, and a rewritten history.
async fn guard(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements: Vec<String> = match manager.get_database_backend() {
        DbBackend::Postgres => vec![
            "CREATE FUNCTION refuse_reading_move() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'a reading does not move from % to %', OLD.status, NEW.status; END $$"
                .to_owned(),
            format!(
                "CREATE TRIGGER meter_readings_one_way BEFORE UPDATE OF status ON meter_readings \
                 FOR EACH ROW WHEN ({MOVED_BACK}) EXECUTE FUNCTION refuse_reading_move()"
            ),
            "CREATE FUNCTION refuse_status_change() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the history of a reading is append-only'; END $$"
                .to_owned(),
            "CREATE TRIGGER reading_status_changes_append_only BEFORE UPDATE OR DELETE ON reading_status_changes \
             FOR EACH ROW EXECUTE FUNCTION refuse_status_change()"
                .to_owned(),
        ],
        _ => vec![
            format!(
                "CREATE TRIGGER meter_readings_one_way BEFORE UPDATE OF status ON meter_readings WHEN {MOVED_BACK} \
                 BEGIN SELECT RAISE(ABORT, 'a reading does not move so'); END"
            ),
            "CREATE TRIGGER reading_status_changes_no_update BEFORE UPDATE ON reading_status_changes \
             BEGIN SELECT RAISE(ABORT, 'the history of a reading is append-only'); END"
                .to_owned(),
            "CREATE TRIGGER reading_status_changes_no_delete BEFORE DELETE ON reading_status_changes \
             BEGIN SELECT RAISE(ABORT, 'the history of a reading is append-only'); END"
                .to_owned(),
        ],
    };
    for sql in statements {
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}
