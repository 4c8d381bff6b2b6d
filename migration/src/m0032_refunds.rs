//! Refunds, in parts and never above what was paid.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, async_trait,
};
use sea_orm_migration::schema::{
    big_integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

/// Every move that there is; the code's table is `payments/refund/state.rs`. What was asked for stays.
const CHANGED_WRONGLY: &str = "NEW.amount <> OLD.amount OR NEW.payment_id <> OLD.payment_id OR (OLD.status <> NEW.status \
    AND OLD.status || '>' || NEW.status NOT IN ('CREATED>UNKNOWN', 'CREATED>PENDING', 'CREATED>SUCCEEDED', \
    'CREATED>CANCELED', 'UNKNOWN>PENDING', 'UNKNOWN>SUCCEEDED', 'UNKNOWN>CANCELED', 'PENDING>SUCCEEDED', 'PENDING>CANCELED'))";

/// The payment's row is locked by whoever asks for a refund.
const TOO_MUCH: &str = "NEW.amount + COALESCE((SELECT SUM(amount) FROM refunds WHERE payment_id = NEW.payment_id AND status <> 'CANCELED'), 0) \
    > (SELECT amount FROM payments WHERE id = NEW.payment_id)";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let refunds = table(
            "refunds",
            [
                id(),
                uuid("payment_id"),
                big_integer("amount"),
                text("status"),
                text_null("acquirer_refund_id"),
                text("reason"),
                text("requested_by"),
                text_null("failure"),
                timestamp_with_time_zone("created_at"),
                timestamp_with_time_zone_null("finished_at"),
                timestamp_with_time_zone_null("called_at"),
            ],
        )
        .references("payment_id", "payments");
        create(manager, [refunds], [index("refunds_payment", "refunds", ["payment_id"])]).await?;
        // A payment is posted once; refunds of it may be several, each once by the journal's reference.
        manager.drop_index(Index::drop().name("ledger_entries_payment").table("ledger_entries").to_owned()).await?;
        let once = "CREATE UNIQUE INDEX ledger_entries_payment ON ledger_entries (payment_id) WHERE kind = 'PAYMENT'";
        run(manager, once).await?;
        for guard in guards(manager.get_database_backend()) {
            run(manager, &guard).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["refunds"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            run(manager, "DROP FUNCTION refuse_refund()").await?;
            run(manager, "DROP FUNCTION refuse_refund_above()").await?;
        }
        manager.drop_index(Index::drop().name("ledger_entries_payment").table("ledger_entries").to_owned()).await?;
        manager.create_index(unique("ledger_entries_payment", "ledger_entries", ["payment_id", "kind"])).await
    }
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await.map(|_| ())
}

fn guards(engine: DbBackend) -> Vec<String> {
    if engine != DbBackend::Postgres {
        let refuse = |name: &str, event: &str, when: &str| {
            format!(
                "CREATE TRIGGER {name} BEFORE {event} ON refunds WHEN {when} BEGIN SELECT RAISE(ABORT, 'refuse_refund'); END"
            )
        };
        return vec![
            refuse("refunds_begin", "INSERT", &format!("NEW.status <> 'CREATED' OR NEW.amount <= 0 OR {TOO_MUCH}")),
            refuse("refunds_one_way", "UPDATE", CHANGED_WRONGLY),
            refuse("refunds_kept", "DELETE", "TRUE"),
        ];
    }
    let function = "CREATE FUNCTION refuse_refund() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN RAISE EXCEPTION 'a refund does not change so'; END $$";
    // A WHEN of PostgreSQL asks no other table.
    let above = format!(
        "CREATE FUNCTION refuse_refund_above() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.status <> 'CREATED' OR NEW.amount <= 0 OR {TOO_MUCH} THEN \
         RAISE EXCEPTION 'more is given back than was paid'; END IF; RETURN NEW; END $$"
    );
    let trigger = |name: &str, event: &str, when: &str, function: &str| {
        format!("CREATE TRIGGER {name} BEFORE {event} ON refunds FOR EACH ROW {when} EXECUTE FUNCTION {function}()")
    };
    vec![
        function.to_owned(),
        above,
        trigger("refunds_begin", "INSERT", "", "refuse_refund_above"),
        trigger("refunds_one_way", "UPDATE", &format!("WHEN ({CHANGED_WRONGLY})"), "refuse_refund"),
        trigger("refunds_kept", "DELETE", "", "refuse_refund"),
    ]
}
