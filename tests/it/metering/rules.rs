//! Every rule of a provider about readings, taken and refused by what the provider's terms say.

use serde_json::{Value, json};

use super::{MeterPage, meter, owner, single, submit};
use crate::harness::{Customer, TestApp, both_ways, user_errors};

async fn rule(app: &TestApp, change: &str) {
    app.sql(&format!("UPDATE provider_terms SET {change}")).await;
}

async fn refused(customer: &Customer, reading: Value, code: &str, part: &str) -> Value {
    let payload = submit(customer, json!([reading])).await;
    assert_eq!(user_errors(&payload), [(code.to_owned(), json!(["readings", "0", part]))], "{payload}");
    payload["userErrors"][0].clone()
}

async fn taken(customer: &Customer, reading: Value, warnings: Value) {
    let payload = submit(customer, json!([reading])).await;
    assert_eq!(user_errors(&payload), [], "{payload}");
    assert_eq!(payload["readings"][0]["warnings"], warnings);
}

fn confirmed(mut reading: Value) -> Value {
    reading["confirmWarnings"] = json!(true);
    reading
}

fn on(mut reading: Value, day: &str) -> Value {
    reading["takenOn"] = json!(day);
    reading
}

async fn debtor(app: &TestApp) -> (Customer, String, MeterPage) {
    let (customer, account) = owner(app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    (customer, account, page)
}

both_ways!(no_use_is_taken_or_asked_about, |app| {
    let (customer, _, page) = debtor(&app).await;
    rule(&app, "zero_consumption = 'CONFIRM'").await;
    refused(&customer, page.reading(0), "ZERO_CONSUMPTION", "values").await;
    taken(&customer, confirmed(page.reading(0)), json!(["ZERO_CONSUMPTION"])).await;
    rule(&app, "zero_consumption = 'TAKEN'").await;
    taken(&customer, page.reading(0), json!(["ZERO_CONSUMPTION"])).await;
    app.finish().await;
});

both_ways!(a_rollover_is_proposed_or_is_less_than_before, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "about-to-roll-over").await;
    let page = meter(&customer, &account).await;
    rule(&app, "rollover_allowed = FALSE").await;
    let error = refused(&customer, single(&page, "5"), "BELOW_PREVIOUS", "values").await;
    assert_eq!(error["previous"], page.last[0].1.to_string());
    refused(&customer, confirmed(single(&page, "5")), "BELOW_PREVIOUS", "values").await;
    rule(&app, "rollover_allowed = TRUE").await;
    refused(&customer, single(&page, "5"), "ROLLOVER_PROPOSED", "values").await;
    taken(&customer, confirmed(single(&page, "5")), json!(["ROLLOVER_PROPOSED"])).await;
    app.finish().await;
});

both_ways!(the_usual_maximum_asks_only_above_itself, |app| {
    let (customer, _, page) = debtor(&app).await;
    rule(&app, "usual_monthly_maximum = 1000000").await;
    refused(&customer, page.reading(201), "UNUSUALLY_HIGH", "values").await;
    taken(&customer, page.reading(200), json!([])).await;
    rule(&app, "usual_monthly_maximum = NULL").await;
    taken(&customer, page.reading(9_000), json!([])).await;
    app.finish().await;
});

both_ways!(late_readings_are_kept_for_the_next_bill_or_refused, |app| {
    let (customer, _, page) = debtor(&app).await;
    let outside = "reading_window_first_day = 1, reading_window_last_day = 5";
    rule(&app, &format!("{outside}, late_readings = 'REFUSED'")).await;
    refused(&customer, page.reading(1), "OUTSIDE_WINDOW", "takenOn").await;
    refused(&customer, confirmed(page.reading(1)), "OUTSIDE_WINDOW", "takenOn").await;
    taken(&customer, on(page.reading(1), "2026-06-05"), json!([])).await;
    rule(&app, &format!("{outside}, late_readings = 'NEXT_BILL'")).await;
    taken(&customer, page.reading(2), json!(["OUTSIDE_WINDOW"])).await;
    rule(&app, "reading_window_first_day = NULL, reading_window_last_day = NULL, late_readings = 'REFUSED'").await;
    taken(&customer, page.reading(3), json!([])).await;
    app.finish().await;
});

both_ways!(an_expired_verification_warns_does_not_matter_or_refuses, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "verification-expired").await;
    let page = meter(&customer, &account).await;
    rule(&app, "expired_verification = 'REFUSED'").await;
    refused(&customer, page.reading(1), "VERIFICATION_EXPIRED", "meterId").await;
    rule(&app, "expired_verification = 'NOT_COUNTED'").await;
    taken(&customer, page.reading(1), json!(["VERIFICATION_EXPIRED"])).await;
    rule(&app, "expired_verification = 'COUNTED'").await;
    taken(&customer, page.reading(2), json!([])).await;
    app.finish().await;
});

both_ways!(a_provider_may_want_whole_units_only, |app| {
    let (customer, _, page) = debtor(&app).await;
    let whole = page.plus(2).split('.').next().unwrap().to_owned();
    rule(&app, "most_fraction_digits = 0").await;
    refused(&customer, single(&page, &format!("{whole}.5")), "TOO_MANY_FRACTION_DIGITS", "values").await;
    taken(&customer, single(&page, &whole), json!([])).await;
    app.finish().await;
});
