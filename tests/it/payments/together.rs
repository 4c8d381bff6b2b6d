//! Several accounts of one provider that are paid at once.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::{custom, notify, settle};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, sample, user_errors};
use crate::metering::{attach, owner};

const FIELDS: &str = "payment { id status amount { amount } commission { amount } total { amount } confirmationUrl
    paidTogether { id status amount { amount } commission { amount } total { amount } confirmationUrl personalAccount { id } paidTogether { id } } }
    replayed userErrors { code field }";

/// Another account of the same provider as the one of the sample, and none of the other samples, attached.
async fn neighbour(app: &TestApp, customer: &Customer) -> String {
    let first = sample("debt");
    let samples = ["debt", "overpaid", "no-meter"].map(|note| format!("'{}'", sample(note).number)).join(", ");
    let sql = format!(
        "SELECT a.number AS number, a.pin AS pin FROM personal_accounts a JOIN providers p ON p.id = a.provider_id \
         WHERE p.code = '{}' AND a.number NOT IN ({samples}) AND a.pin IS NOT NULL ORDER BY a.number LIMIT 1",
        first.provider_code
    );
    let read = app.app.mechanisms.db.read();
    let row = read.query_one_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap().unwrap();
    let (number, pin): (String, String) = (row.try_get("", "number").unwrap(), row.try_get("", "pin").unwrap());
    customer.attach(&first.provider_code, &number, Some(&pin)).await
}

pub async fn two(app: &TestApp) -> (Customer, String, String) {
    let (customer, first) = owner(app, "anna@example.com", "debt").await;
    let second = neighbour(app, &customer).await;
    (customer, first, second)
}

/// So much of each account, the first one first.
pub fn both(sums: [(&str, &str); 2], key: &str) -> Value {
    let [(first, sum), (second, other)] = sums;
    let mut input = custom(first, sum, key);
    input["otherAccounts"] = json!([{ "personalAccountId": second, "amount": { "custom": other } }]);
    input
}

/// Ids of both payments, and where they are paid once the bank has answered.
pub async fn begun(customer: &Customer, input: Value) -> (String, String, String) {
    let payload = customer.mutate("startPayment", FIELDS, input).await;
    assert_eq!(user_errors(&payload), [], "{payload}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let payment = &payload["payment"];
    (text(&payment["id"]), text(&payment["paidTogether"][0]["id"]), text(&payment["confirmationUrl"]))
}

async fn url_of(customer: &Customer, id: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { confirmationUrl } } }";
    customer.ask(query, json!({ "id": id })).await["node"]["confirmationUrl"].as_str().unwrap().to_owned()
}

async fn status(customer: &Customer, id: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { status } } }";
    customer.ask(query, json!({ "id": id })).await["node"]["status"].as_str().unwrap().to_owned()
}

async fn operator(app: &TestApp, arguments: &[&str]) -> String {
    let output = app.operator(arguments).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

const TOGETHER: &str = "ACCOUNTS_NOT_PAYABLE_TOGETHER";
const HELD: &str = "SELECT CAST(SUM(amount) AS BIGINT) AS number FROM journal_postings WHERE book = 'ACQUIRER'";

both_ways!(accounts_of_one_provider_are_one_payment_at_the_bank_and_one_entry_each, |app| {
    let (customer, first, second) = two(&app).await;
    let code = sample("debt").provider_code.as_str();
    let terms = "payment-terms set CODE --receipt with-payment --vat 11 --commission 100 --register csv";
    operator(&app, &terms.replace("CODE", code).split(' ').collect::<Vec<_>>()).await;
    let before = (customer.balance(&first).await, customer.balance(&second).await);
    let payload = customer.mutate("startPayment", FIELDS, both([(&first, "10.00"), (&second, "5.50")], "one")).await;
    assert_eq!((user_errors(&payload), &payload["replayed"]), (vec![], &json!(false)));
    let payment = &payload["payment"];
    let sum = |value: &Value, name: &str| value[name]["amount"].as_str().unwrap().to_owned();
    let [amount, commission, total] = ["amount", "commission", "total"].map(|name| sum(payment, name));
    assert_eq!([amount, commission, total], ["10.00", "0.16", "15.66"], "one commission, of all that is paid");
    let other = &payment["paidTogether"][0];
    let [amount, commission, total] = ["amount", "commission", "total"].map(|name| sum(other, name));
    assert_eq!([amount, commission, total], ["5.50", "0.00", "15.66"]);
    assert_eq!(other["personalAccount"]["id"], second);
    assert_eq!(other["confirmationUrl"], payment["confirmationUrl"], "one page at the bank");
    assert_eq!(other["paidTogether"], json!([{ "id": payment["id"] }]));
    let again = customer.mutate("startPayment", FIELDS, both([(&first, "10.00"), (&second, "5.50")], "one")).await;
    assert_eq!((&again["payment"]["id"], &again["replayed"]), (&payment["id"], &json!(true)));
    let changed = customer.mutate("startPayment", FIELDS, both([(&first, "10.00"), (&second, "5.51")], "one")).await;
    assert_eq!(user_errors(&changed)[0].0, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM sandbox_payments").await, 1);
    assert_eq!(number(&app, "SELECT amount AS number FROM sandbox_payments").await, 1_566);

    app.discard_letters();
    app.bank(payment["confirmationUrl"].as_str().unwrap(), "pay").await;
    let name = payment["confirmationUrl"].as_str().unwrap().rsplit_once('/').unwrap().1;
    for _ in 0..3 {
        notify(&app, "sandbox", json!({ "event": "payment.succeeded", "object": { "id": name } })).await;
    }
    app.drain().await;
    settle(&app).await;
    for id in [&payment["id"], &other["id"]] {
        assert_eq!(status(&customer, id.as_str().unwrap()).await, "SUCCEEDED");
    }
    let entries = "SELECT COUNT(DISTINCT personal_account_id) * 100 + COUNT(*) AS number FROM ledger_entries WHERE kind = 'PAYMENT' AND payment_id IS NOT NULL";
    assert_eq!(number(&app, entries).await, 202, "one entry for each account");
    assert_ne!((customer.balance(&first).await, customer.balance(&second).await), before);
    assert_eq!(number(&app, HELD).await, 1_566);
    app.advance(TimeDelta::minutes(2));
    app.drain().await;
    let receipts =
        "SELECT COUNT(*) AS number FROM payments WHERE receipt_status = 'SUCCEEDED' AND receipt_at IS NOT NULL";
    assert_eq!(number(&app, receipts).await, 2, "one fiscal receipt for both");
    operator(&app, &["registers", "write", code]).await;
    let provider = app.app.services.accounts.provider_id(code).await.unwrap().unwrap();
    let register = app.app.services.payments.find_register(provider, 1).await.unwrap().unwrap();
    assert_eq!((register.payments, register.total.0), (2, 1_550), "the provider is told of each account");
    let day = app.clock.now().date_naive();
    let compared = app.app.services.payments.reconcile("sandbox", day).await.unwrap();
    assert_eq!((compared.theirs, compared.differences), (1, vec![]));
    assert_eq!(app.take_letters("anna@example.com").len(), 2, "a receipt for each account");
    app.finish().await;
});

both_ways!(each_account_is_given_back_by_itself_and_what_the_bank_gives_back_is_divided, |app| {
    let (customer, first, second) = two(&app).await;
    let (one, other, url) = begun(&customer, both([(&first, "10.00"), (&second, "5.50")], "one")).await;
    app.bank(&url, "pay").await;
    app.drain().await;
    settle(&app).await;
    let give = async |id: &str, sum: &str| {
        app.operator(&["refunds", "make", id, "--amount", sum, "--reason", "ошибка", "--by", "op"]).await.status
    };
    assert!(!give(&other, "5.51").await.success(), "more than the account got");
    assert!(give(&other, "5.50").await.success());
    app.drain().await;
    assert_eq!(
        (status(&customer, &one).await, status(&customer, &other).await),
        ("SUCCEEDED".into(), "REFUNDED".into())
    );
    assert_eq!(number(&app, "SELECT CAST(refunded AS bigint) AS number FROM sandbox_payments").await, 550);
    assert_eq!(number(&app, HELD).await, 1_000);

    // By the bank itself, over both accounts.
    let (one, other, url) = begun(&customer, both([(&first, "3.00"), (&second, "2.00")], "two")).await;
    app.bank(&url, "pay").await;
    app.drain().await;
    let name = url.rsplit_once('/').unwrap().1.to_owned();
    app.app.sandbox.give_back(&name, entity::exact::Money(400), true).await.unwrap();
    app.drain().await;
    settle(&app).await;
    assert_eq!(
        (status(&customer, &one).await.as_str(), status(&customer, &other).await.as_str()),
        ("REFUNDED", "PARTIALLY_REFUNDED")
    );
    assert_eq!(number(&app, HELD).await, 1_100);
    let day = app.clock.now().date_naive();
    let compared = app.app.services.payments.reconcile("sandbox", day).await.unwrap();
    assert_eq!(compared.differences, vec![], "one refund there is two here");
    app.discard_letters();
    app.finish().await;
});

both_ways!(what_is_refused_or_given_up_is_so_for_every_account, |app| {
    let (customer, first, second) = two(&app).await;
    let before = (customer.balance(&first).await, customer.balance(&second).await);
    let (one, other, url) = begun(&customer, both([(&first, "10.00"), (&second, "5.50")], "one")).await;
    app.bank(&url, "refuse").await;
    app.drain().await;
    assert_eq!(
        (status(&customer, &one).await.as_str(), status(&customer, &other).await.as_str()),
        ("CANCELED", "CANCELED")
    );
    // Whichever of them is given up.
    let (one, other, _) = begun(&customer, both([(&first, "10.00"), (&second, "5.50")], "two")).await;
    let payload = customer.mutate("cancelPayment", "payment { id status } replayed", json!({ "id": other })).await;
    assert_eq!(payload["payment"], json!({ "id": other, "status": "CANCELED" }));
    assert_eq!(status(&customer, &one).await, "CANCELED");
    let again = customer.mutate("cancelPayment", "payment { id } replayed", json!({ "id": one })).await;
    assert_eq!(again["replayed"], true);
    // A bank that does not answer leaves all of them unknown, and whoever looks at any of them makes it asked.
    let (one, other, none) = begun(&customer, both([(&first, "10.00"), (&second, "5.07")], "three")).await;
    assert_eq!(none, "");
    assert_eq!(
        (status(&customer, &one).await.as_str(), status(&customer, &other).await.as_str()),
        ("PENDING", "PENDING")
    );
    app.bank(&url_of(&customer, &other).await, "pay_late").await;
    app.advance(TimeDelta::seconds(6));
    assert_eq!(status(&customer, &other).await, "SUCCEEDED");
    assert_eq!(status(&customer, &one).await, "SUCCEEDED");
    assert_ne!((customer.balance(&first).await, customer.balance(&second).await), before);
    settle(&app).await;
    app.advance(TimeDelta::minutes(11));
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(accounts_that_do_not_go_together_are_refused_and_nothing_is_done, |app| {
    let (customer, first, second) = two(&app).await;
    let foreign = attach(&customer, "overpaid").await;
    let refused = async |others: Value| {
        let mut input = custom(&first, "10.00", "one");
        input["otherAccounts"] = others;
        let payload = customer.mutate("startPayment", FIELDS, input).await;
        user_errors(&payload).first().cloned().unwrap_or_else(|| panic!("taken: {payload}"))
    };
    let part = |account: &str, sum: &str| json!({ "personalAccountId": account, "amount": { "custom": sum } });
    let told = |code: &str, path: &[&str]| (code.to_owned(), json!(path));
    if sample("overpaid").provider_code != sample("debt").provider_code {
        let other = told(TOGETHER, &["otherAccounts", "1", "personalAccountId"]);
        assert_eq!(refused(json!([part(&second, "1.00"), part(&foreign, "1.00")])).await, other, "another provider's");
    }
    let first_again = told(TOGETHER, &["otherAccounts", "0", "personalAccountId"]);
    assert_eq!(refused(json!([part(&first, "1.00")])).await, first_again);
    let second_again = told(TOGETHER, &["otherAccounts", "1", "personalAccountId"]);
    assert_eq!(refused(json!([part(&second, "1.00"), part(&second, "1.00")])).await, second_again);
    let boris = app.confirmed_customer("boris@example.com").await;
    let theirs = boris.attach(&sample("no-meter").provider_code, &sample("no-meter").number, None).await;
    let absent = told("ACCOUNT_NOT_FOUND", &["otherAccounts", "0", "personalAccountId"]);
    assert_eq!(refused(json!([part(&theirs, "1.00")])).await, absent, "a stranger's account is not there");
    assert_eq!(refused(json!([part("nonsense", "1.00")])).await, absent);
    let share = json!({ "personalAccountId": theirs, "email": "anna@example.com", "access": "VIEW" });
    boris
        .mutate(
            "proveAccountAccess",
            "personalAccount { id }",
            json!({ "personalAccountId": theirs, "proof": { "pin": sample("no-meter").pin } }),
        )
        .await;
    let share = boris.mutate("sharePersonalAccount", "share { id }", share).await["share"]["id"].take();
    assert!(share.is_string(), "{share}");
    customer.mutate("takeAccountShare", "personalAccount { id }", json!({ "id": share })).await;
    let looks = told("NOT_SHARED", &["otherAccounts", "0", "personalAccountId"]);
    assert_eq!(refused(json!([part(&theirs, "1.00")])).await, looks, "who may only look does not pay");
    let amount = |code| told(code, &["otherAccounts", "0", "amount"]);
    assert_eq!(refused(json!([part(&second, "0.99")])).await, amount("AMOUNT_OUT_OF_RANGE"));
    assert_eq!(
        refused(json!([part(&second, "699990.01")])).await,
        amount("AMOUNT_OUT_OF_RANGE"),
        "the limit is of all"
    );
    let debt = json!([{ "personalAccountId": second, "amount": { "currentDebt": false } }]);
    assert_eq!(refused(debt).await, amount("AMOUNT_MISSING"));
    // The acquirer is told of one account only.
    app.sql("UPDATE provider_terms SET inn = '7701234567', kpp = '770101001', bank_name = 'Банк', bic = '044525225', bank_account = '40702810000000000001', correspondent_account = '30101810400000000225'").await;
    operator(&app, &["payment-terms", "set", &sample("debt").provider_code, "--utilities"]).await;
    assert_eq!(refused(json!([part(&second, "1.00")])).await, first_again);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments").await, 0);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});
