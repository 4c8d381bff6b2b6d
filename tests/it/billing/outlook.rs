//! What comes next, and what doing nothing costs.

use serde_json::{Value, json};

use super::execute_sql;
use crate::harness::{Customer, both_ways, sample};
use crate::metering::{attach, attach_limited, owner};

const OUTLOOK: &str = "outlook { asOf nextReadings { firstOn lastOn } dueOn overdue { amount } verificationDueOn
    penalty(until: \"2026-07-20\") { on total { amount } } }";

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
