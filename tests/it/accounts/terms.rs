//! What holds at a provider has dates: past days stay answerable, and a change takes effect on its day.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, both_ways, sample, user_errors};
use crate::metering::{meter, owner, submit};

const TERMS: &str = "validFrom dueDay accountNumberName readingWindow { firstDay lastDay }
    readingRules { lateReadings usualMonthlyMaximum zeroConsumption rolloverAllowed mostFractionDigits expiredVerification }
    penalty { keyRate steps { fromDay divisor } } timeZoneMinutes languages
    bankDetails { payeeName inn kpp bankName bic account correspondentAccount }";

async fn terms(customer: &Customer, on: Option<&str>) -> Value {
    let query = format!(
        "query($id: ID!, $on: Date) {{ node(id: $id) {{ ... on Provider {{ terms(on: $on) {{ {TERMS} }} }} }} }}"
    );
    let id = customer.provider_id("voronezh").await;
    customer.ask(&query, json!({ "id": id, "on": on })).await["node"]["terms"].take()
}

/// The later terms of the debtor's provider begin on a day, and differ.
async fn announce(app: &TestApp, valid_from: &str, change: &str) {
    let code = &sample("debt").provider_code;
    app.sql(&format!(
        "UPDATE provider_terms SET valid_from = '{valid_from}', {change} WHERE valid_from = '2026-03-01' \
         AND provider_id = (SELECT id FROM providers WHERE code = '{code}')"
    ))
    .await;
}

both_ways!(what_held_on_a_past_day_is_answered, |app| {
    let customer = app.customer();
    let today = terms(&customer, None).await;
    assert_eq!((&today["validFrom"], &today["dueDay"]), (&json!("2026-03-01"), &json!(15)));
    let february = terms(&customer, Some("2026-02-28")).await;
    assert_eq!((&february["validFrom"], &february["dueDay"]), (&json!("2020-01-01"), &json!(10)));
    assert_eq!(terms(&customer, Some("2026-03-01")).await, today);
    assert_eq!(terms(&customer, Some("1999-12-31")).await["dueDay"], 10, "nothing earlier is known");
    assert_eq!(today["readingRules"]["lateReadings"], "NEXT_BILL");
    assert_eq!(today["penalty"]["keyRate"], "9.50");
    assert_eq!(today["penalty"]["steps"][0], json!({ "fromDay": 31, "divisor": 300 }));
    assert_eq!(today["languages"], json!(["RU", "EN"]));
    let payee = &today["bankDetails"];
    assert_eq!(payee["payeeName"], "Межрегионгаз Воронеж");
    assert_eq!(["inn", "kpp", "bic", "account"].map(|name| payee[name].as_str().unwrap().len()), [10, 9, 9, 20]);
    let query = "query($id: ID!) { node(id: $id) { ... on Provider { termsHistory { validFrom dueDay } } } }";
    let history = customer.ask(query, json!({ "id": customer.provider_id("voronezh").await })).await;
    let expected = json!([{ "validFrom": "2020-01-01", "dueDay": 10 }, { "validFrom": "2026-03-01", "dueDay": 15 }]);
    assert_eq!(history["node"]["termsHistory"], expected);
    app.finish().await;
});

both_ways!(a_reading_rule_changes_on_its_day, |app| {
    let window = "reading_window_first_day = 1, reading_window_last_day = 5, late_readings = 'REFUSED'";
    announce(&app, "2026-06-22", window).await;
    let (mut customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let taken = submit(&customer, json!([page.reading(1)])).await;
    assert_eq!(taken["userErrors"], json!([]), "the old rule holds for two days more");
    app.advance(TimeDelta::days(2));
    customer.sign_in("anna@example.com").await;
    let refused = submit(&customer, json!([page.reading(2)])).await;
    let outside = ("OUTSIDE_WINDOW".to_owned(), json!(["readings", "0", "takenOn"]));
    assert_eq!(user_errors(&refused), [outside]);
    // Of a day on which the old rule held.
    let mut earlier = page.reading(2);
    earlier["takenOn"] = json!("2026-06-21");
    assert_eq!(submit(&customer, json!([earlier])).await["userErrors"], json!([]));
    app.finish().await;
});

both_ways!(a_penalty_and_a_window_that_are_announced_are_in_the_outlook, |app| {
    let change = "key_rate = 1900, reading_window_first_day = 1, reading_window_last_day = 5";
    announce(&app, "2026-06-27", change).await;
    let (mut customer, account) = owner(&app, "anna@example.com", "debt").await;
    app.sql("UPDATE statements SET due_on = '2026-04-15', accrued = 9999900, opening = opening - 9999900 + accrued WHERE period = 202605").await;
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { outlook {
        nextReadings { firstOn lastOn } penalty(until: \"2026-07-01\") { on total { amount } } } } } }";
    let outlook = customer.ask(query, json!({ "id": account })).await["node"]["outlook"].take();
    assert_eq!(outlook["nextReadings"], json!({ "firstOn": "2026-06-20", "lastOn": "2026-06-25" }));
    let total = |day: &str| {
        let days = outlook["penalty"].as_array().unwrap();
        let found = days.iter().find(|one| one["on"] == day).unwrap();
        found["total"]["amount"].as_str().unwrap().parse::<entity::exact::Money>().unwrap().0
    };
    // 1956.85 at 9.5 % is 0.62 a day, at 19 % twice that.
    assert_eq!(total("2026-06-26") - total("2026-06-25"), 62);
    assert!((123..=124).contains(&(total("2026-06-28") - total("2026-06-27"))));
    app.advance(TimeDelta::days(6));
    customer.sign_in("anna@example.com").await;
    let outlook = customer.ask(query, json!({ "id": account })).await["node"]["outlook"].take();
    assert_eq!(outlook["nextReadings"], json!({ "firstOn": "2026-07-01", "lastOn": "2026-07-05" }), "not the old one");
    app.finish().await;
});
