//! Every way in which metering says no.

use entity::exact::Quantity;
use serde_json::{Value, json};

use super::{MeterPage, attach, meter, owner, single, submit, submit_keyed};
use crate::billing::execute_sql;
use crate::harness::{Customer, PASSWORD, both_ways, top_code, user_errors};

/// Sends one reading that must be refused with `code` at `part` of it.
async fn refused(customer: &Customer, reading: Value, code: &str, part: &str) -> Value {
    let payload = submit(customer, json!([reading])).await;
    assert_eq!(payload["readings"], json!(null), "{code}");
    assert_eq!(user_errors(&payload), [(code.to_owned(), json!(["readings", "0", part]))], "{payload}");
    payload["userErrors"][0].clone()
}

fn dated(meter: &MeterPage, units: i64, taken_on: &str) -> Value {
    let mut reading = meter.reading(units);
    reading["takenOn"] = json!(taken_on);
    reading
}

both_ways!(values_that_the_meter_cannot_show_are_refused, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let too_big = format!("1{}", "0".repeat(page.integer_digits as usize));
    let too_fine = format!("{}.0001", page.plus(1).split('.').next().unwrap());
    assert!(page.fraction_digits < 4);
    refused(&customer, single(&page, "-1"), "NEGATIVE_READING", "values").await;
    refused(&customer, single(&page, &too_big), "TOO_MANY_DIGITS", "values").await;
    refused(&customer, single(&page, &too_fine), "TOO_MANY_FRACTION_DIGITS", "values").await;
    refused(&customer, single(&page, "1.000001"), "TOO_MANY_FRACTION_DIGITS", "values").await;
    assert_eq!(meter(&customer, &account).await.last_id, page.last_id);
    app.finish().await;
});

both_ways!(values_that_are_not_one_for_each_register_are_refused, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "day-and-night").await;
    let page = meter(&customer, &account).await;
    let whole = page.reading(1);
    let with = |values: Value| json!({ "meterId": page.id, "values": values });
    for values in [
        json!([]),
        json!([whole["values"][0]]),
        json!([whole["values"][0], whole["values"][0]]),
        json!([whole["values"][0], whole["values"][1], whole["values"][1]]),
        json!([{ "value": "1" }]),
    ] {
        refused(&customer, with(values), "REGISTERS_DIFFER", "values").await;
    }
    app.finish().await;
});

both_ways!(a_reading_below_the_last_one_is_refused_with_the_last_one, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let mut reading = single(&page, &page.plus(-1));
    let error = refused(&customer, reading.clone(), "BELOW_PREVIOUS", "values").await;
    assert_eq!(error["__typename"], "ReadingBelowPreviousError");
    assert_eq!(error["previous"], page.last[0].1.to_string());
    // There is nothing to confirm.
    reading["confirmWarnings"] = json!(true);
    refused(&customer, reading, "BELOW_PREVIOUS", "values").await;
    app.finish().await;
});

both_ways!(a_reading_of_the_future_or_before_the_last_one_is_refused, |app| {
    let (mut customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    refused(&customer, dated(&page, 1, "2026-06-21"), "FUTURE_DATE", "takenOn").await;
    refused(&customer, dated(&page, 1, "2026-05-01"), "BEFORE_LAST_READING", "takenOn").await;
    // At the provider the day after has begun.
    app.advance(chrono::TimeDelta::hours(13));
    customer.sign_in("anna@example.com").await;
    let payload = submit(&customer, json!([dated(&page, 1, "2026-06-21")])).await;
    assert_eq!(user_errors(&payload), []);
    app.finish().await;
});

both_ways!(a_reading_of_a_meter_that_was_removed_is_refused, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let remove = format!("UPDATE meters SET removed_on = '2026-06-10' WHERE serial_number = '{}'", page.serial);
    execute_sql(&app, &remove).await;
    refused(&customer, page.reading(1), "METER_REMOVED", "meterId").await;
    app.finish().await;
});

both_ways!(a_meter_stands_in_a_submission_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let payload = submit(&customer, json!([page.reading(1), page.reading(2)])).await;
    assert_eq!(user_errors(&payload), [("METER_REPEATED".to_owned(), json!(["readings", "1", "meterId"]))]);
    assert_eq!(meter(&customer, &account).await.last_id, page.last_id);
    app.finish().await;
});

both_ways!(a_strangers_meter_reads_as_one_that_does_not_exist, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&owner, &account).await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    let theirs = refused(&stranger, page.reading(1), "METER_NOT_FOUND", "meterId").await;
    let mut none = page.reading(1);
    for id in ["meter_01h455vb4pex5vsknk084sn02q", account.as_str(), "nonsense", ""] {
        none["meterId"] = json!(id);
        assert_eq!(refused(&stranger, none.clone(), "METER_NOT_FOUND", "meterId").await, theirs);
    }
    // A person with one account of their own does not reach another's meter along with it.
    let own = attach(&stranger, "day-and-night").await;
    let own = meter(&stranger, &own).await;
    let payload = submit(&stranger, json!([own.reading(1), page.reading(1)])).await;
    assert_eq!(user_errors(&payload), [("METER_NOT_FOUND".to_owned(), json!(["readings", "1", "meterId"]))]);
    assert_eq!(meter(&owner, &account).await.last_id, page.last_id);
    app.finish().await;
});

both_ways!(an_anonymous_person_sends_no_readings, |app| {
    let mutation = "mutation { submitMeterReadings(input: { readings: [] }) { readings { id } } }";
    let (_, answer) = app.customer().post(mutation, json!({})).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    app.finish().await;
});

both_ways!(readings_are_taken_from_a_confirmed_person_only, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&owner, &account).await;
    let mut customer = app.customer();
    customer.register("boris@example.com").await;
    app.drain().await;
    app.take_letters("boris@example.com");
    let payload =
        customer.mutate("signIn", "token", json!({ "email": "boris@example.com", "password": PASSWORD })).await;
    customer.token = payload["token"].as_str().map(str::to_owned);
    assert!(customer.token.is_some(), "{payload}");
    let payload = submit(&customer, json!([page.reading(1)])).await;
    assert_eq!(user_errors(&payload), [("EMAIL_NOT_CONFIRMED".to_owned(), json!(null))]);
    app.finish().await;
});

both_ways!(a_submission_has_one_to_fifty_readings, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let payload = submit(&customer, json!([])).await;
    assert_eq!(user_errors(&payload), [("EMPTY".to_owned(), json!(["readings"]))]);
    let payload = submit(&customer, json!(vec![page.reading(1); 51])).await;
    assert_eq!(user_errors(&payload), [("TOO_MANY".to_owned(), json!(["readings"]))]);
    // Fifty are looked at one by one.
    let payload = submit(&customer, json!(vec![page.reading(1); 50])).await;
    assert_eq!(user_errors(&payload).len(), 49);
    app.finish().await;
});

both_ways!(an_idempotency_key_has_1_to_255_bytes, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    for key in [String::new(), "k".repeat(256)] {
        let payload = submit_keyed(&customer, json!([page.reading(1)]), &key).await;
        assert_eq!(user_errors(&payload), [("IDEMPOTENCY_KEY_MALFORMED".to_owned(), json!(["idempotencyKey"]))]);
    }
    assert_eq!(page.last[0].1, meter(&customer, &account).await.last[0].1);
    let payload = submit_keyed(&customer, json!([page.reading(1)]), &"k".repeat(255)).await;
    assert_eq!(user_errors(&payload), []);
    let more = Quantity::ONE;
    assert_eq!(page.last[0].1 + more, meter(&customer, &account).await.last[0].1);
    app.finish().await;
});
