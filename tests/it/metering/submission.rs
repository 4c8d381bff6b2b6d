//! What is taken, and what it is then.

use entity::exact::Quantity;
use serde_json::json;

use super::{attach, attach_limited, meter, owner, single, submit};
use crate::billing::execute_sql;
use crate::harness::{Customer, both_ways, user_errors};

both_ways!(a_reading_that_is_taken_becomes_the_meters_last_one, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    let payload = submit(&customer, json!([single(&before, &before.plus(12))])).await;
    assert_eq!(user_errors(&payload), []);
    let reading = &payload["readings"][0];
    assert_eq!(reading["status"], "SUBMITTED");
    assert_eq!(reading["source"], "CABINET");
    assert_eq!(reading["consumption"], "12");
    assert_eq!(reading["takenOn"], "2026-06-20");
    assert_eq!(reading["warnings"], json!([]));
    assert_eq!(reading["meter"]["id"], before.id.as_str());
    let after = meter(&customer, &account).await;
    assert_eq!(after.last_id, reading["id"].as_str().unwrap());
    assert_eq!(after.last[0].1.to_string(), before.plus(12));
    app.finish().await;
});

both_ways!(a_rollover_is_proposed_and_taken_once_confirmed, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "about-to-roll-over").await;
    let before = meter(&customer, &account).await;
    let capacity = Quantity(10_i64.pow(before.integer_digits) * Quantity::ONE.0);
    let used = Quantity(5 * Quantity::ONE.0) + capacity - before.last[0].1;
    let mut reading = single(&before, "5");
    let payload = submit(&customer, json!([reading])).await;
    assert_eq!(user_errors(&payload), [("ROLLOVER_PROPOSED".to_owned(), json!(["readings", "0", "values"]))]);
    assert_eq!(payload["readings"], json!(null));
    assert_eq!(payload["userErrors"][0]["previous"], before.last[0].1.to_string());
    assert_eq!(payload["userErrors"][0]["consumption"], used.to_string());
    assert_eq!(meter(&customer, &account).await.last_id, before.last_id, "a proposal stores nothing");

    reading["confirmWarnings"] = json!(true);
    let payload = submit(&customer, json!([reading])).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["readings"][0]["consumption"], used.to_string());
    assert_eq!(payload["readings"][0]["warnings"], json!(["ROLLOVER_PROPOSED"]));
    app.finish().await;
});

both_ways!(an_unusually_high_reading_is_taken_once_confirmed, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    // 100 a month; May and June have begun since the last reading.
    execute_sql(&app, "UPDATE provider_terms SET usual_monthly_maximum = 1000000").await;
    assert_eq!(&before.last_taken_on[..7], "2026-05");
    let mut reading = single(&before, &before.plus(201));
    let payload = submit(&customer, json!([reading])).await;
    assert_eq!(user_errors(&payload), [("UNUSUALLY_HIGH".to_owned(), json!(["readings", "0", "values"]))]);
    assert_eq!(payload["userErrors"][0]["consumption"], "201");
    assert_eq!(payload["userErrors"][0]["usualMost"], "200");
    assert_eq!(payload["userErrors"][0]["usualAverage"], average(&customer, &before.id).await);
    assert_eq!(meter(&customer, &account).await.last_id, before.last_id);

    reading["confirmWarnings"] = json!(true);
    let payload = submit(&customer, json!([reading])).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["readings"][0]["warnings"], json!(["UNUSUALLY_HIGH"]));
    app.finish().await;
});

/// By hand: what was used between the oldest and the newest reading, over the months between them.
async fn average(customer: &Customer, meter: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Meter { readings(first: 50) { edges { node { takenOn
        values { value } } } } } } }";
    let data = customer.ask(query, json!({ "id": meter })).await;
    let readings = data["node"]["readings"]["edges"].as_array().unwrap();
    let value = |at: usize| readings[at]["node"]["values"][0]["value"].as_str().unwrap().parse::<Quantity>().unwrap().0;
    let month = |at: usize| readings[at]["node"]["takenOn"].as_str().unwrap()[5..7].parse::<i64>().unwrap();
    let oldest = readings.len() - 1;
    let months = month(0) - month(oldest);
    assert!(months >= 2, "the registers have some months of readings");
    Quantity((value(0) - value(oldest) + months / 2) / months).to_string()
}

both_ways!(several_readings_are_taken_all_or_none, |app| {
    let (customer, first) = owner(&app, "anna@example.com", "debt").await;
    let second = attach(&customer, "day-and-night").await;
    let (one, two) = (meter(&customer, &first).await, meter(&customer, &second).await);
    let payload = submit(&customer, json!([one.reading(3), two.reading(-1)])).await;
    let errors = user_errors(&payload);
    let below = ("BELOW_PREVIOUS".to_owned(), json!(["readings", "1", "values"]));
    assert_eq!(errors, [below.clone(), below], "one for each register");
    assert_eq!(payload["userErrors"][0]["register"], "DAY");
    assert_eq!(payload["userErrors"][1]["register"], "NIGHT");
    assert_eq!(meter(&customer, &first).await.last_id, one.last_id);
    assert_eq!(meter(&customer, &second).await.last_id, two.last_id);

    let payload = submit(&customer, json!([one.reading(3), two.reading(4)])).await;
    assert_eq!(user_errors(&payload), []);
    let order: Vec<_> = payload["readings"].as_array().unwrap().iter().map(|reading| &reading["meter"]["id"]).collect();
    assert_eq!(order, [one.id.as_str(), two.id.as_str()], "in the order of the input");
    assert_ne!(meter(&customer, &first).await.last_id, one.last_id);
    assert_ne!(meter(&customer, &second).await.last_id, two.last_id);
    app.finish().await;
});

both_ways!(the_consumption_of_a_day_and_night_meter_is_the_sum_of_its_registers, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "day-and-night").await;
    let before = meter(&customer, &account).await;
    let registers: Vec<_> = before.last.iter().map(|(register, _)| register.as_str()).collect();
    assert_eq!(registers, ["DAY", "NIGHT"]);
    let payload = submit(&customer, json!([before.reading(7)])).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["readings"][0]["consumption"], "14");
    let after = meter(&customer, &account).await;
    assert_eq!(
        after.last.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
        before.last.iter().map(|(_, value)| *value + Quantity(7 * Quantity::ONE.0)).collect::<Vec<_>>()
    );
    app.finish().await;
});

both_ways!(a_reading_of_a_meter_whose_verification_has_expired_is_taken_with_a_warning, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "verification-expired").await;
    let before = meter(&customer, &account).await;
    let payload = submit(&customer, json!([before.reading(1)])).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["readings"][0]["warnings"], json!(["VERIFICATION_EXPIRED"]));
    app.finish().await;
});

both_ways!(a_reading_without_consumption_or_outside_the_window_is_taken_with_a_warning, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    execute_sql(&app, "UPDATE provider_terms SET reading_window_first_day = 21, reading_window_last_day = 25").await;
    let before = meter(&customer, &account).await;
    let payload = submit(&customer, json!([before.reading(0)])).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["readings"][0]["warnings"], json!(["ZERO_CONSUMPTION", "OUTSIDE_WINDOW"]));
    app.finish().await;
});

both_ways!(with_limited_access_readings_are_sent_but_their_history_is_not_seen, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&owner, &account).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    assert_eq!(attach_limited(&neighbour, "debt").await, account);
    let payload = submit(&neighbour, json!([before.reading(2)])).await;
    assert_eq!(user_errors(&payload), []);
    let query = "query($id: ID!) { node(id: $id) { ... on Meter { readings { edges { node { id } } } } } }";
    let seen = neighbour.ask(query, json!({ "id": before.id })).await;
    assert_eq!(seen["node"]["readings"]["edges"], json!([]));
    let earlier = neighbour.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": before.last_id })).await;
    assert_eq!(earlier["node"], json!(null), "an earlier reading of another's");
    let seen = owner.ask(query, json!({ "id": before.id })).await;
    assert!(seen["node"]["readings"]["edges"].as_array().unwrap().len() >= 2);
    app.finish().await;
});

both_ways!(with_limited_access_no_answer_depends_on_the_last_reading, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&owner, &account).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach_limited(&neighbour, "debt").await;
    for units in [-20, 0, 20_000] {
        let payload = submit(&neighbour, json!([before.reading(units)])).await;
        assert_eq!(user_errors(&payload), []);
        let reading = &payload["readings"][0];
        assert_eq!((&reading["consumption"], &reading["warnings"]), (&json!(null), &json!([])), "{units}");
    }
    let query = "query($id: ID!) { node(id: $id) { ... on Meter { lastReading { id } } } }";
    let seen = neighbour.ask(query, json!({ "id": before.id })).await;
    assert_eq!(seen["node"], json!({ "lastReading": null }));
    app.finish().await;
});

both_ways!(a_reading_sent_with_limited_access_stands_in_nobodys_way, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&owner, &account).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach_limited(&neighbour, "debt").await;
    assert_eq!(user_errors(&submit(&neighbour, json!([before.reading(9_000)])).await), []);
    assert_eq!(meter(&owner, &account).await.last_id, before.last_id);
    let payload = submit(&owner, json!([before.reading(3)])).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(payload["readings"][0]["consumption"], "3");
    app.finish().await;
});

both_ways!(only_a_reading_that_the_provider_took_is_a_proof, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&owner, &account).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach_limited(&neighbour, "debt").await;
    let prove = async |customer: &Customer, value: String| {
        let input = json!({ "personalAccountId": account, "proof": { "meterReading": value } });
        customer.mutate("proveAccountAccess", "personalAccount { access }", input).await
    };
    submit(&neighbour, json!([before.reading(2)])).await;
    assert_eq!(user_errors(&prove(&neighbour, before.plus(2)).await)[0].0, "PROOF_REJECTED");
    submit(&owner, json!([before.reading(3)])).await;
    assert_eq!(user_errors(&prove(&neighbour, before.plus(3)).await)[0].0, "PROOF_REJECTED");
    app.finish().await;
});
