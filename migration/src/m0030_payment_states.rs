//! The states of a payment with the moves between them, the journal in double entry, and incidents.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{
    big_integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

/// Every move that there is; the code's table is `payments/state.rs`.
const MOVED_WRONGLY: &str = "OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN (\
    'CREATED>UNKNOWN', 'CREATED>PENDING', 'CREATED>WAITING_FOR_CAPTURE', 'CREATED>SUCCEEDED', 'CREATED>CANCELED', \
    'UNKNOWN>PENDING', 'UNKNOWN>WAITING_FOR_CAPTURE', 'UNKNOWN>SUCCEEDED', 'UNKNOWN>CANCELED', \
    'PENDING>WAITING_FOR_CAPTURE', 'PENDING>SUCCEEDED', 'PENDING>CANCELED', \
    'WAITING_FOR_CAPTURE>SUCCEEDED', 'WAITING_FOR_CAPTURE>CANCELED', \
    'SUCCEEDED>PARTIALLY_REFUNDED', 'SUCCEEDED>REFUNDED', 'PARTIALLY_REFUNDED>REFUNDED')";

/// What is fixed from the start, or from the moment it is known, until the papers of a final payment are purged; and no more
/// is given back than was paid.
const REWRITTEN: &str = "NEW.amount <> OLD.amount OR NEW.commission <> OLD.commission \
    OR NEW.personal_account_id <> OLD.personal_account_id OR NEW.created_at <> OLD.created_at \
    OR (OLD.acquirer_payment_id IS NOT NULL AND NEW.acquirer_payment_id IS DISTINCT FROM OLD.acquirer_payment_id \
    AND NOT (NEW.acquirer_payment_id IS NULL \
    AND NEW.status IN ('SUCCEEDED', 'CANCELED', 'PARTIALLY_REFUNDED', 'REFUNDED'))) \
    OR NEW.refunded < OLD.refunded OR NEW.refunded > NEW.amount";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut refunded = big_integer("refunded");
        refunded.default(0);
        let called_at = timestamp_with_time_zone_null("called_at");
        // SQLite takes one column at a time.
        for column in [refunded, called_at] {
            manager.alter_table(Table::alter().table("payments").add_column(column).to_owned()).await?;
        }
        run(manager, &[UNPLACED.to_owned()]).await?;
        run(manager, &payment_guards(manager.get_database_backend())).await?;
        incidents(manager).await?;
        journal(manager).await?;
        run(manager, &posted_before(manager.get_database_backend())).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["journal_postings", "journal_transactions", "incidents"]).await?;
        let triggers = ["payments_begin", "payments_one_way", "payments_fixed", "payments_kept"];
        let undone: Vec<String> = match manager.get_database_backend() {
            DbBackend::Postgres => triggers
                .iter()
                .map(|trigger| format!("DROP TRIGGER {trigger} ON payments"))
                .chain(
                    ["refuse_payment_change", "refuse_journal_change", "refuse_unbalanced_journal"].map(drop_function),
                )
                .collect(),
            _ => triggers.iter().map(|trigger| format!("DROP TRIGGER {trigger}")).collect(),
        };
        run(manager, &undone).await?;
        run(manager, &[PLACED_AGAIN.to_owned()]).await?;
        for column in ["called_at", "refunded"] {
            manager.alter_table(Table::alter().table("payments").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

const UNPLACED: &str =
    "UPDATE payments SET status = 'CREATED' WHERE status = 'PENDING' AND acquirer_payment_id IS NULL";
const PLACED_AGAIN: &str =
    "UPDATE payments SET status = 'PENDING' WHERE status IN ('CREATED', 'UNKNOWN', 'WAITING_FOR_CAPTURE')";

/// What succeeded before there was a journal: its transaction bears the id of the ledger's entry.
fn posted_before(engine: DbBackend) -> [String; 2] {
    let id = if engine == DbBackend::Postgres { "replace(p.id::text, '-', '')" } else { "lower(hex(p.id))" };
    let postings = "INSERT INTO journal_postings (transaction_id, book, amount) \
        SELECT id, book, CASE book WHEN 'ACCOUNT' THEN amount WHEN 'PROVIDER' THEN amount ELSE -amount END \
        FROM ledger_entries, (SELECT 'ACCOUNT' AS book UNION ALL SELECT 'CLEARING' UNION ALL SELECT 'ACQUIRER' \
        UNION ALL SELECT 'PROVIDER') AS books WHERE kind = 'PAYMENT' AND payment_id IS NOT NULL";
    let transactions = format!(
        "INSERT INTO journal_transactions (id, kind, reference, payment_id, personal_account_id, provider_id, acquirer, \
         occurred_at, recorded_at) \
         SELECT e.id, 'PAYMENT', {id}, p.id, e.personal_account_id, a.provider_id, p.acquirer, e.occurred_at, e.recorded_at \
         FROM ledger_entries e JOIN payments p ON p.id = e.payment_id \
         JOIN personal_accounts a ON a.id = e.personal_account_id WHERE e.kind = 'PAYMENT'"
    );
    [postings.to_owned(), transactions]
}

fn drop_function(name: &str) -> String {
    format!("DROP FUNCTION {name}()")
}

async fn run(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    for sql in statements {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}

/// A trigger that refuses what `when` finds; none refuses always.
fn refusal(engine: DbBackend, name: &str, event: &str, table: &str, when: Option<&str>, function: &str) -> String {
    if engine == DbBackend::Postgres {
        let when = when.map(|when| format!(" WHEN ({when})")).unwrap_or_default();
        format!("CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{when} EXECUTE FUNCTION {function}()")
    } else {
        let when = when.map(|when| format!(" WHEN {when}")).unwrap_or_default();
        format!("CREATE TRIGGER {name} BEFORE {event} ON {table}{when} BEGIN SELECT RAISE(ABORT, '{function}'); END")
    }
}

fn refusing_function(name: &str, text: &str) -> String {
    format!("CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{text}'; END $$")
}

fn payment_guards(engine: DbBackend) -> Vec<String> {
    let guard = |name, event, when| refusal(engine, name, event, "payments", when, "refuse_payment_change");
    let mut statements = vec![
        guard("payments_begin", "INSERT", Some("NEW.status <> 'CREATED' OR NEW.refunded <> 0")),
        guard("payments_one_way", "UPDATE", Some(MOVED_WRONGLY)),
        guard("payments_fixed", "UPDATE", Some(REWRITTEN)),
        // Where nothing was paid, nothing must be kept for ever.
        guard("payments_kept", "DELETE", Some("OLD.status <> 'CANCELED'")),
    ];
    if engine == DbBackend::Postgres {
        statements.insert(0, refusing_function("refuse_payment_change", "a payment does not change so"));
    }
    statements
}

async fn incidents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let incidents = table(
        "incidents",
        [
            id(),
            text("kind"),
            text("subject"),
            uuid_null("payment_id"),
            text("details"),
            text_null("owner"),
            timestamp_with_time_zone("opened_at"),
            timestamp_with_time_zone_null("closed_at"),
            text_null("resolution"),
        ],
    );
    let indexes = [
        unique("incidents_once", "incidents", ["subject", "kind"]),
        index("incidents_open", "incidents", ["closed_at", "id"]),
    ];
    create(manager, [incidents], indexes).await
}

/// Postings are stored first and their transaction closes them: from then on there is no other posting.
async fn journal(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let transactions = table(
        "journal_transactions",
        [
            id(),
            text("kind"),
            text("reference"),
            uuid_null("payment_id"),
            uuid_null("personal_account_id"),
            uuid("provider_id"),
            text_null("acquirer"),
            timestamp_with_time_zone("occurred_at"),
            timestamp_with_time_zone("recorded_at"),
        ],
    )
    .references("payment_id", "payments")
    .references("personal_account_id", "personal_accounts")
    .references("provider_id", "providers");
    let indexes = [
        unique("journal_transactions_reference", "journal_transactions", ["kind", "reference"]),
        index("journal_transactions_payment", "journal_transactions", ["payment_id"]),
    ];
    create(manager, [transactions], indexes).await?;
    let engine = manager.get_database_backend();
    let uuid = if engine == DbBackend::Postgres { "uuid" } else { "uuid_text" };
    // The builder knows no deferred references.
    let postings = format!(
        "CREATE TABLE journal_postings (transaction_id {uuid} NOT NULL REFERENCES journal_transactions (id) \
         DEFERRABLE INITIALLY DEFERRED, book text NOT NULL, amount bigint NOT NULL CHECK (amount <> 0), \
         PRIMARY KEY (transaction_id, book))"
    );
    run(manager, &[postings]).await?;
    run(manager, &journal_guards(engine)).await
}

const CLOSED: &str = "EXISTS (SELECT 1 FROM journal_transactions WHERE id = NEW.transaction_id)";
const UNBALANCED: &str = "COALESCE((SELECT SUM(amount) FROM journal_postings WHERE transaction_id = NEW.id), 1) <> 0";

fn journal_guards(engine: DbBackend) -> Vec<String> {
    let tables = ["journal_transactions", "journal_postings"];
    let kept = tables.iter().flat_map(|table| {
        ["UPDATE", "DELETE"].map(|event| {
            let name = format!("{table}_no_{}", event.to_lowercase());
            refusal(engine, &name, event, table, None, "refuse_journal_change")
        })
    });
    if engine != DbBackend::Postgres {
        let closing = [
            refusal(
                engine,
                "journal_postings_closed",
                "INSERT",
                "journal_postings",
                Some(CLOSED),
                "refuse_journal_change",
            ),
            refusal(
                engine,
                "journal_transactions_balance",
                "INSERT",
                "journal_transactions",
                Some(UNBALANCED),
                "refuse_unbalanced_journal",
            ),
        ];
        return closing.into_iter().chain(kept).collect();
    }
    let balance = |name: &str, table: &str, id: &str| {
        format!(
            "CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW \
             EXECUTE FUNCTION refuse_unbalanced_journal('{id}')"
        )
    };
    let unbalanced = "CREATE FUNCTION refuse_unbalanced_journal() RETURNS trigger LANGUAGE plpgsql AS $$ \
        DECLARE asked uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid; \
        BEGIN \
        IF COALESCE((SELECT SUM(amount) FROM journal_postings WHERE transaction_id = asked), 1) <> 0 THEN \
        RAISE EXCEPTION 'a transaction of the journal does not sum to zero'; END IF; \
        RETURN NULL; END $$";
    let functions = [refusing_function("refuse_journal_change", "the journal is append-only"), unbalanced.to_owned()];
    let balanced = [
        balance("journal_postings_balance", "journal_postings", "transaction_id"),
        balance("journal_transactions_balance", "journal_transactions", "id"),
    ];
    functions.into_iter().chain(balanced).chain(kept).collect()
}
