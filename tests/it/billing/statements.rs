//! What the provider sent, month by month.

use entity::exact::Money;
use serde_json::{Value, json};

use crate::harness::{Customer, both_ways, sample};
use crate::metering::{attach, attach_limited, owner};

const FIGURES: &str =
    "id period opening { amount } accrued { amount } recalculated { amount } penalty { amount } paid { amount } closing { amount }
     lines { amount { amount } explanation }";

async fn of_account(customer: &Customer, account: &str, fields: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on PersonalAccount {{ {fields} }} }} }}");
    customer.ask(&query, json!({ "id": account })).await["node"].take()
}

fn sum(value: &Value) -> Money {
    value["amount"].as_str().unwrap().parse().unwrap()
}

both_ways!(the_newest_statement_is_shown_unless_a_month_is_asked_for, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields = r#"newest: statement { period } april: statement(period: "2026-04") { period } none: statement(period: "2025-01") { period }"#;
    let shown = of_account(&customer, &account, fields).await;
    assert_eq!(shown["newest"]["period"], "2026-05");
    assert_eq!(shown["april"]["period"], "2026-04");
    assert_eq!(shown["none"], json!(null));
    app.finish().await;
});

both_ways!(statements_form_a_chain_in_both_directions, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields = r#"statements { edges { node { period } } } statement(period: "2026-04") { next { period next { period } } previous { period previous { period } } }"#;
    let shown = of_account(&customer, &account, fields).await;
    let periods: Vec<_> =
        shown["statements"]["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["period"].clone()).collect();
    assert_eq!(periods, ["2026-05", "2026-04", "2026-03"]);
    assert_eq!(shown["statement"]["next"], json!({ "period": "2026-05", "next": null }));
    assert_eq!(shown["statement"]["previous"], json!({ "period": "2026-03", "previous": null }));
    app.finish().await;
});

both_ways!(every_statement_adds_up_and_its_lines_to_what_was_accrued, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    for note in ["debt", "overpaid", "no-meter", "verification-expired", "about-to-roll-over", "day-and-night"] {
        let account = attach(&customer, note).await;
        let shown =
            of_account(&customer, &account, &format!("statements {{ edges {{ node {{ {FIGURES} }} }} }}")).await;
        let statements: Vec<_> =
            shown["statements"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]).collect();
        assert_eq!(statements.len(), 3, "{note}");
        for statement in &statements {
            let [opening, accrued, recalculated, penalty, paid, closing] =
                ["opening", "accrued", "recalculated", "penalty", "paid", "closing"].map(|name| sum(&statement[name]));
            assert_eq!(opening + accrued + recalculated + penalty - paid, closing, "{note} {statement}");
            let lines = statement["lines"].as_array().unwrap();
            assert!(!lines.is_empty(), "{note} {statement}");
            assert_eq!(lines.iter().map(|line| sum(&line["amount"])).sum::<Money>(), accrued, "{note} {statement}");
        }
        for pair in statements.windows(2) {
            assert_eq!(sum(&pair[0]["opening"]), sum(&pair[1]["closing"]), "{note}");
        }
        assert_eq!(sum(&statements[0]["closing"]).to_string(), sample(note).debt, "{note}");
    }
    app.finish().await;
});

both_ways!(a_statement_says_what_changed_against_the_month_before, |app| {
    let (mut customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields =
        "statement { accrued { amount } previous { accrued { amount } comparedWithPrevious { difference { amount } } }
        lines { serviceCode calculation rule amount { amount } basis }
        comparedWithPrevious { serviceCode now { volume amount { amount } basis } before { amount { amount } }
            difference { amount } byVolume { amount } byPrice { amount } } }";
    let shown = of_account(&customer, &account, fields).await["statement"].take();
    let compared = shown["comparedWithPrevious"].as_array().unwrap();
    assert!(!compared.is_empty());
    for one in compared {
        assert_eq!(sum(&one["byVolume"]) + sum(&one["byPrice"]), sum(&one["difference"]), "{one}");
    }
    let difference: Money = compared.iter().map(|one| sum(&one["difference"])).sum();
    assert_eq!(difference, sum(&shown["accrued"]) - sum(&shown["previous"]["accrued"]));
    let first = &shown["lines"][0];
    assert!(
        first["calculation"]
            .as_str()
            .unwrap()
            .ends_with(&format!(" = {}", first["amount"]["amount"].as_str().unwrap()))
    );
    assert!(first["rule"].as_str().unwrap().starts_with("By the "));
    customer.language = "ru";
    let shown = of_account(&customer, &account, "statement { lines { rule } }").await;
    assert!(shown["statement"]["lines"][0]["rule"].as_str().unwrap().starts_with("По "));
    let first =
        of_account(&customer, &account, r#"statement(period: "2026-03") { comparedWithPrevious { serviceCode } }"#)
            .await;
    assert_eq!(first["statement"]["comparedWithPrevious"], json!([]), "there is none before");
    app.finish().await;
});

both_ways!(every_entry_of_the_ledger_says_why_it_is_there, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields = "ledger(first: 50) { edges { node { kind amount { amount } explanation { text lines { amount { amount } } } } } }";
    let shown = of_account(&customer, &account, fields).await;
    let entries: Vec<_> = shown["ledger"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]).collect();
    for entry in &entries {
        let lines = entry["explanation"]["lines"].as_array().unwrap();
        if entry["kind"] == "CHARGE" {
            assert_eq!(lines.iter().map(|line| sum(&line["amount"])).sum::<Money>(), sum(&entry["amount"]), "{entry}");
        } else {
            assert_eq!(lines, &Vec::<Value>::new(), "{entry}");
        }
    }
    let texts: Vec<_> = entries.iter().map(|entry| entry["explanation"]["text"].as_str().unwrap()).collect();
    assert!(texts.contains(&"Charged: the sum of the statement's lines, 2026-05"), "{texts:?}");
    app.finish().await;
});

both_ways!(with_limited_access_no_statement_is_shown, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let id = of_account(&owner, &account, "statement { id }").await["statement"]["id"].take();
    let neighbour = app.confirmed_customer("boris@example.com").await;
    assert_eq!(attach_limited(&neighbour, "debt").await, account);
    let fields = r#"balance { owed { amount } } statement { id } april: statement(period: "2026-04") { id } statements { edges { node { id } } }"#;
    let shown = of_account(&neighbour, &account, fields).await;
    assert_eq!(shown["balance"]["owed"]["amount"], sample("debt").debt.as_str());
    assert_eq!(shown["statement"], json!(null));
    assert_eq!(shown["april"], json!(null));
    assert_eq!(shown["statements"]["edges"], json!([]));
    let query = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(neighbour.ask(query, json!({ "id": id })).await["node"], json!(null));
    assert_eq!(owner.ask(query, json!({ "id": id })).await["node"]["id"], id);
    app.finish().await;
});
