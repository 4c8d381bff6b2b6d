//! Repeated and concurrent submissions.

use entity::exact::Quantity;
use futures_util::future::join_all;
use serde_json::json;

use super::{meter, owner, submit, submit_keyed};
use crate::billing::number;
use crate::harness::{both_ways, user_errors};

const HOW_MANY: &str = "SELECT COUNT(*) AS number FROM meter_readings";

both_ways!(the_same_key_with_the_same_readings_gives_the_same_answer, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let first = submit_keyed(&customer, json!([page.reading(5)]), "one").await;
    assert_eq!((user_errors(&first), &first["replayed"]), (vec![], &json!(false)));
    let mut answer = first.clone();
    answer["replayed"] = json!(true);
    let again = submit_keyed(&customer, json!([page.reading(5)]), "one").await;
    assert_eq!(again, answer, "the same, and it says so");
    // Also when another reading has come since, below which the first one would be.
    submit(&customer, json!([page.reading(9)])).await;
    assert_eq!(submit_keyed(&customer, json!([page.reading(5)]), "one").await, answer);
    app.finish().await;
});

both_ways!(the_same_key_with_other_readings_is_refused, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    submit_keyed(&customer, json!([page.reading(5)]), "one").await;
    let payload = submit_keyed(&customer, json!([page.reading(6)]), "one").await;
    assert_eq!(user_errors(&payload), [("IDEMPOTENCY_KEY_REUSED".to_owned(), json!(["idempotencyKey"]))]);
    assert_eq!(meter(&customer, &account).await.last[0].1.to_string(), page.plus(5));
    app.finish().await;
});

both_ways!(a_key_whose_readings_were_refused_is_free_again, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let payload = submit_keyed(&customer, json!([page.reading(-1)]), "one").await;
    assert_eq!(user_errors(&payload)[0].0, "BELOW_PREVIOUS");
    let payload = submit_keyed(&customer, json!([page.reading(1)]), "one").await;
    assert_eq!(user_errors(&payload), []);
    app.finish().await;
});

both_ways!(concurrent_calls_with_one_key_store_one_reading, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let before = number(&app, HOW_MANY).await;
    let calls = (0..20).map(|_| submit_keyed(&customer, json!([page.reading(5)]), "one"));
    let payloads = join_all(calls).await;
    for payload in &payloads {
        assert_eq!(payload["readings"], payloads[0]["readings"]);
        assert_eq!(user_errors(payload), []);
    }
    let first = payloads.iter().filter(|payload| payload["replayed"] == false).count();
    assert_eq!(first, 1, "one has done it, the others say that it was done");
    assert_eq!(number(&app, HOW_MANY).await, before + 1);
    app.finish().await;
});

both_ways!(concurrent_readings_of_a_meter_never_go_backwards, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let payloads = join_all((1..=20).map(|units| submit(&customer, json!([page.reading(units)])))).await;
    let taken: Vec<_> = payloads.iter().filter(|payload| user_errors(payload).is_empty()).collect();
    assert!(!taken.is_empty());
    for payload in payloads.iter().filter(|payload| !user_errors(payload).is_empty()) {
        assert_eq!(user_errors(payload)[0].0, "BELOW_PREVIOUS");
    }
    let consumption = taken
        .iter()
        .map(|payload| payload["readings"][0]["consumption"].as_str().unwrap().parse::<Quantity>().unwrap())
        .inspect(|consumption| assert!(!consumption.is_negative()));
    // Each counts from the one taken before it, so together they are the whole way.
    assert_eq!(page.last[0].1 + consumption.sum(), meter(&customer, &account).await.last[0].1);
    assert_eq!(
        meter(&customer, &account).await.last[0].1.to_string(),
        page.plus(20),
        "the greatest is taken at any time"
    );
    app.finish().await;
});
