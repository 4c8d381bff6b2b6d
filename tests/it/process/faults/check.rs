//! What must hold after every fault.

use std::collections::BTreeMap;

use entity::ids::PaymentId;
use kabinet::kernel::type_id;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

use super::world::{KEY, SHOP, World};

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get("", "number").unwrap()
}

/// Kopecks.
fn sum(amount: &Value) -> i64 {
    amount["value"].as_str().unwrap().replace('.', "").parse().unwrap()
}

impl World {
    /// All payments of the shop, as the bank lists them.
    async fn at_the_bank(&self) -> Vec<Value> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let url = format!("{}/sandbox/v3/payments?limit=100{cursor}", self.bank.url);
            let request = reqwest::Client::new().get(url).basic_auth(SHOP, Some(KEY));
            let mut page: Value = request.send().await.unwrap().json().await.unwrap();
            found.append(page["items"].as_array_mut().unwrap());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    pub async fn check(&self, after: &str) {
        let db = Database::connect(&self.database).await.unwrap();
        let unbalanced = "SELECT COUNT(*) AS number FROM (SELECT transaction_id FROM journal_postings \
                          GROUP BY transaction_id HAVING SUM(amount) <> 0) AS wrong";
        assert_eq!(number(&db, unbalanced).await, 0, "{after}: the journal does not sum to zero");
        let twice = "SELECT COUNT(*) AS number FROM (SELECT payment_id FROM ledger_entries WHERE kind = 'PAYMENT' \
                     AND payment_id IS NOT NULL GROUP BY payment_id HAVING COUNT(*) > 1) AS wrong";
        assert_eq!(number(&db, twice).await, 0, "{after}: a payment is posted twice");
        // Of those that are paid at once the first was acknowledged.
        let begun = "SELECT COUNT(*) AS number FROM payments WHERE together_id IS NULL OR together_id = id";
        let payments = number(&db, begun).await;
        assert_eq!(payments, i64::try_from(self.known.len()).unwrap(), "{after}: one payment for each key");
        for known in &self.known {
            let id: PaymentId = type_id::decode(&known.id).unwrap();
            let there = format!("SELECT COUNT(*) AS number FROM payments WHERE id = '{}'", id.0);
            assert_eq!(number(&db, &there).await, 1, "{after}: {} was acknowledged and is gone", known.id);
        }
        let open = "SELECT COUNT(*) AS number FROM payments \
                    WHERE status NOT IN ('SUCCEEDED', 'CANCELED', 'PARTIALLY_REFUNDED', 'REFUNDED') \
                    AND COALESCE(together_id, id) = id";
        let waiting = self.known.iter().filter(|known| known.end == "UNKNOWN").count();
        assert_eq!(number(&db, open).await, i64::try_from(waiting).unwrap(), "{after}: some have no end");
        let apart = "SELECT COUNT(*) AS number FROM payments AS other JOIN payments AS first ON first.id = other.together_id \
                     WHERE (other.paid_at IS NULL) <> (first.paid_at IS NULL)";
        assert_eq!(number(&db, apart).await, 0, "{after}: what is paid at once has come apart");
        let bank = self.at_the_bank().await;
        let mut each: BTreeMap<String, usize> = BTreeMap::new();
        for payment in &bank {
            *each.entry(payment["metadata"]["payment_id"].to_string()).or_default() += 1;
        }
        assert!(each.values().all(|count| *count == 1), "{after}: a key has two effects: {each:?}");
        let held =
            "SELECT CAST(COALESCE(SUM(amount), 0) AS bigint) AS number FROM journal_postings WHERE book = 'ACQUIRER'";
        let taken = bank.iter().filter(|payment| payment["status"] == "succeeded");
        let taken: i64 = taken.map(|payment| sum(&payment["amount"]) - sum(&payment["refunded_amount"])).sum();
        assert_eq!(number(&db, held).await, taken, "{after}: the bank's register and the ledger differ");
        db.close().await.unwrap();
    }

    /// Everything is final but what may wait.
    pub async fn check_end(&self) {
        self.check("at the end").await;
        let db = Database::connect(&self.database).await.unwrap();
        for known in &self.known {
            let id: PaymentId = type_id::decode(&known.id).unwrap();
            let ended =
                format!("SELECT COUNT(*) AS number FROM payments WHERE id = '{}' AND status = '{}'", id.0, known.end);
            assert_eq!(number(&db, &ended).await, 1, "{} is not {}", known.id, known.end);
        }
        let incidents = number(&db, "SELECT COUNT(*) AS number FROM incidents").await;
        assert_eq!(incidents, 0, "nothing contradicts anything");
        let dead = number(&db, "SELECT COUNT(*) AS number FROM outbox_jobs WHERE dead_at IS NOT NULL").await;
        assert_eq!(dead, 0, "no job was put aside");
        db.close().await.unwrap();
    }
}
