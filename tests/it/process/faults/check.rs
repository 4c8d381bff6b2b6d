//! What must hold after every fault.

use std::collections::BTreeMap;

use entity::ids::PaymentId;
use kabinet::kernel::type_id;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult, Statement};
use serde_json::Value;

use super::world::{KEY, SHOP, World};

/// Payments whose money has come, whatever was given back of it.
const PAID: &str = "('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED')";

/// The payment that the bank knows: of those that are paid at once the first.
const FIRST: &str = "COALESCE(payments.together_id, payments.id)";

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get("", "number").unwrap()
}

/// Of each payment, by the id that the bank was told.
async fn each(db: &DatabaseConnection, sql: &str) -> BTreeMap<String, i64> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    let of_row = |row: &QueryResult| {
        let payment: PaymentId = row.try_get("", "payment").unwrap();
        let number: i64 = row.try_get("", "number").unwrap();
        (payment.0.to_string(), number)
    };
    rows.iter().map(of_row).collect()
}

/// Kopecks.
fn sum(amount: &Value) -> i64 {
    amount["value"].as_str().unwrap().replace('.', "").parse().unwrap()
}

/// The payment that the shop has named.
fn name(payment: &Value) -> String {
    payment["metadata"]["payment_id"].as_str().unwrap().to_owned()
}

/// Of each payment whose money the bank has.
fn taken(bank: &[Value], amount: impl Fn(&Value) -> i64) -> BTreeMap<String, i64> {
    let succeeded = bank.iter().filter(|payment| payment["status"] == "succeeded");
    succeeded.map(|payment| (name(payment), amount(payment))).collect()
}

/// How many movements (payment, account, amount) one side has and the other has not, or not so often. Each side is the
/// end of a SELECT, beginning with its columns.
fn one_sided(one: &str, other: &str) -> String {
    format!(
        "SELECT COUNT(*) AS number FROM (SELECT payment, account, amount FROM \
         (SELECT 1 AS side, {one} UNION ALL SELECT -1 AS side, {other}) AS sides \
         GROUP BY payment, account, amount HAVING SUM(side) <> 0) AS wrong"
    )
}

/// Payments, refunds, ledger and journal say the same, one by one; balances are what the ledger sums up to.
async fn books(db: &DatabaseConnection, after: &str) {
    let entered = |kinds: &str| {
        format!(
            "payment_id AS payment, personal_account_id AS account, amount AS amount FROM ledger_entries \
             WHERE payment_id IS NOT NULL AND kind IN ({kinds})"
        )
    };
    let paid = format!(
        "id AS payment, personal_account_id AS account, -amount AS amount FROM payments WHERE status IN {PAID}"
    );
    let wrong = number(db, &one_sided(&paid, &entered("'PAYMENT'"))).await;
    assert_eq!(wrong, 0, "{after}: each paid payment is in the ledger once, and no other");
    // Of a commission that is given back the provider's ledger knows nothing.
    let given_back = "refunds.payment_id AS payment, payments.personal_account_id AS account, refunds.amount AS amount \
                      FROM refunds JOIN payments ON payments.id = refunds.payment_id \
                      WHERE refunds.status = 'SUCCEEDED' AND refunds.amount <> 0";
    let wrong = number(db, &one_sided(given_back, &entered("'REFUND'"))).await;
    assert_eq!(wrong, 0, "{after}: each refund is in the ledger once, and no other");
    let credited = "movement.payment_id AS payment, movement.personal_account_id AS account, posting.amount AS amount \
                    FROM journal_transactions AS movement JOIN journal_postings AS posting \
                    ON posting.transaction_id = movement.id AND posting.book = 'ACCOUNT' \
                    WHERE movement.payment_id IS NOT NULL";
    let wrong = number(db, &one_sided(credited, &entered("'PAYMENT', 'REFUND'"))).await;
    assert_eq!(wrong, 0, "{after}: journal and ledger differ");
    let refunded = "SELECT COUNT(*) AS number FROM payments WHERE refunded <> COALESCE((SELECT SUM(refunds.amount) \
                    FROM refunds WHERE refunds.payment_id = payments.id AND refunds.status = 'SUCCEEDED'), 0)";
    assert_eq!(number(db, refunded).await, 0, "{after}: a payment's refunds are not what was given back of it");
    let unbalanced = "SELECT COUNT(*) AS number FROM personal_accounts LEFT JOIN (SELECT personal_account_id, \
                      SUM(amount) AS total, COUNT(*) AS entries FROM ledger_entries GROUP BY personal_account_id) \
                      AS ledger ON ledger.personal_account_id = personal_accounts.id \
                      WHERE personal_accounts.balance <> COALESCE(ledger.total, 0) \
                      OR personal_accounts.version <> COALESCE(ledger.entries, 0)";
    assert_eq!(number(db, unbalanced).await, 0, "{after}: a balance is not the sum of its entries");
    let unbalanced = "SELECT COUNT(*) AS number FROM (SELECT transaction_id FROM journal_postings \
                      GROUP BY transaction_id HAVING SUM(amount) <> 0) AS wrong";
    assert_eq!(number(db, unbalanced).await, 0, "{after}: the journal does not sum to zero");
}

/// What the bank has taken and given back is what is recorded here: of each payment, so that two errors do not make up
/// for each other.
async fn bank_agrees(db: &DatabaseConnection, bank: &[Value], after: &str) {
    let mut effects: BTreeMap<String, usize> = BTreeMap::new();
    for payment in bank {
        *effects.entry(name(payment)).or_default() += 1;
    }
    assert!(effects.values().all(|count| *count == 1), "{after}: a key has two effects: {effects:?}");
    let paid = format!(
        "SELECT {FIRST} AS payment, CAST(SUM(amount + commission) AS bigint) AS number FROM payments \
         WHERE status IN {PAID} GROUP BY {FIRST}"
    );
    assert_eq!(
        each(db, &paid).await,
        taken(bank, |payment| sum(&payment["amount"])),
        "{after}: what the bank has taken"
    );
    let given_back = format!(
        "SELECT {FIRST} AS payment, CAST(SUM(refunds.amount + refunds.commission) AS bigint) AS number \
         FROM refunds JOIN payments ON payments.id = refunds.payment_id \
         WHERE refunds.status = 'SUCCEEDED' GROUP BY {FIRST}"
    );
    let mut given = taken(bank, |payment| sum(&payment["refunded_amount"]));
    given.retain(|_, amount| *amount != 0);
    assert_eq!(each(db, &given_back).await, given, "{after}: what the bank has given back");
    let held = format!(
        "SELECT {FIRST} AS payment, CAST(SUM(posting.amount) AS bigint) AS number FROM journal_postings AS posting \
         JOIN journal_transactions AS movement ON movement.id = posting.transaction_id \
         JOIN payments ON payments.id = movement.payment_id WHERE posting.book = 'ACQUIRER' GROUP BY {FIRST}"
    );
    let left = taken(bank, |payment| sum(&payment["amount"]) - sum(&payment["refunded_amount"]));
    assert_eq!(each(db, &held).await, left, "{after}: what the journal says that the bank holds");
    // Postings of no payment at all would be in none of these.
    let all = "SELECT CAST(COALESCE(SUM(amount), 0) AS bigint) AS number FROM journal_postings WHERE book = 'ACQUIRER'";
    assert_eq!(
        number(db, all).await,
        left.values().sum::<i64>(),
        "{after}: the bank's register and the journal differ"
    );
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

    /// What was acknowledged is there, once, and has ended.
    async fn payments(&self, db: &DatabaseConnection, after: &str) {
        // Of those that are paid at once the first was acknowledged.
        let begun = "SELECT COUNT(*) AS number FROM payments WHERE together_id IS NULL OR together_id = id";
        let payments = number(db, begun).await;
        assert_eq!(payments, i64::try_from(self.known.len()).unwrap(), "{after}: one payment for each key");
        for known in &self.known {
            let id: PaymentId = type_id::decode(&known.id).unwrap();
            let there = format!("SELECT COUNT(*) AS number FROM payments WHERE id = '{}'", id.0);
            assert_eq!(number(db, &there).await, 1, "{after}: {} was acknowledged and is gone", known.id);
        }
        let open = format!(
            "SELECT COUNT(*) AS number FROM payments WHERE status NOT IN {PAID} AND status <> 'CANCELED' \
                     AND COALESCE(together_id, id) = id"
        );
        let waiting = self.known.iter().filter(|known| known.is_open()).count();
        assert_eq!(number(db, &open).await, i64::try_from(waiting).unwrap(), "{after}: some have no end");
        let apart = "SELECT COUNT(*) AS number FROM payments AS other JOIN payments AS first ON first.id = other.together_id \
                     WHERE (other.paid_at IS NULL) <> (first.paid_at IS NULL)";
        assert_eq!(number(db, apart).await, 0, "{after}: what is paid at once has come apart");
    }

    pub async fn check(&self, after: &str) {
        let db = Database::connect(&self.database).await.unwrap();
        self.payments(&db, after).await;
        books(&db, after).await;
        bank_agrees(&db, &self.at_the_bank().await, after).await;
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
