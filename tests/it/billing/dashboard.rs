//! The first page of the cabinet: all accounts at once, in a few statements of SQL.

use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, both_ways};
use crate::metering::attach;

const DASHBOARD: &str =
    "query($from: YearMonth!, $to: YearMonth!) { viewer { personalAccounts(first: 50) { edges { node {
    id number nickname access provider { name } balance { owed { amount } credit { amount } }
    meters { id name serialNumber unit lastReading { takenOn values { register value } } }
    statement { period accrued { amount } closing { amount } dueOn }
    consumption(from: $from, to: $to) { period volume basis unit meter { id } }
} } } } }";

async fn dashboard(customer: &Customer) -> Value {
    let months = json!({ "from": "2025-07", "to": "2026-06" });
    customer.ask(DASHBOARD, months).await["viewer"]["personalAccounts"]["edges"].take()
}

/// Statements of SQL of a request, without those that a request costs that asks nothing.
async fn cost(app: &TestApp, customer: &Customer) -> (u64, Value) {
    let (nothing, _) = app.statements(customer.ask("{ __typename }", json!({}))).await;
    let (all, shown) = app.statements(dashboard(customer)).await;
    (all - nothing, shown)
}

both_ways!(the_first_page_costs_four_statements_whatever_the_number_of_accounts, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let first = attach(&customer, "debt").await;
    let (one, shown) = cost(&app, &customer).await;
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert!(one <= 4, "{one} statements for one account");
    for note in ["overpaid", "no-meter", "verification-expired", "about-to-roll-over", "day-and-night"] {
        attach(&customer, note).await;
    }
    let (six, shown) = cost(&app, &customer).await;
    assert_eq!(shown.as_array().unwrap().len(), 6);
    assert!(six <= 4, "{six} statements for six accounts");
    // It is what the fields say one by one.
    for edge in shown.as_array().unwrap() {
        let node = &edge["node"];
        let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount {
            meters { id name serialNumber unit lastReading { takenOn values { register value } } }
            statement { period accrued { amount } closing { amount } dueOn } } } }";
        let alone = customer.ask(query, json!({ "id": node["id"] })).await["node"].take();
        assert_eq!((&alone["meters"], &alone["statement"]), (&node["meters"], &node["statement"]));
        let query = r#"query($id: ID!) { node(id: $id) { ... on PersonalAccount {
            consumption(from: "2025-07", to: "2026-06") { period volume basis unit meter { id } } } } }"#;
        let alone = customer.ask(query, json!({ "id": node["id"] })).await["node"].take();
        assert_eq!(alone["consumption"], node["consumption"]);
    }
    let debtor = shown.as_array().unwrap().iter().find(|edge| edge["node"]["id"] == json!(first)).unwrap();
    assert!(debtor["node"]["consumption"].as_array().unwrap().len() >= 3, "{debtor}");
    app.finish().await;
});

both_ways!(nothing_is_read_that_was_not_asked_for, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    attach(&customer, "debt").await;
    for (most, query) in [
        (1, "{ viewer { personalAccounts(first: 5) { edges { node { number balance { owed { amount } } } } } } }"),
        (2, "{ viewer { personalAccounts(first: 5) { edges { node { provider { name } } } } } }"),
        (2, "{ viewer { personalAccounts(first: 5) { edges { node { meters { name } } } } } }"),
        (2, "{ viewer { personalAccounts(first: 5) { edges { node { meters { lastReading { takenOn } } } } } } }"),
        (2, "{ viewer { personalAccounts(first: 5) { edges { node { statement { period } } } } } }"),
        (1, "{ viewer { balance { owed { amount } } } }"),
    ] {
        let (nothing, _) = app.statements(customer.ask("{ __typename }", json!({}))).await;
        let (all, _) = app.statements(customer.ask(query, json!({}))).await;
        assert!(all - nothing <= most, "{}: {query}", all - nothing);
    }
    app.finish().await;
});
