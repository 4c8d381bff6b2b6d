//! The tables `journal_transactions` and `journal_postings`.

use entity::enums::Book;
use entity::exact::Money;
use entity::{journal_posting, journal_transaction};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QuerySelect,
    Statement,
};

use crate::kernel::Fault;
use crate::platform::db::{Engine, Tx};

/// A book and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Sum {
    pub book: Book,
    pub amount: Money,
}

/// The postings first: their transaction closes them (step 30).
pub async fn insert_in(
    tx: &Tx,
    transaction: journal_transaction::Model,
    postings: Vec<journal_posting::Model>,
) -> Result<(), DbErr> {
    let postings = postings.into_iter().map(IntoActiveModel::into_active_model);
    journal_posting::Entity::insert_many(postings).exec_without_returning(&**tx).await?;
    let transaction = transaction.into_active_model();
    journal_transaction::Entity::insert(transaction).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn sums(db: &DatabaseConnection) -> Result<Vec<Sum>, Fault> {
    let sum = Expr::col(journal_posting::Column::Amount).sum().cast_as("bigint");
    let query = journal_posting::Entity::find()
        .select_only()
        .column(journal_posting::Column::Book)
        .column_as(sum, "amount")
        .group_by(journal_posting::Column::Book);
    Ok(query.into_model::<Sum>().all(db).await?)
}

/// Both sides must hold the same sum for each payment.
const DIFFERENCES: &str = "SELECT COUNT(*) AS differences FROM (\
    SELECT payment_id FROM (\
    SELECT payment_id, amount FROM ledger_entries WHERE payment_id IS NOT NULL AND kind IN ('PAYMENT', 'REFUND') \
    UNION ALL SELECT t.payment_id, -p.amount FROM journal_transactions t \
    JOIN journal_postings p ON p.transaction_id = t.id AND p.book = 'ACCOUNT' WHERE t.payment_id IS NOT NULL) AS both_sides \
    GROUP BY payment_id HAVING SUM(amount) <> 0) AS different";

pub async fn count_differences(db: &DatabaseConnection, engine: Engine) -> Result<u64, Fault> {
    let backend = match engine {
        Engine::Sqlite => DbBackend::Sqlite,
        Engine::Postgres => DbBackend::Postgres,
    };
    let row = db.query_one_raw(Statement::from_string(backend, DIFFERENCES)).await?;
    let differences: i64 = row.ok_or_else(|| Fault::internal("a count without a row"))?.try_get("", "differences")?;
    Ok(differences.unsigned_abs())
}
