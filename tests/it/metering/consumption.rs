//! Consumption month by month.

use entity::exact::Quantity;
use serde_json::{Value, json};

use super::{attach, attach_limited, meter, owner, submit};
use crate::billing::execute_sql;
use crate::harness::{Customer, both_ways, top_code, user_errors};

const QUERY: &str = "query($id: ID!, $from: YearMonth!, $to: YearMonth!) { node(id: $id) { ... on PersonalAccount {
    consumption(from: $from, to: $to) { period serviceCode unit volume basis yearBefore meter { id } } } } }";

async fn consumption(customer: &Customer, account: &str, from: &str, to: &str) -> Vec<Value> {
    let mut data = customer.ask(QUERY, json!({ "id": account, "from": from, "to": to })).await;
    let Value::Array(months) = data["node"]["consumption"].take() else { panic!("{data}") };
    months
}

/// What the statement of the month charged the meter's service for.
async fn line(customer: &Customer, account: &str, period: &str, service: &Value) -> Value {
    let query = "query($id: ID!, $period: YearMonth!) { node(id: $id) { ... on PersonalAccount {
        statement(period: $period) { lines { serviceCode volume coefficient basis unit } } } } }";
    let data = customer.ask(query, json!({ "id": account, "period": period })).await;
    let lines = data["node"]["statement"]["lines"].as_array().unwrap().clone();
    lines.into_iter().find(|line| line["serviceCode"] == *service).unwrap()
}

both_ways!(a_month_is_what_its_statement_charged_with_the_basis, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let months = consumption(&customer, &account, "2026-03", "2026-05").await;
    assert!(months.len() >= 3, "{months:?}");
    for month in &months {
        let charged = line(&customer, &account, month["period"].as_str().unwrap(), &month["serviceCode"]).await;
        assert_eq!((&month["basis"], &month["unit"]), (&charged["basis"], &charged["unit"]));
        assert_eq!(charged["coefficient"], "1");
        assert_eq!(month["volume"], charged["volume"]);
    }
    assert!(months.iter().any(|month| month["meter"]["id"] == page.id.as_str()), "{months:?}");
    // The bill of March, had it been one by the norm.
    execute_sql(&app, "UPDATE statement_lines SET basis = 'NORM' WHERE basis = 'METER'").await;
    let months = consumption(&customer, &account, "2026-03", "2026-03").await;
    assert!(months.iter().all(|month| month["basis"] != "METER"), "{months:?}");
    app.finish().await;
});

both_ways!(a_month_without_a_statement_is_the_difference_of_its_readings, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    assert_eq!(consumption(&customer, &account, "2026-06", "2026-07").await, Vec::<Value>::new(), "nothing is known");
    execute_sql(&app, "UPDATE meters SET coefficient = 1100000").await;
    assert_eq!(user_errors(&submit(&customer, json!([page.reading(10)])).await), []);
    let months = consumption(&customer, &account, "2026-06", "2026-06").await;
    let [month] = &months[..] else { panic!("{months:?}") };
    assert_eq!((&month["period"], &month["basis"]), (&json!("2026-06"), &json!("METER")));
    assert_eq!((&month["volume"], &month["meter"]["id"]), (&json!("11"), &json!(page.id)));
    app.finish().await;
});

both_ways!(a_month_stands_beside_the_same_one_a_year_before, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let april = consumption(&customer, &account, "2026-04", "2026-04").await;
    assert!(!april.is_empty() && april.iter().all(|month| month["yearBefore"] == json!(null)));
    // April of 2026 becomes April of 2025, and May takes its place.
    execute_sql(&app, "UPDATE statements SET period = 202504 WHERE period = 202604").await;
    execute_sql(&app, "UPDATE statements SET period = 202604 WHERE period = 202605").await;
    let months = consumption(&customer, &account, "2026-04", "2026-04").await;
    for month in &months {
        let before = april.iter().find(|before| before["serviceCode"] == month["serviceCode"]).unwrap();
        assert_eq!(month["yearBefore"], before["volume"]);
        assert!(month["volume"].as_str().unwrap().parse::<Quantity>().is_ok());
    }
    app.finish().await;
});

both_ways!(an_account_without_a_meter_shows_what_it_was_charged_for, |app| {
    let (customer, account) = (app.confirmed_customer("anna@example.com").await, "no-meter");
    let account = attach(&customer, account).await;
    let months = consumption(&customer, &account, "2026-03", "2026-05").await;
    assert!(!months.is_empty());
    assert!(months.iter().all(|month| month["meter"] == json!(null) && month["basis"] != "METER"), "{months:?}");
    app.finish().await;
});

both_ways!(consumption_is_history_and_needs_full_access, |app| {
    let customer = app.confirmed_customer("boris@example.com").await;
    let account = attach_limited(&customer, "debt").await;
    assert_eq!(consumption(&customer, &account, "2026-03", "2026-05").await, Vec::<Value>::new());
    let stranger = app.confirmed_customer("clara@example.com").await;
    let data = stranger.ask(QUERY, json!({ "id": account, "from": "2026-03", "to": "2026-05" })).await;
    assert_eq!(data["node"], json!(null));
    app.finish().await;
});

both_ways!(at_most_36_months_are_shown_at_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    consumption(&customer, &account, "2023-07", "2026-06").await;
    for (from, to) in [("2023-06", "2026-06"), ("2026-06", "2026-05"), ("1900-01", "2199-12")] {
        let (_, answer) = customer.post(QUERY, json!({ "id": account, "from": from, "to": to })).await;
        assert_eq!(top_code(&answer), "BAD_INPUT");
    }
    app.finish().await;
});

both_ways!(the_consumption_of_many_accounts_takes_as_many_statements_as_that_of_one, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    attach(&customer, "debt").await;
    let query = "{ viewer { personalAccounts { edges { node {
        consumption(from: \"2025-06\", to: \"2026-05\") { period volume meter { id lastReading { id } } } } } } } }";
    let (one, _) = app.statements(customer.ask(query, json!({}))).await;
    attach(&customer, "day-and-night").await;
    attach(&customer, "overpaid").await;
    let (three, data) = app.statements(customer.ask(query, json!({}))).await;
    assert_eq!(data["viewer"]["personalAccounts"]["edges"].as_array().unwrap().len(), 3);
    assert_eq!(one, three);
    app.finish().await;
});
