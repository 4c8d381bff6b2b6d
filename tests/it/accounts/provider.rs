//! `providers`: search and paging.

use serde_json::{Value, json};

use crate::harness::{Customer, both_ways, top_code};

const QUERY: &str = "query($search: String, $first: Int, $after: String, $last: Int, $before: String) {
    providers(search: $search, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { code name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn page(customer: &Customer, variables: Value) -> Value {
    customer.ask(QUERY, variables).await["providers"].take()
}

fn codes(page: &Value) -> Vec<String> {
    let edges = page["edges"].as_array().unwrap().iter();
    edges.map(|edge| edge["node"]["code"].as_str().unwrap().to_owned()).collect()
}

async fn found(customer: &Customer, search: &str) -> Vec<String> {
    codes(&page(customer, json!({ "search": search, "first": 100 })).await)
}

both_ways!(a_part_of_a_name_or_region_finds_in_any_case, |app| {
    let customer = app.customer();
    for search in ["воронеж", "ВОРОНЕЖ", " Воронеж ", "вОрОнЕж"] {
        let mut codes = found(&customer, search).await;
        codes.sort();
        assert_eq!(codes, ["svet-voronezh", "voronezh"], "{search}");
    }
    assert_eq!(found(&customer, "УДМУРТ").await, ["izhevsk"]);
    assert_eq!(found(&customer, "йошкар-ола").await, ["yoshkar-ola"]);
    assert_eq!(found(&customer, "Лондон").await, Vec::<String>::new());
    for everything in ["", "  "] {
        assert_eq!(found(&customer, everything).await.len(), 12);
    }
    app.finish().await;
});

both_ways!(signs_of_a_pattern_are_searched_for_as_they_stand, |app| {
    let customer = app.customer();
    for search in ["%", "_", "\\", "межрегион%", "вор_неж", "%воронеж", "воронеж\\", "'", "*"]
    {
        assert_eq!(found(&customer, search).await, Vec::<String>::new(), "{search}");
    }
    app.sql("UPDATE providers SET search_name = '100% тепла_и\\света' WHERE code = 'kirov'").await;
    for search in ["100% Тепла", "тепла_и", "и\\света", "%", "_", "\\"] {
        assert_eq!(found(&customer, search).await, ["kirov"], "{search}");
    }
    app.finish().await;
});

both_ways!(pages_forward_and_backward_show_each_provider_once_in_one_order, |app| {
    let customer = app.customer();
    let all = codes(&page(&customer, json!({ "first": 100 })).await);
    assert_eq!(all.len(), 12);

    let (mut forward, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = page(&customer, json!({ "first": 5, "after": after })).await;
        assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!forward.is_empty()));
        forward.extend(codes(&page));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(forward, all);

    let (mut backward, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = page(&customer, json!({ "last": 5, "before": before })).await;
        assert_eq!(page["pageInfo"]["hasNextPage"], json!(!backward.is_empty()));
        let mut codes = codes(&page);
        codes.extend(backward);
        backward = codes;
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(backward, all);
    app.finish().await;
});

both_ways!(a_cursor_goes_on_at_its_place_when_rows_before_it_change, |app| {
    let customer = app.customer();
    let all = codes(&page(&customer, json!({ "first": 100 })).await);
    let first = page(&customer, json!({ "first": 4 })).await;
    app.sql(&format!("UPDATE providers SET name = 'Яркий свет' WHERE code = '{}'", all[0])).await;
    let next = page(&customer, json!({ "first": 4, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(codes(&next), all[4..8]);
    // The row that the cursor names may itself be gone from there.
    app.sql(&format!("UPDATE providers SET name = 'Яркий свет' WHERE code = '{}'", all[3])).await;
    let next = page(&customer, json!({ "first": 4, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(codes(&next), all[4..8]);
    app.finish().await;
});

both_ways!(a_window_that_makes_no_sense_is_bad_input, |app| {
    let customer = app.customer();
    let cursor = page(&customer, json!({ "first": 1 })).await["pageInfo"]["endCursor"].take();
    for variables in [
        json!({ "first": 1, "last": 1 }),
        json!({ "first": 1, "before": cursor }),
        json!({ "last": 1, "after": cursor }),
        json!({ "first": 0 }),
        json!({ "first": -1 }),
        json!({ "first": 101 }),
        json!({ "last": 0 }),
        json!({ "last": 101 }),
        json!({ "after": "nonsense" }),
        json!({ "after": "" }),
        json!({ "before": "bnVsbA" }),
    ] {
        let (_, answer) = customer.post(QUERY, variables.clone()).await;
        assert_eq!(top_code(&answer), "BAD_INPUT", "{variables}");
    }
    assert_eq!(codes(&page(&customer, json!({ "first": 100 })).await).len(), 12);
    assert_eq!(codes(&page(&customer, json!({ "last": 1 })).await).len(), 1);
    app.finish().await;
});

both_ways!(a_provider_tells_how_its_numbers_look_in_the_readers_language, |app| {
    let mut customer = app.customer();
    let query = "query($id: ID!) { node(id: $id) { ... on Provider {
        accountNumberHint accountNumberPattern accountNumberSample accessProofs
        readingWindow { firstDay lastDay } supportEmail } } }";
    let id = customer.provider_id("voronezh").await;
    let provider = customer.ask(query, json!({ "id": id })).await["node"].take();
    let hint = "The account number is printed at the top of the receipt: 10 digits, no spaces.";
    let expected = json!({ "accountNumberHint": hint, "accountNumberPattern": "[0-9]{10}",
        "accountNumberSample": "3600000042", "accessProofs": ["PIN", "LAST_CHARGE_TOTAL", "METER_READING"],
        "readingWindow": { "firstDay": 20, "lastDay": 25 }, "supportEmail": "support@voronezh.example" });
    assert_eq!(provider, expected);
    customer.language = "ru";
    let provider = customer.ask(query, json!({ "id": id })).await["node"].take();
    assert_eq!(provider["accountNumberHint"], "Лицевой счет напечатан вверху квитанции: 10 цифр без пробелов.");
    app.finish().await;
});
