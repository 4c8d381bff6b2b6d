//! One meter in the place of another.

use entity::exact::Quantity;
use serde_json::{Value, json};

use crate::billing::execute_sql;
use crate::harness::{Customer, TestApp, both_ways};
use crate::metering::{MeterPage, attach_limited, meter, owner, single, submit};

const METERS: &str = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { meters(includeRemoved: true) { id serialNumber
    removedOn seal { number sealedOn brokenOn }
    replacedBy { replacedOn newMeter { serialNumber } closing { values { value } takenOn } opening { values { value } } }
    replaces { oldMeter { serialNumber } closing { takenOn } } } } } }";

async fn meters(customer: &Customer, account: &str) -> Vec<Value> {
    customer.ask(METERS, json!({ "id": account })).await["node"]["meters"].as_array().unwrap().clone()
}

/// The meter of an account is replaced on the 10th of June: it showed two units more than last.
async fn replace(app: &TestApp, page: &MeterPage) -> String {
    let closing = page.last[0].1 + Quantity(2 * Quantity::ONE.0);
    let (old, new) = (format!("(SELECT id FROM meters WHERE serial_number = '{}')", page.serial), "90000042");
    let ids = ["000000000001", "000000000002", "000000000003"].map(|end| format!("01900000-0000-7000-8000-{end}"));
    let id = |at: usize| match app.app.mechanisms.db.engine() {
        kabinet::platform::db::Engine::Sqlite => format!("x'{}'", ids[at].replace('-', "")),
        kabinet::platform::db::Engine::Postgres => format!("'{}'::uuid", ids[at]),
    };
    let columns = "personal_account_id, service_code, name, model, unit, registers, integer_digits, fraction_digits, coefficient, verification_due_on";
    let reading =
        "personal_account_id, taken_on, submitted_at, source, status, value_single, history_withheld, warnings";
    for sql in [
        format!(
            "INSERT INTO meters (id, serial_number, installed_on, {columns}) SELECT {}, '{new}', '2026-06-10', {columns} FROM meters WHERE serial_number = '{}'",
            id(0),
            page.serial
        ),
        format!(
            "INSERT INTO meter_readings (id, meter_id, {reading}) SELECT {}, id, personal_account_id, '2026-06-10', '2026-06-10T09:00:00+00:00', 'PROVIDER', 'ACCEPTED', {}, FALSE, '' FROM meters WHERE serial_number = '{}'",
            id(1),
            closing.0,
            page.serial
        ),
        format!(
            "INSERT INTO meter_readings (id, meter_id, {reading}) SELECT {}, id, personal_account_id, '2026-06-10', '2026-06-10T09:00:00+00:00', 'PROVIDER', 'ACCEPTED', 0, FALSE, '' FROM meters WHERE serial_number = '{new}'",
            id(2)
        ),
        format!(
            "UPDATE meters SET removed_on = '2026-06-10', last_reading_id = {} WHERE serial_number = '{}'",
            id(1),
            page.serial
        ),
        format!("UPDATE meters SET last_reading_id = {} WHERE serial_number = '{new}'", id(2)),
        format!(
            "INSERT INTO meter_replacements SELECT {old}, id, personal_account_id, '2026-06-10', {}, {} FROM meters WHERE serial_number = '{new}'",
            id(1),
            id(2)
        ),
    ] {
        execute_sql(app, &sql).await;
    }
    new.to_owned()
}

both_ways!(a_replacement_is_shown_with_what_both_meters_showed, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let seal = meters(&customer, &account).await[0]["seal"].clone();
    assert!(seal["number"].is_string() && seal["sealedOn"].is_string() && seal["brokenOn"].is_null(), "{seal}");
    let new = replace(&app, &page).await;
    let shown = meters(&customer, &account).await;
    let of = |serial: &str| shown.iter().find(|meter| meter["serialNumber"] == serial).unwrap();
    let by = &of(&page.serial)["replacedBy"];
    assert_eq!((&by["replacedOn"], &by["newMeter"]["serialNumber"]), (&json!("2026-06-10"), &json!(new)));
    assert_eq!(
        (&by["closing"]["values"][0]["value"], &by["opening"]["values"][0]["value"]),
        (&json!(page.plus(2)), &json!("0"))
    );
    assert_eq!(of(&new)["replaces"]["oldMeter"]["serialNumber"], page.serial.as_str());
    assert_eq!((&of(&new)["replacedBy"], &of(&page.serial)["replaces"]), (&json!(null), &json!(null)));

    // The old one takes nothing any more, the new one goes on from its opening; the month's use is that of both.
    let removed = submit(&customer, json!([page.reading(3)])).await;
    assert_eq!(removed["userErrors"][0]["code"], "METER_REMOVED");
    let fresh = of(&new)["id"].as_str().unwrap().to_owned();
    let fresh = MeterPage { id: fresh, ..meter(&customer, &account).await };
    let taken = submit(&customer, json!([single(&fresh, "5")])).await;
    assert_eq!(taken["readings"][0]["consumption"], "5", "{taken}");
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount {
        consumption(from: \"2026-06\", to: \"2026-06\") { volume meter { serialNumber } } } } }";
    let used = customer.ask(query, json!({ "id": account })).await["node"]["consumption"].take();
    let volumes: Vec<_> = used.as_array().unwrap().iter().map(|one| one["volume"].as_str().unwrap()).collect();
    let total: Quantity = volumes.iter().map(|volume| volume.parse::<Quantity>().unwrap()).sum();
    assert_eq!((volumes.len(), total), (2, Quantity(7 * Quantity::ONE.0)), "{used}");

    let other = app.confirmed_customer("boris@example.com").await;
    let limited = attach_limited(&other, "debt").await;
    let seen = meters(&other, &limited).await;
    let by = &seen.iter().find(|meter| meter["serialNumber"] == page.serial.as_str()).unwrap()["replacedBy"];
    assert_eq!((&by["closing"], &by["opening"]), (&json!(null), &json!(null)), "a reading is a proof");
    app.finish().await;
});

both_ways!(a_broken_seal_is_told_with_the_reading, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    execute_sql(&app, "UPDATE meters SET seal_broken_on = '2026-06-01'").await;
    let page = meter(&customer, &account).await;
    let taken = submit(&customer, json!([page.reading(1)])).await;
    let warnings = taken["readings"][0]["warnings"].as_array().unwrap();
    assert!(warnings.contains(&json!("SEAL_BROKEN")), "{taken}");
    app.finish().await;
});
