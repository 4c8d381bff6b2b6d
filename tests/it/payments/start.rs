//! What is paid, and every way in which payments say no.

use futures_util::future::join_all;
use kabinet::kernel::Failure;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Started, current_debt, custom, payment, settle, start, started};
use crate::billing::number;
use crate::harness::{Customer, TestApp, Way, both_ways, sample, top_code, user_errors};
use crate::metering::{attach, attach_limited, meter, owner};

/// As a client does: what is unavailable now is repeated with the same key.
async fn insist(customer: &Customer, input: Value) -> Value {
    loop {
        let (_, mut answer) = customer.post(super::START, json!({ "input": input })).await;
        match answer.get("errors") {
            None => return answer["data"]["startPayment"].take(),
            Some(_) => assert_eq!(top_code(&answer), "UNAVAILABLE"),
        }
    }
}

const HOW_MANY: &str = "SELECT COUNT(*) AS number FROM payments";
const AT_THE_BANK: &str = "SELECT COUNT(*) AS number FROM sandbox_payments";

both_ways!(the_current_debt_is_what_is_owed_at_the_start, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let payload = start(&customer, current_debt(&account, "one")).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["payment"]["status"], "PENDING");
    assert_eq!(payload["payment"]["amount"]["amount"], sample("debt").debt.as_str());
    assert!(payload["payment"]["confirmationUrl"].as_str().unwrap().starts_with(&app.url));
    assert_eq!(customer.balance(&account).await, sample("debt").debt, "nothing is paid yet");
    app.finish().await;
});

both_ways!(a_key_gives_its_payment_again_when_the_account_is_gone_from_the_list, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let first = start(&customer, current_debt(&account, "one")).await;
    customer.mutate("detachPersonalAccount", "detachedId", json!({ "personalAccountId": account })).await;
    let again = start(&customer, current_debt(&account, "one")).await;
    assert_eq!(user_errors(&again), []);
    assert_eq!(again["payment"]["id"], first["payment"]["id"]);
    let other = start(&customer, custom(&account, "1.00", "one")).await;
    assert_eq!(user_errors(&other)[0].0, "IDEMPOTENCY_KEY_REUSED");
    app.finish().await;
});

both_ways!(a_sum_of_ones_own_is_paid_as_given, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "overpaid").await;
    let payload = start(&customer, custom(&account, "123.45", "one")).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["payment"]["amount"]["amount"], "123.45");
    app.finish().await;
});

both_ways!(readings_that_come_along_are_stored_with_the_payment, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let mut input = current_debt(&account, "one");
    input["readings"] = json!([page.reading(3)]);
    let payload = start(&customer, input).await;
    assert_eq!(user_errors(&payload), []);
    let reading = payload["payment"]["readings"][0]["id"].as_str().unwrap();
    assert_eq!(meter(&customer, &account).await.last_id, reading);
    let shown = payment(&customer, payload["payment"]["id"].as_str().unwrap()).await;
    assert_eq!(shown["readings"], json!([{ "id": reading, "source": "PAYMENT" }]));
    app.finish().await;
});

both_ways!(readings_that_are_refused_leave_no_payment, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let mut input = current_debt(&account, "one");
    input["readings"] = json!([page.reading(-1)]);
    let payload = start(&customer, input).await;
    assert_eq!(user_errors(&payload), [("BELOW_PREVIOUS".to_owned(), json!(["readings", "0", "values"]))]);
    assert_eq!(payload["payment"], json!(null));
    assert_eq!(number(&app, HOW_MANY).await, 0);
    assert_eq!(number(&app, AT_THE_BANK).await, 0);
    app.finish().await;
});

both_ways!(a_payment_that_is_refused_leaves_no_reading, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let mut input = custom(&account, "0.01", "one");
    input["readings"] = json!([page.reading(3)]);
    assert_eq!(user_errors(&start(&customer, input).await)[0].0, "AMOUNT_OUT_OF_RANGE");
    assert_eq!(meter(&customer, &account).await.last_id, page.last_id);
    app.finish().await;
});

both_ways!(without_a_debt_there_is_no_current_debt_to_pay, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "overpaid").await;
    let payload = start(&customer, current_debt(&account, "one")).await;
    assert_eq!(user_errors(&payload), [("NOTHING_OWED".to_owned(), json!(["amount", "currentDebt"]))]);
    let mut input = current_debt(&account, "one");
    input["amount"] = json!({ "currentDebt": false });
    assert_eq!(user_errors(&start(&customer, input).await), [("AMOUNT_MISSING".to_owned(), json!(["amount"]))]);
    assert_eq!(number(&app, HOW_MANY).await, 0);
    app.finish().await;
});

both_ways!(a_sum_beyond_the_limits_is_refused_with_the_limits, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for sum in ["0.99", "0", "-5", "700000.01"] {
        let payload = start(&customer, custom(&account, sum, "one")).await;
        assert_eq!(user_errors(&payload), [("AMOUNT_OUT_OF_RANGE".to_owned(), json!(["amount"]))], "{sum}");
        let error = &payload["userErrors"][0];
        assert_eq!(error["__typename"], "AmountOutOfRangeError");
        assert_eq!((&error["least"], &error["most"]), (&json!("1.00"), &json!("700000.00")));
    }
    let payload = start(&customer, custom(&account, "1.001", "one")).await;
    assert_eq!(user_errors(&payload), [("NUMBER_MALFORMED".to_owned(), json!(["amount", "custom"]))]);
    for (key, sum) in [("least", "1.00"), ("most", "700000")] {
        assert_eq!(user_errors(&start(&customer, custom(&account, sum, key)).await), []);
    }
    app.finish().await;
});

both_ways!(a_return_address_is_one_of_the_web, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let with = |url: &str| {
        let mut input = current_debt(&account, "one");
        input["returnUrl"] = json!(url);
        input
    };
    for url in ["javascript:alert(1)", "//example.com", "https://", "https:///a", "http://a b", ""] {
        let payload = start(&customer, with(url)).await;
        assert_eq!(user_errors(&payload), [("RETURN_URL_MALFORMED".to_owned(), json!(["returnUrl"]))], "{url}");
    }
    assert_eq!(user_errors(&start(&customer, with("https://example.com/back?a=1")).await), []);
    app.finish().await;
});

both_ways!(a_payments_key_has_1_to_255_bytes, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for key in [String::new(), "k".repeat(256)] {
        let payload = start(&customer, current_debt(&account, &key)).await;
        assert_eq!(user_errors(&payload), [("IDEMPOTENCY_KEY_MALFORMED".to_owned(), json!(["idempotencyKey"]))]);
    }
    assert_eq!(user_errors(&start(&customer, current_debt(&account, &"k".repeat(255))).await), []);
    app.finish().await;
});

both_ways!(the_same_key_gives_the_same_payment_and_refuses_another, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let first = start(&customer, custom(&account, "10", "one")).await;
    assert_eq!(start(&customer, custom(&account, "10", "one")).await, first);
    let payload = start(&customer, custom(&account, "11", "one")).await;
    assert_eq!(user_errors(&payload), [("IDEMPOTENCY_KEY_REUSED".to_owned(), json!(["idempotencyKey"]))]);
    assert_eq!(number(&app, HOW_MANY).await, 1);
    // Another person's key is another key.
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach(&neighbour, "debt").await;
    let theirs = start(&neighbour, custom(&account, "10", "one")).await;
    assert_ne!(theirs["payment"]["id"], first["payment"]["id"]);
    app.finish().await;
});

both_ways!(a_repeated_start_says_that_it_is_one, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for replayed in [false, true, true] {
        let payload = customer.mutate("startPayment", "replayed payment { id }", custom(&account, "10", "one")).await;
        assert_eq!(payload["replayed"], replayed);
    }
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_whose_first_call_still_runs_says_so() {
    let app = TestApp::start_with(Way::Full, &[("KABINET__DATABASE__LOCK_TIMEOUT_SECONDS", "1")]).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let (begun, ended) = (Notify::new(), Notify::new());
    let (begun, ended) = (&begun, &ended);
    let running = app.app.mechanisms.db.transaction(|tx| async move {
        let insert = "INSERT INTO idempotency_keys (user_id, operation, key, fingerprint, outcome, created_at) \
            SELECT id, 'startPayment', 'one', '', '', created_at FROM users";
        tx.execute_unprepared(insert).await?;
        begun.notify_one();
        ended.notified().await;
        Err::<(), _>(Failure::Refused(()))
    });
    let starting = async {
        begun.notified().await;
        let payload = start(&customer, custom(&account, "10", "one")).await;
        ended.notify_one();
        payload
    };
    let (_, payload) = tokio::join!(running, starting);
    assert_eq!(user_errors(&payload), [("IDEMPOTENCY_KEY_RUNNING".to_owned(), json!(["idempotencyKey"]))]);
    // The first call did nothing in the end, so the key is free.
    assert_eq!(user_errors(&start(&customer, custom(&account, "10", "one")).await), []);
    app.finish().await;
}

both_ways!(concurrent_starts_with_one_key_make_one_payment, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let payloads = join_all((0..200).map(|_| insist(&customer, current_debt(&account, "one")))).await;
    for payload in &payloads {
        assert_eq!(user_errors(payload), []);
        assert_eq!(payload["payment"]["id"], payloads[0]["payment"]["id"]);
    }
    assert_eq!(number(&app, HOW_MANY).await, 1);
    assert_eq!(number(&app, AT_THE_BANK).await, 1);
    app.finish().await;
});

both_ways!(a_strangers_account_is_paid_by_nobody_else, |app| {
    let (_, account) = owner(&app, "anna@example.com", "debt").await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    for id in [account.as_str(), "account_01h455vb4pex5vsknk084sn02q", "nonsense"] {
        let payload = start(&stranger, current_debt(id, "one")).await;
        assert_eq!(user_errors(&payload), [("ACCOUNT_NOT_FOUND".to_owned(), json!(["personalAccountId"]))]);
    }
    assert_eq!(number(&app, HOW_MANY).await, 0);
    app.finish().await;
});

both_ways!(an_anonymous_person_starts_no_payment, |app| {
    let mutation = r#"mutation { startPayment(input: { personalAccountId: "x", amount: { custom: "5" }, idempotencyKey: "k" }) { payment { id } } }"#;
    let (_, answer) = app.customer().post(mutation, json!({})).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    app.finish().await;
});

both_ways!(with_limited_access_one_may_pay, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = attach_limited(&customer, "debt").await;
    let Started { id, url } = started(&customer, current_debt(&account, "one")).await;
    app.bank(&url, "pay").await;
    app.drain().await;
    assert_eq!(payment(&customer, &id).await["status"], "SUCCEEDED");
    assert_eq!(customer.balance(&account).await, "0.00");
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_strangers_payment_reads_as_one_that_does_not_exist, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let Started { id, .. } = started(&customer, current_debt(&account, "one")).await;
    assert_eq!(payment(&customer, &id).await["id"], id.as_str());
    // Another person with the same account sees payments of their own only.
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach(&neighbour, "debt").await;
    assert_eq!(payment(&neighbour, &id).await, Value::Null);
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { payments { edges { node { id } } } } } }";
    let seen = neighbour.ask(query, json!({ "id": account })).await;
    assert_eq!(seen["node"]["payments"]["edges"], json!([]));
    assert_eq!(payment(&app.customer(), &id).await, Value::Null);
    app.finish().await;
});

both_ways!(a_debt_that_was_paid_meanwhile_is_not_paid_twice_by_its_word, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let first = started(&customer, current_debt(&account, "one")).await;
    app.bank(&first.url, "pay").await;
    app.drain().await;
    let payload = start(&customer, current_debt(&account, "two")).await;
    assert_eq!(user_errors(&payload)[0].0, "NOTHING_OWED");
    app.take_letters("anna@example.com");
    settle(&app).await;
    app.finish().await;
});
