//! Commissions that an acquirer gives back with the money.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::big_integer;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

#[derive(DeriveMigrationName)]
pub struct Step;

const TOO_MUCH: &str = "NEW.amount + COALESCE((SELECT SUM(amount) FROM refunds WHERE payment_id = NEW.payment_id AND status <> 'CANCELED'), 0) \
    > (SELECT amount FROM payments WHERE id = NEW.payment_id)";
const TOO_MUCH_COMMISSION: &str = "NEW.commission + COALESCE((SELECT SUM(commission) FROM refunds WHERE payment_id = NEW.payment_id AND status <> 'CANCELED'), 0) \
    > (SELECT commission FROM payments WHERE id = NEW.payment_id)";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut commission = big_integer("commission");
        commission.default(0);
        manager.alter_table(Table::alter().table("refunds").add_column(commission).to_owned()).await?;
        let nothing = "NEW.amount < 0 OR NEW.commission < 0 OR NEW.amount + NEW.commission <= 0";
        guard(manager, &format!("{nothing} OR {TOO_MUCH} OR {TOO_MUCH_COMMISSION}")).await?;
        let kept = if manager.get_database_backend() == DbBackend::Postgres {
            "CREATE TRIGGER refunds_commission_kept BEFORE UPDATE ON refunds FOR EACH ROW \
             WHEN (NEW.commission <> OLD.commission) EXECUTE FUNCTION refuse_refund()"
        } else {
            "CREATE TRIGGER refunds_commission_kept BEFORE UPDATE ON refunds WHEN NEW.commission <> OLD.commission \
             BEGIN SELECT RAISE(ABORT, 'refuse_refund'); END"
        };
        manager.get_connection().execute_unprepared(kept).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        let given_back = "SELECT id FROM refunds WHERE commission > 0 LIMIT 1";
        if connection.query_one_raw(Statement::from_string(backend, given_back)).await?.is_some() {
            let reason = "commissions were given back, and would be forgotten: this step is not taken back";
            return Err(DbErr::Custom(reason.to_owned()));
        }
        let on = if backend == DbBackend::Postgres { " ON refunds" } else { "" };
        connection.execute_unprepared(&format!("DROP TRIGGER refunds_commission_kept{on}")).await?;
        // The guard first: it names the column.
        guard(manager, &format!("NEW.amount <= 0 OR {TOO_MUCH}")).await?;
        manager.alter_table(Table::alter().table("refunds").drop_column("commission").to_owned()).await
    }
}

/// What a new refund must not be.
async fn guard(manager: &SchemaManager<'_>, wrong: &str) -> Result<(), DbErr> {
    let wrong = format!("NEW.status <> 'CREATED' OR {wrong}");
    let statements = if manager.get_database_backend() == DbBackend::Postgres {
        vec![format!(
            "CREATE OR REPLACE FUNCTION refuse_refund_above() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {wrong} THEN RAISE EXCEPTION 'more is given back than was paid'; END IF; RETURN NEW; END $$"
        )]
    } else {
        vec![
            "DROP TRIGGER refunds_begin".to_owned(),
            format!(
                "CREATE TRIGGER refunds_begin BEFORE INSERT ON refunds WHEN {wrong} \
                 BEGIN SELECT RAISE(ABORT, 'refuse_refund'); END"
            ),
        ]
    };
    for sql in statements {
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}
