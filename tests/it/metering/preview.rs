//! What readings would mean, before they are sent.

use entity::exact::{Money, Quantity};
use serde_json::{Value, json};

use super::{attach, attach_limited, meter, owner, single};
use crate::billing::{execute_sql, number};
use crate::harness::{Customer, both_ways, top_code, user_errors};

const PREVIEW: &str = "mutation($input: PreviewMeterReadingsInput!) { previewMeterReadings(input: $input) {
    readings { meter { id } takenOn registers { register value previous consumption } consumption volume cost { amount }
        lines { tariff { price serviceCode } firstDay lastDay consumption coefficient amount { amount } } warnings }
    accounts { personalAccount { id } cost { amount } balance { owed { amount } credit { amount } } }
    userErrors { __typename code field ... on RolloverProposedError { register previous consumption }
        ... on ReadingBelowPreviousError { register previous }
        ... on UnusuallyHighError { consumption usualMost usualAverage } } } }";

async fn preview(customer: &Customer, readings: Value) -> Value {
    let variables = json!({ "input": { "readings": readings } });
    customer.ask(PREVIEW, variables).await["previewMeterReadings"].take()
}

fn money(value: &Value) -> Money {
    value["amount"].as_str().unwrap().parse().unwrap()
}

both_ways!(a_preview_says_volume_cost_and_what_would_be_owed_and_stores_nothing, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    let balance: Money = customer.balance(&account).await.parse().unwrap();
    execute_sql(&app, "UPDATE meters SET coefficient = 1050000").await;
    // 7.32812 roubles, whenever it began.
    execute_sql(&app, "UPDATE tariffs SET price = 732812").await;
    let readings = number(&app, "SELECT COUNT(*) AS number FROM meter_readings").await;
    let payload = preview(&customer, json!([single(&before, &before.plus(12))])).await;
    assert_eq!(user_errors(&payload), []);
    let reading = &payload["readings"][0];
    assert_eq!(reading["meter"]["id"], before.id.as_str());
    assert_eq!((&reading["consumption"], &reading["volume"]), (&json!("12"), &json!("12.6")));
    let register = &reading["registers"][0];
    let shown = json!({ "register": "SINGLE", "value": before.plus(12), "previous": before.last[0].1.to_string(), "consumption": "12" });
    assert_eq!(register, &shown);
    let lines = reading["lines"].as_array().unwrap();
    let used: Quantity =
        lines.iter().map(|line| line["consumption"].as_str().unwrap().parse::<Quantity>().unwrap()).sum();
    assert_eq!(used.to_string(), "12");
    assert!(lines.iter().all(|line| line["coefficient"] == "1.05" && line["tariff"]["price"] == "7.32812"));
    let sum: Money = lines.iter().map(|line| money(&line["amount"])).sum();
    assert_eq!(money(&reading["cost"]), sum);
    if let [line] = &lines[..] {
        // 12 × 1.05 × 7.32812 = 92.334312
        assert_eq!(line["amount"]["amount"], "92.33");
    }
    let of_account = &payload["accounts"][0];
    assert_eq!(of_account["personalAccount"]["id"], account.as_str());
    assert_eq!(money(&of_account["cost"]), sum);
    assert_eq!(money(&of_account["balance"]["owed"]) - money(&of_account["balance"]["credit"]), balance + sum);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM meter_readings").await, readings);
    assert_eq!(meter(&customer, &account).await.last_id, before.last_id);
    app.finish().await;
});

both_ways!(a_period_across_a_change_of_the_price_is_split_by_days, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    // The account's own price is 9 roubles, and 10 from the day on which that one ends: then the later one applies.
    let ended =
        "UPDATE tariffs SET price = 900000, ends_on = '2026-06-10' WHERE ends_on IS NULL OR ends_on >= '2026-06-10'";
    execute_sql(&app, ended).await;
    let next = "INSERT INTO tariffs (id, provider_id, service_code, service_name, tariff_group, price, unit, starts_on) \
        SELECT DISTINCT personal_accounts.id, tariffs.provider_id, tariffs.service_code, tariffs.service_name, \
        tariffs.tariff_group, 1000000, tariffs.unit, tariffs.ends_on FROM meters \
        JOIN personal_accounts ON personal_accounts.id = meters.personal_account_id \
        JOIN account_services ON account_services.personal_account_id = personal_accounts.id \
        AND account_services.code = meters.service_code \
        JOIN tariffs ON tariffs.provider_id = personal_accounts.provider_id AND tariffs.service_code = meters.service_code \
        AND tariffs.tariff_group = account_services.tariff_group \
        WHERE tariffs.ends_on = '2026-06-10' AND meters.serial_number = 'SERIAL'";
    execute_sql(&app, &next.replace("SERIAL", &before.serial)).await;
    let last = "UPDATE meter_readings SET taken_on = '2026-05-31' \
        WHERE id = (SELECT last_reading_id FROM meters WHERE serial_number = 'SERIAL')";
    execute_sql(&app, &last.replace("SERIAL", &before.serial)).await;
    let payload = preview(&customer, json!([single(&before, &before.plus(20))])).await;
    assert_eq!(user_errors(&payload), []);
    let lines = payload["readings"][0]["lines"].as_array().unwrap();
    let shown: Vec<_> = lines
        .iter()
        .map(|line| [&line["firstDay"], &line["lastDay"], &line["consumption"], &line["amount"]["amount"]])
        .map(|cells| cells.map(|cell| cell.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(shown, [["2026-06-01", "2026-06-09", "9", "81.00"], ["2026-06-10", "2026-06-20", "11", "110.00"]]);
    assert_eq!(payload["readings"][0]["cost"]["amount"], "191.00");
    app.finish().await;
});

both_ways!(a_day_without_a_price_makes_the_cost_unknown_and_not_nothing, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    execute_sql(&app, "UPDATE tariffs SET ends_on = '2026-06-19'").await;
    let payload = preview(&customer, json!([before.reading(5)])).await;
    let reading = &payload["readings"][0];
    assert_eq!((&reading["consumption"], &reading["cost"], &reading["lines"]), (&json!("5"), &json!(null), &json!([])));
    assert_eq!((&payload["accounts"][0]["cost"], &payload["accounts"][0]["balance"]), (&json!(null), &json!(null)));
    app.finish().await;
});

both_ways!(a_night_register_with_a_price_of_its_own_is_charged_by_it, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "day-and-night").await;
    let before = meter(&customer, &account).await;
    execute_sql(&app, "UPDATE tariffs SET price = CASE WHEN service_code = 'power-night' THEN 200000 ELSE 500000 END")
        .await;
    let payload = preview(&customer, json!([before.reading(7)])).await;
    assert_eq!(user_errors(&payload), []);
    let reading = &payload["readings"][0];
    assert_eq!(reading["consumption"], "14");
    assert_eq!(reading["registers"].as_array().unwrap().len(), 2);
    assert_eq!(reading["cost"]["amount"], "49.00", "7 × 5 by day and 7 × 2 by night");
    app.finish().await;
});

both_ways!(a_preview_meets_the_refusals_of_a_submission, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    let payload = preview(&customer, json!([before.reading(-1)])).await;
    assert_eq!(user_errors(&payload), [("BELOW_PREVIOUS".to_owned(), json!(["readings", "0", "values"]))]);
    assert_eq!((&payload["readings"], &payload["accounts"]), (&json!(null), &json!(null)));
    assert_eq!(payload["userErrors"][0]["previous"], before.last[0].1.to_string());
    execute_sql(&app, "UPDATE provider_terms SET usual_monthly_maximum = 1000000").await;
    let mut high = before.reading(201);
    let payload = preview(&customer, json!([high])).await;
    assert_eq!(user_errors(&payload)[0].0, "UNUSUALLY_HIGH");
    assert!(payload["userErrors"][0]["usualAverage"].is_string(), "{payload}");
    high["confirmWarnings"] = json!(true);
    assert_eq!(preview(&customer, json!([high])).await["readings"][0]["warnings"], json!(["UNUSUALLY_HIGH"]));
    assert_eq!(user_errors(&preview(&customer, json!([])).await), [("EMPTY".to_owned(), json!(["readings"]))]);
    app.finish().await;
});

both_ways!(with_limited_access_a_preview_does_not_depend_on_the_last_reading, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&owner, &account).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach_limited(&neighbour, "debt").await;
    let mut answers = Vec::new();
    for units in [-20, 0, 20_000] {
        let mut payload = preview(&neighbour, json!([before.reading(units)])).await;
        assert_eq!(user_errors(&payload), []);
        payload["readings"][0]["registers"][0]["value"].take();
        answers.push(payload);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
    let reading = &answers[0]["readings"][0];
    for part in ["consumption", "volume", "cost"] {
        assert_eq!(reading[part], json!(null), "{part}");
    }
    assert_eq!((&reading["registers"][0]["previous"], &reading["lines"]), (&json!(null), &json!([])));
    assert_eq!(answers[0]["accounts"][0]["balance"], json!(null));
    app.finish().await;
});

both_ways!(strangers_and_the_anonymous_preview_nothing, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&owner, &account).await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    let theirs = preview(&stranger, json!([page.reading(1)])).await;
    assert_eq!(user_errors(&theirs), [("METER_NOT_FOUND".to_owned(), json!(["readings", "0", "meterId"]))]);
    let mut none = page.reading(1);
    none["meterId"] = json!("meter_01h455vb4pex5vsknk084sn02q");
    assert_eq!(preview(&stranger, json!([none])).await, theirs);
    let mutation = "mutation { previewMeterReadings(input: { readings: [] }) { userErrors { code } } }";
    let (_, answer) = app.customer().post(mutation, json!({})).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    app.finish().await;
});

both_ways!(a_preview_of_many_meters_takes_as_many_statements_as_one, |app| {
    let (customer, one) = owner(&app, "anna@example.com", "debt").await;
    let two = attach(&customer, "day-and-night").await;
    let (one, two) = (meter(&customer, &one).await, meter(&customer, &two).await);
    let (few, _) = app.statements(preview(&customer, json!([one.reading(1)]))).await;
    let (many, payload) = app.statements(preview(&customer, json!([one.reading(1), two.reading(1)]))).await;
    assert_eq!(user_errors(&payload), []);
    assert_eq!(few, many);
    assert_eq!(payload["accounts"].as_array().unwrap().len(), 2);
    app.finish().await;
});
