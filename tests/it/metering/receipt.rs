//! Receipts of readings.

use serde_json::{Value, json};

use super::{decide, meter, owner, submit};
use crate::harness::{Customer, both_ways, user_errors};

async fn receipt(customer: &Customer, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on MeterReading { receipt } } }";
    customer.ask(query, json!({ "id": id })).await["node"]["receipt"].take()
}

async fn is_good(customer: &Customer, receipt: &str) -> bool {
    let query = "query($receipt: String!) { verifyReadingReceipt(receipt: $receipt) }";
    customer.ask(query, json!({ "receipt": receipt })).await["verifyReadingReceipt"].as_bool().unwrap()
}

both_ways!(a_receipt_shows_the_facts_and_anybody_can_have_it_checked, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let payload = submit(&customer, json!([page.reading(3)])).await;
    assert_eq!(user_errors(&payload), []);
    let id = payload["readings"][0]["id"].as_str().unwrap();
    let text = receipt(&customer, id).await.as_str().unwrap().to_owned();
    for fact in [page.serial.as_str(), "taken on: 2026-06-20", "submitted at: 2026-06-20T09:00:00Z"] {
        assert!(text.contains(fact), "{fact} in {text}");
    }
    assert!(text.contains(&format!("SINGLE: {}", page.plus(3))), "{text}");
    let anybody = app.customer();
    assert!(is_good(&anybody, &text).await);
    assert!(is_good(&anybody, &format!(" {}\r\n", text.replace('\n', "\r\n"))).await, "as mail programs change it");
    // It stays the same whatever becomes of the reading.
    decide(&app, "debt", &[(id, kabinet::metering::decision::Decision::Accepted)]).await;
    assert_eq!(receipt(&customer, id).await, text.as_str());
    app.finish().await;
});

both_ways!(a_changed_receipt_is_none, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let payload = submit(&customer, json!([page.reading(3)])).await;
    let text = receipt(&customer, payload["readings"][0]["id"].as_str().unwrap()).await;
    let text = text.as_str().unwrap();
    let (facts, signature) = text.rsplit_once('\n').unwrap();
    let later = text.replace("taken on: 2026-06-20", "taken on: 2026-06-10");
    let shorter = &text[..text.len() - 1];
    for forged in
        ["", "signature: ", facts, signature, shorter, &later, &format!("{text}0"), &text.replace("SINGLE", "DAY")]
    {
        assert!(!is_good(&customer, forged).await, "{forged}");
    }
    // Nobody here sent the provider's own.
    assert_eq!(receipt(&customer, &page.last_id).await, json!(null));
    app.finish().await;
});
