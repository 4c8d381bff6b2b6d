//! What providers' programs are given, in an order that is final: readings that people sent, and money in the journal.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, async_trait,
};
use sea_orm_migration::schema::{big_integer_null, text, uuid};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{References, create, drop, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [text("kind"), uuid("row_id"), uuid("provider_id"), big_integer_null("position")];
        let mut rows = table("outbound_rows", columns).references("provider_id", "providers");
        rows.primary_key(Index::create().col("kind").col("row_id"));
        // Rows without a position are found by it too: empty ones stand together.
        let place = unique("outbound_rows_position", "outbound_rows", ["provider_id", "kind", "position"]);
        create(manager, [rows], [place]).await?;
        // Nothing can be stored without its row here. Before what was there is copied: what comes meanwhile is not missed.
        for sql in triggers(manager.get_database_backend()) {
            run(manager, &sql).await?;
        }
        run(manager, READINGS_BEFORE).await?;
        run(manager, MOVEMENTS_BEFORE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &[
                "DROP TRIGGER meter_readings_outbound ON meter_readings",
                "DROP TRIGGER journal_transactions_outbound ON journal_transactions",
                "DROP FUNCTION hand_out_reading()",
                "DROP FUNCTION hand_out_movement()",
            ],
            _ => &["DROP TRIGGER meter_readings_outbound", "DROP TRIGGER journal_transactions_outbound"],
        };
        for sql in statements {
            run(manager, sql).await?;
        }
        drop(manager, ["outbound_rows"]).await
    }
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await.map(|_| ())
}

/// Of people: what the provider's billing has itself is no news to it.
const SENT: &str = "NEW.source IN ('CABINET', 'PAYMENT')";
const MOVED: &str = "NEW.kind IN ('PAYMENT', 'REFUND')";
const HAND_OUT_READING: &str = "INSERT INTO outbound_rows (row_id, provider_id, kind) \
    SELECT NEW.id, provider_id, 'READING' FROM personal_accounts WHERE id = NEW.personal_account_id";
const HAND_OUT_MOVEMENT: &str =
    "INSERT INTO outbound_rows (row_id, provider_id, kind) VALUES (NEW.id, NEW.provider_id, 'MOVEMENT')";

const READINGS_BEFORE: &str = "INSERT INTO outbound_rows (row_id, provider_id, kind, position) \
    SELECT meter_readings.id, provider_id, 'READING', ROW_NUMBER() OVER (PARTITION BY provider_id ORDER BY meter_readings.id) \
    FROM meter_readings JOIN personal_accounts ON personal_accounts.id = personal_account_id \
    WHERE source IN ('CABINET', 'PAYMENT')";
const MOVEMENTS_BEFORE: &str = "INSERT INTO outbound_rows (row_id, provider_id, kind, position) \
    SELECT id, provider_id, 'MOVEMENT', ROW_NUMBER() OVER (PARTITION BY provider_id ORDER BY id) \
    FROM journal_transactions WHERE kind IN ('PAYMENT', 'REFUND')";

fn triggers(engine: DbBackend) -> Vec<String> {
    let of = |name: &str, table: &str, when: &str, function: &str, act: &str| match engine {
        DbBackend::Postgres => vec![
            format!(
                "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN {act}; RETURN NULL; END $$"
            ),
            format!(
                "CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {function}()"
            ),
        ],
        _ => vec![format!("CREATE TRIGGER {name} AFTER INSERT ON {table} WHEN {when} BEGIN {act}; END")],
    };
    let mut made = of("meter_readings_outbound", "meter_readings", SENT, "hand_out_reading", HAND_OUT_READING);
    let (name, table) = ("journal_transactions_outbound", "journal_transactions");
    made.extend(of(name, table, MOVED, "hand_out_movement", HAND_OUT_MOVEMENT));
    made
}
