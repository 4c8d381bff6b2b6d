//! What a person does around a payment, and what is promised to them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{custom, payment, settle, start, started};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, user_errors};
use crate::metering::owner;

/// For every provider.
async fn terms(app: &TestApp, receipt: &str, commission: i32, template: &str) {
    app.sql(&format!(
        "INSERT INTO payment_terms (provider_id, receipt, vat_code, commission_rate, commission_least, utilities, register_template) \
         SELECT id, '{receipt}', 1, {commission}, 0, false, {template} FROM providers"
    ))
    .await;
}

async fn steps(customer: &Customer, id: &str) -> Vec<(String, bool, bool)> {
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { steps { kind doneAt promisedBy late } } } }";
    let seen = customer.ask(query, json!({ "id": id })).await["node"]["steps"].take();
    let step = |step: &Value| {
        (step["kind"].as_str().unwrap().to_owned(), step["doneAt"].is_string(), step["late"].as_bool().unwrap())
    };
    seen.as_array().unwrap().iter().map(step).collect()
}

fn step(kind: &str, done: bool, late: bool) -> (String, bool, bool) {
    (kind.to_owned(), done, late)
}

async fn incidents(app: &TestApp) -> Vec<String> {
    let incidents = app.app.services.payments.incidents(true).await.unwrap();
    let mut kinds: Vec<_> = incidents.iter().map(|incident| incident.kind.word().to_owned()).collect();
    kinds.sort();
    kinds
}

both_ways!(the_commission_is_shown_before_and_paid_on_top, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    terms(&app, "NONE", 80, "NULL").await;
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { paymentOffer(amount: \"100.63\") {
        amount { amount } commission { amount } total { amount } least { amount } most { amount } receipt } } } }";
    let offer = customer.ask(query, json!({ "id": account })).await["node"]["paymentOffer"].take();
    assert_eq!(offer["commission"]["amount"], "0.81");
    assert_eq!(offer["total"]["amount"], "101.44");
    assert_eq!((&offer["least"]["amount"], &offer["most"]["amount"]), (&json!("1.00"), &json!("700000.00")));
    let begun = started(&customer, custom(&account, "100.63", "one")).await;
    assert_eq!(number(&app, "SELECT amount AS number FROM sandbox_payments").await, 10_144);
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    settle(&app).await;
    assert_eq!(payment(&customer, &begun.id).await["status"], "SUCCEEDED");
    let commission = "SELECT amount AS number FROM journal_postings WHERE book = 'COMMISSION'";
    assert_eq!(number(&app, commission).await, -81);
    app.discard_letters();
    app.finish().await;
});

both_ways!(the_steps_after_a_payment_are_promised_and_a_missed_one_is_an_incident, |app| {
    let app = app.restart_with(&[("KABINET__PAYMENTS__SANDBOX_KOPECKS", "true")]).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    terms(&app, "WITH_PAYMENT", 0, "'csv'").await;
    let begun = started(&customer, custom(&account, "100.00", "one")).await;
    assert_eq!(steps(&customer, &begun.id).await, []);
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    let (paid, receipt) = (step("PAID", true, false), step("FISCAL_RECEIPT", true, false));
    let (sent, posted) = (step("SENT_TO_PROVIDER", false, false), step("POSTED", false, false));
    assert_eq!(steps(&customer, &begun.id).await, [paid.clone(), receipt.clone(), sent, posted.clone()]);
    // A receipt that is never made.
    let without = started(&customer, custom(&account, "200.19", "two")).await;
    app.bank(&without.url, "pay").await;
    app.drain().await;
    assert_eq!(steps(&customer, &without.id).await[1], step("FISCAL_RECEIPT", false, true));
    app.advance(TimeDelta::minutes(2));
    app.drain().await;
    assert_eq!(incidents(&app).await, ["RECEIPT_MISSING"]);
    app.advance(TimeDelta::days(4));
    app.drain().await;
    assert_eq!(incidents(&app).await, ["NOT_SENT", "NOT_SENT", "RECEIPT_MISSING"]);
    // A statement shows all that was paid here.
    app.sql("UPDATE personal_accounts SET in_transit = 0").await;
    app.advance(TimeDelta::days(50));
    app.drain().await;
    assert_eq!(incidents(&app).await.len(), 3, "posted: nothing is missed");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments WHERE posted_at IS NOT NULL").await, 2);
    app.sql("UPDATE personal_accounts SET in_transit = (SELECT SUM(amount) FROM payments WHERE personal_account_id = personal_accounts.id) WHERE id IN (SELECT personal_account_id FROM payments)").await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(what_no_statement_shows_in_time_is_an_incident, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for (key, sum) in [("one", "10.00"), ("two", "20.00")] {
        let begun = started(&customer, custom(&account, sum, key)).await;
        app.bank(&begun.url, "pay").await;
        app.drain().await;
        app.advance(TimeDelta::minutes(5));
    }
    // 20 of the 30 are still in transit: the older payment is shown, the newer is not.
    app.sql("UPDATE personal_accounts SET in_transit = 2000 WHERE in_transit = 3000").await;
    app.advance(TimeDelta::days(46));
    app.drain().await;
    assert_eq!(incidents(&app).await, ["NOT_POSTED"]);
    assert_eq!(number(&app, "SELECT amount AS number FROM payments WHERE posted_at IS NULL").await, 2_000);
    app.sql("UPDATE personal_accounts SET in_transit = 3000 WHERE in_transit = 2000").await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(the_page_that_the_bank_returns_to_asks_the_bank, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let begun = started(&customer, custom(&account, "100.13", "one")).await;
    let url = format!("{}/payments/returned?lang=en&payment={}", app.url, begun.id);
    let page = async || reqwest::get(&url).await.unwrap().text().await.unwrap();
    assert!(page().await.contains("The bank has returned you"));
    // The bank tells nobody of it.
    app.bank(&begun.url, "pay").await;
    app.advance(TimeDelta::seconds(6));
    assert!(page().await.contains("<h1>Paid</h1>"));
    assert_eq!(payment(&customer, &begun.id).await["status"], "SUCCEEDED");
    settle(&app).await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_payment_is_given_up_by_its_payer, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let begun = started(&customer, custom(&account, "100.00", "one")).await;
    let cancel =
        async |id: &str| customer.mutate("cancelPayment", "payment { status } replayed", json!({ "id": id })).await;
    let canceled = cancel(&begun.id).await;
    assert_eq!((&canceled["payment"]["status"], &canceled["replayed"]), (&json!("CANCELED"), &json!(false)));
    let again = cancel(&begun.id).await;
    assert_eq!((&again["payment"]["status"], &again["replayed"]), (&json!("CANCELED"), &json!(true)));
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM journal_transactions").await, 0);
    let paid = started(&customer, custom(&account, "101.00", "two")).await;
    app.bank(&paid.url, "pay").await;
    assert_eq!(user_errors(&cancel(&paid.id).await)[0].0, "PAYMENT_NOT_CANCELABLE", "the bank was quicker");
    app.drain().await;
    assert_eq!(payment(&customer, &paid.id).await["status"], "SUCCEEDED");
    assert_eq!(user_errors(&cancel(&paid.id).await)[0].0, "PAYMENT_NOT_CANCELABLE");
    app.discard_letters();
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_receipt_is_sent_again_to_where_it_went, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut input = custom(&account, "100.00", "one");
    input["receiptEmail"] = json!("mother@example.com");
    let begun = started(&customer, input).await;
    let again = async || customer.mutate("sendPaymentReceipt", "payment { id }", json!({ "id": begun.id })).await;
    assert_eq!(user_errors(&again().await)[0].0, "PAYMENT_NOT_PAID");
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    assert_eq!(app.take_letters("mother@example.com").len(), 1);
    for _ in 0..5 {
        assert_eq!(user_errors(&again().await), []);
    }
    assert_eq!(user_errors(&again().await)[0].0, "RECEIPT_SENT_TOO_OFTEN");
    settle(&app).await;
    assert_eq!(app.take_letters("mother@example.com").len(), 5);
    app.finish().await;
});

both_ways!(the_history_is_filtered_and_paged_by_key, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let other = crate::metering::attach(&customer, "overpaid").await;
    let mut ids = Vec::new();
    for (number, sum) in ["10.00", "20.00", "30.00", "40.00"].into_iter().enumerate() {
        let place = if number % 2 == 0 { &account } else { &other };
        let begun = started(&customer, custom(place, sum, sum)).await;
        if number < 2 {
            app.bank(&begun.url, "pay").await;
            app.drain().await;
        }
        ids.push(begun.id);
        app.advance(TimeDelta::minutes(10));
    }
    let query = "query($filter: PaymentFilterInput, $first: Int, $after: String) { viewer { payments(filter: $filter, first: $first, after: $after) {
        edges { node { id } } pageInfo { endCursor hasNextPage } } } }";
    let list = async |filter: Value, first: Option<i32>, after: Option<String>| {
        let page = json!({ "filter": filter, "first": first, "after": after });
        let mut seen = customer.ask(query, page).await["viewer"]["payments"].take();
        let edges = seen["edges"].take();
        let found: Vec<_> =
            edges.as_array().unwrap().iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect();
        (found, seen["pageInfo"].take())
    };
    let at = |numbers: &[usize]| numbers.iter().map(|number| ids[*number].clone()).collect::<Vec<_>>();
    assert_eq!(list(Value::Null, None, None).await.0, at(&[3, 2, 1, 0]));
    assert_eq!(list(json!({ "statuses": ["SUCCEEDED"] }), None, None).await.0, at(&[1, 0]));
    assert_eq!(list(json!({ "personalAccountIds": [other] }), None, None).await.0, at(&[3, 1]));
    assert_eq!(list(json!({ "personalAccountIds": ["nonsense"] }), None, None).await.0, at(&[]));
    let start = crate::harness::start_of_test();
    let span = json!({ "from": start + TimeDelta::minutes(5), "to": start + TimeDelta::minutes(25) });
    assert_eq!(list(span, None, None).await.0, at(&[2, 1]));
    let (first, page) = list(json!({ "statuses": ["PENDING", "SUCCEEDED"] }), Some(3), None).await;
    assert_eq!((first, &page["hasNextPage"]), (at(&[3, 2, 1]), &json!(true)));
    let cursor = page["endCursor"].as_str().map(str::to_owned);
    assert_eq!(list(json!({ "statuses": ["PENDING", "SUCCEEDED"] }), Some(3), cursor).await.0, at(&[0]));
    app.discard_letters();
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_payment_by_an_sbp_qr_code_has_one_to_show, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut input = custom(&account, "100.00", "one");
    input["method"] = json!("SBP_QR");
    let payload = start(&customer, input).await;
    assert_eq!(user_errors(&payload), []);
    let id = payload["payment"]["id"].as_str().unwrap();
    assert_eq!(payload["payment"]["confirmationUrl"], Value::Null);
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { method sbpQr { payload svg } } } }";
    let seen = customer.ask(query, json!({ "id": id })).await["node"].take();
    assert_eq!(seen["method"], "SBP_QR");
    assert!(seen["sbpQr"]["svg"].as_str().unwrap().starts_with("<svg"));
    app.bank(seen["sbpQr"]["payload"].as_str().unwrap(), "pay_sbp").await;
    app.drain().await;
    assert_eq!(payment(&customer, id).await["status"], "SUCCEEDED");
    assert_eq!(customer.ask(query, json!({ "id": id })).await["node"]["sbpQr"], Value::Null);
    app.discard_letters();
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_utility_shop_is_told_whose_money_it_is_or_nothing_is_begun, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    app.sql(
        "INSERT INTO payment_terms (provider_id, receipt, vat_code, commission_rate, commission_least, utilities) \
             SELECT id, 'NONE', 1, 0, 0, true FROM providers",
    )
    .await;
    app.sql("UPDATE provider_terms SET inn = NULL").await;
    let refused = start(&customer, custom(&account, "100.00", "one")).await;
    assert_eq!(user_errors(&refused)[0].0, "PROVIDER_NOT_PAYABLE");
    app.sql(
        "UPDATE provider_terms SET payee_name = 'Газ', inn = '7701234567', kpp = '770101001', bank_name = 'Банк', \
             bic = '044525225', bank_account = '40702810000000000001', correspondent_account = '30101810400000000225'",
    )
    .await;
    let taken = start(&customer, custom(&account, "100.00", "two")).await;
    assert_eq!((user_errors(&taken), &taken["payment"]["status"]), (vec![], &json!("PENDING")), "the bank checks it");
    app.finish().await;
});
