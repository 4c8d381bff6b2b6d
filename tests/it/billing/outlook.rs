//! What comes next, and what doing nothing costs.

use serde_json::{Value, json};

use super::execute_sql;
use crate::harness::{Customer, both_ways, sample};
use crate::metering::{attach, attach_limited, meter, owner, submit};

const OUTLOOK: &str = "outlook { asOf nextReadings { firstOn lastOn } dueOn overdue { amount } verificationDueOn
    penalty(until: \"2026-07-20\") { on total { amount } }
    withoutReadings { period basis cost { amount } } }";

async fn outlook(customer: &Customer, account: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on PersonalAccount {{ {OUTLOOK} }} }} }}");
    customer.ask(&query, json!({ "id": account })).await["node"]["outlook"].take()
}

both_ways!(a_debtor_sees_what_is_overdue_and_what_each_day_will_cost, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    // All of the debt is of one month: 1956.85 due on the 15th of April, as in the worked example.
    execute_sql(&app, "UPDATE statements SET due_on = '2026-04-15', accrued = 9999900, opening = opening - 9999900 + accrued WHERE period = 202605").await;
    let shown = outlook(&customer, &account).await;
    assert_eq!(shown["asOf"], "2026-06-20");
    assert_eq!(shown["dueOn"], "2026-04-15");
    assert_eq!(shown["overdue"]["amount"], sample("debt").debt);
    assert!(shown["nextReadings"]["firstOn"].as_str() <= shown["nextReadings"]["lastOn"].as_str());
    let penalty = shown["penalty"].as_array().unwrap();
    assert_eq!(penalty.len(), 31);
    let on = |day: &str| penalty.iter().find(|one| one["on"] == day).unwrap()["total"]["amount"].clone();
    assert_eq!((on("2026-07-14"), on("2026-07-15")), (json!("37.18"), json!("38.61")));
    app.finish().await;
});

both_ways!(who_owes_nothing_has_no_penalty_to_expect, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "overpaid").await;
    let shown = outlook(&customer, &account).await;
    assert_eq!(shown["dueOn"], json!(null));
    assert_eq!(shown["overdue"]["amount"], "0.00");
    assert_eq!(shown["penalty"], json!([]));
    app.finish().await;
});

both_ways!(an_expired_verification_is_told_ahead, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "verification-expired").await;
    assert!(outlook(&customer, &account).await["verificationDueOn"].as_str().unwrap() < "2026-06-20");
    app.finish().await;
});

both_ways!(limited_access_shows_no_due_dates, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = attach_limited(&customer, "debt").await;
    let shown = outlook(&customer, &account).await;
    assert_eq!((&shown["dueOn"], &shown["penalty"]), (&json!(null), &json!([])));
    assert_eq!(shown["overdue"]["amount"], "0.00");
    app.finish().await;
});

const SILENCE: &str = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { outlook {
    withoutReadings(months: 5) { period basis averageMonth volume cost { amount } meter { serialNumber } serviceCode } } } } }";

async fn without_readings(customer: &Customer, account: &str) -> Vec<Value> {
    let shown = customer.ask(SILENCE, json!({ "id": account })).await;
    shown["node"]["outlook"]["withoutReadings"].as_array().unwrap().clone()
}

both_ways!(silence_costs_the_average_for_three_months_and_then_the_norm, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    // The last reading is of May: June is the first month of silence.
    let months = without_readings(&customer, &account).await;
    let bases: Vec<_> = months.iter().map(|month| (month["basis"].clone(), month["averageMonth"].clone())).collect();
    let average = |number: i32| (json!("AVERAGE"), json!(number));
    let norm = (json!("NORM"), json!(null));
    assert_eq!(bases, [average(1), average(2), average(3), norm.clone(), norm]);
    assert_eq!(months[0]["period"], "2026-06");
    let averages = &months[..3];
    assert!(
        averages.iter().all(|month| month["volume"].is_string() && month["cost"]["amount"].is_string()),
        "{months:?}"
    );
    let page = meter(&customer, &account).await;
    let sent = submit(&customer, json!([page.reading(10)])).await;
    assert_eq!(sent["userErrors"], json!([]));
    let months = without_readings(&customer, &account).await;
    let bases: Vec<_> = months.iter().map(|month| month["basis"].as_str().unwrap()).collect();
    assert_eq!(bases, ["METER", "AVERAGE", "AVERAGE", "AVERAGE", "NORM"]);
    app.finish().await;
});

both_ways!(accounts_without_a_meter_or_with_an_expired_one_see_what_they_will_pay, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "no-meter").await;
    let months = without_readings(&customer, &account).await;
    assert!(!months.is_empty() && months.iter().all(|month| month["basis"] == "NORM"), "{months:?}");
    assert!(months.iter().any(|month| month["cost"]["amount"].is_string()), "{months:?}");
    let account = attach(&customer, "verification-expired").await;
    let months = without_readings(&customer, &account).await;
    assert!(!months.is_empty() && months.iter().all(|month| month["basis"] == "NORM"), "{months:?}");
    let other = app.confirmed_customer("boris@example.com").await;
    let limited = attach_limited(&other, "debt").await;
    assert_eq!(without_readings(&other, &limited).await, Vec::<Value>::new());
    app.finish().await;
});

both_ways!(the_outlook_of_all_accounts_takes_as_many_statements_as_that_of_one, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    attach(&customer, "debt").await;
    let query = format!("{{ viewer {{ personalAccounts(first: 10) {{ edges {{ node {{ {OUTLOOK} }} }} }} }} }}");
    let (one, _) = app.statements(customer.ask(&query, json!({}))).await;
    for note in ["overpaid", "no-meter", "verification-expired", "day-and-night"] {
        attach(&customer, note).await;
    }
    let (five, _) = app.statements(customer.ask(&query, json!({}))).await;
    assert_eq!(one, five);
    app.finish().await;
});
