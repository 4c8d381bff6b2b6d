//! The rows S9 to S25 of the seed, one after another, as a client asks for them.

use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, both_ways, sample, user_errors};
use crate::metering::{attach, attach_limited, meter, owner, submit};
use crate::payments::{current_debt, custom, started};

async fn of_account(customer: &Customer, account: &str, fields: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on PersonalAccount {{ {fields} }} }} }}");
    customer.ask(&query, json!({ "id": account })).await["node"].take()
}

both_ways!(s9_the_first_page_has_no_accounts_yet_and_says_how_to_attach_one, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let query = "{ viewer { personalAccounts(first: 5) { edges { cursor } } accountTotals { accounts } } hints(section: WELCOME) { title text } }";
    let data = customer.ask(query, json!({})).await;
    assert_eq!(data["viewer"]["personalAccounts"]["edges"], json!([]));
    assert_eq!(data["viewer"]["accountTotals"]["accounts"], 0);
    assert!(!data["hints"].as_array().unwrap().is_empty());
    app.finish().await;
});

both_ways!(s10_s11_s12_a_provider_is_chosen_and_several_accounts_are_attached_by_number, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let query = r#"{ providers(first: 5, search: "воронеж") { edges { node { id code name accountNumberHint accountNumberPattern accountNumberSample } } pageInfo { hasNextPage } } }"#;
    let found = customer.ask(query, json!({})).await["providers"]["edges"][0]["node"].take();
    assert!(
        ["accountNumberHint", "accountNumberPattern", "accountNumberSample"].iter().all(|name| found[name].is_string())
    );
    let input = json!({ "providerId": found["id"], "number": "12" });
    let refused = customer.mutate("attachPersonalAccount", "personalAccount { id }", input).await;
    assert_eq!(user_errors(&refused)[0].0, "ACCOUNT_NUMBER_MALFORMED");
    for note in ["debt", "overpaid"] {
        attach(&customer, note).await;
        app.advance(chrono::TimeDelta::seconds(1));
    }
    let query = "{ viewer { personalAccounts(first: 5) { edges { node { number } } } } }";
    let edges = customer.ask(query, json!({})).await["viewer"]["personalAccounts"]["edges"].take();
    let numbers: Vec<_> = edges.as_array().unwrap().iter().map(|edge| edge["node"]["number"].clone()).collect();
    assert_eq!(numbers, [json!(sample("debt").number), json!(sample("overpaid").number)]);
    app.finish().await;
});

both_ways!(s13_a_months_account_with_the_neighbouring_months, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields = r#"statement(period: "2026-04") { period next { period next { period next { period } } } previous { period } }"#;
    let april = of_account(&customer, &account, fields).await["statement"].take();
    assert_eq!((&april["period"], &april["previous"]["period"]), (&json!("2026-04"), &json!("2026-03")));
    assert_eq!((&april["next"]["period"], &april["next"]["next"]), (&json!("2026-05"), &Value::Null));
    app.finish().await;
});

both_ways!(s14_s17_history_of_the_services_and_their_prices, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields = "services { code name unit } serviceChanges(first: 20) { edges { node { changedOn kind service before after description } } }
        tariffs { service price unit startsOn endsOn order }";
    let shown = of_account(&customer, &account, fields).await;
    let changes = shown["serviceChanges"]["edges"].as_array().unwrap();
    let days: Vec<_> = changes.iter().map(|edge| edge["node"]["changedOn"].as_str().unwrap()).collect();
    assert!(!days.is_empty() && days.is_sorted_by(|one, other| one >= other), "newest first: {days:?}");
    let tariffs = shown["tariffs"].as_array().unwrap();
    assert!(
        !tariffs.is_empty()
            && tariffs.iter().all(|tariff| tariff["price"].is_string() && tariff["startsOn"].is_string())
    );
    let past = of_account(&customer, &account, r#"tariffs(on: "2019-01-01") { price }"#).await;
    assert_eq!(past["tariffs"], json!([]));
    app.finish().await;
});

both_ways!(s15_s16_general_information_and_meters_with_their_last_readings, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields = "meterCount balance { owed { amount } } statement { period accrued { amount } closing { amount } }
        meters { name serialNumber lastReading { takenOn values { value } } }";
    let shown = of_account(&customer, &account, fields).await;
    assert_eq!((&shown["meterCount"], &shown["balance"]["owed"]["amount"]), (&json!(1), &json!(sample("debt").debt)));
    assert_eq!(
        (&shown["statement"]["period"], &shown["statement"]["closing"]["amount"]),
        (&json!("2026-05"), &json!(sample("debt").debt))
    );
    assert_eq!(shown["meters"][0]["lastReading"]["values"][0]["value"], "27927");
    let unmetered = attach(&customer, "no-meter").await;
    let shown =
        of_account(&customer, &unmetered, "meterCount balance { asOf } statement { period lines { basis } }").await;
    assert_eq!((&shown["meterCount"], &shown["statement"]["lines"][0]["basis"]), (&json!(0), &json!("NORM")));
    app.finish().await;
});

both_ways!(s18_s19_the_debt_or_another_sum_is_paid_and_readings_go_along, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let mut input = custom(&account, "100.00", "one");
    input["readings"] = json!([page.reading(1)]);
    let payment = started(&customer, input).await;
    app.bank(&payment.url, "pay").await;
    crate::payments::settle(&app).await;
    let paid = crate::payments::payment(&customer, &payment.id).await;
    assert_eq!((&paid["status"], paid["readings"].as_array().unwrap().len()), (&json!("SUCCEEDED"), 1));
    let mut input = custom(&account, "100.00", "two");
    input["readings"] = json!([page.reading(-5)]);
    let refused = crate::payments::start(&customer, input).await;
    assert_eq!(user_errors(&refused), [("BELOW_PREVIOUS".to_owned(), json!(["readings", "0", "values"]))]);
    let payment = started(&customer, current_debt(&account, "three")).await;
    app.bank(&payment.url, "pay").await;
    crate::payments::settle(&app).await;
    assert_eq!(customer.balance(&account).await, "0.00");
    app.discard_letters();
    app.finish().await;
});

both_ways!(s20_readings_are_previewed_sent_and_withdrawn, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let input = json!({ "readings": [page.reading(3)] });
    let fields = "readings { volume cost { amount } warnings } accounts { balance { owed { amount } } }";
    let preview = customer.mutate("previewMeterReadings", fields, input).await;
    assert_eq!(
        (&preview["userErrors"], preview["readings"][0]["cost"]["amount"].is_string()),
        (&json!([]), true),
        "{preview}"
    );
    let sent = submit(&customer, json!([page.reading(3)])).await;
    let id = sent["readings"][0]["id"].clone();
    let withdrawn = customer.mutate("withdrawMeterReading", "reading { status }", json!({ "id": id })).await;
    assert_eq!(withdrawn["reading"]["status"], "WITHDRAWN", "{withdrawn}");
    app.finish().await;
});

both_ways!(s21_s22_settings_the_password_and_the_connected_accounts, |app| {
    let mut customer = app.confirmed_customer("anna@example.com").await;
    let other = {
        let mut other = app.customer();
        other.sign_in("anna@example.com").await;
        other
    };
    let account = attach_limited(&customer, "debt").await;
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "another horse 43" });
    let changed = customer.mutate("changePassword", "viewer { email }", input).await;
    assert_eq!(changed["userErrors"], json!([]), "{changed}");
    app.drain().await;
    assert!(!other.is_signed_in().await, "every other session ends");
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    assert!(customer.try_to_sign_in("anna@example.com", "another horse 43").await);
    let detached =
        customer.mutate("detachPersonalAccount", "detachedId", json!({ "personalAccountId": account })).await;
    assert_eq!(detached["detachedId"], json!(account));
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(s23_every_section_has_hints_in_both_languages, |app| {
    let mut customer = app.customer();
    let mut titles = Vec::new();
    for language in ["ru", "en"] {
        customer.language = language;
        for section in ["WELCOME", "ACCOUNTS", "READINGS", "BILLS", "PAYMENTS", "TARIFFS", "SETTINGS", "SUPPORT"] {
            let query = "query($section: HintSection) { hints(section: $section) { title text } }";
            let hints = customer.ask(query, json!({ "section": section })).await["hints"].take();
            assert!(!hints.as_array().unwrap().is_empty(), "{language} {section}");
            titles.push(hints[0]["title"].clone());
        }
    }
    let (russian, english) = titles.split_at(8);
    assert!(russian.iter().zip(english).all(|(one, other)| one != other));
    app.finish().await;
});

both_ways!(s24_the_support_service_is_asked_and_answers, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let input = json!({ "topic": "BILL", "text": "Почему столько?", "personalAccountId": account });
    let asked = customer.mutate("sendSupportRequest", "supportRequest { id }", input).await;
    let id = asked["supportRequest"]["id"].as_str().unwrap();
    app.drain().await;
    let own = kabinet::graphql::ids::decode(id).unwrap();
    app.app.services.support.answer(own, "Потому что по среднему.", true).await.unwrap();
    app.drain().await;
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    app.discard_letters();
    app.finish().await;
});

both_ways!(s25_why_a_sum_is_what_it_is_what_comes_next_and_what_can_be_taken_along, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let fields = r#"statement { pdfUrl comparedWithPrevious { service difference { amount } } lines { basis rule explanation calculation volume coefficient price amount { amount } } }
        ledger(first: 50) { edges { node { kind explanation { text lines { rule } } } } }
        outlook { dueOn overdue { amount } nextReadings { firstOn lastOn } penalty { on total { amount } } withoutReadings(months: 4) { period basis cost { amount } } }
        consumption(from: "2026-03", to: "2026-05") { period basis volume } usageCsvUrl billsCsvUrl paymentQr { text svg }"#;
    let shown = of_account(&customer, &account, fields).await;
    for line in shown["statement"]["lines"].as_array().unwrap() {
        assert!(
            ["rule", "explanation", "calculation"].iter().all(|name| !line[name].as_str().unwrap().is_empty()),
            "{line}"
        );
    }
    for edge in shown["ledger"]["edges"].as_array().unwrap() {
        assert!(!edge["node"]["explanation"]["text"].as_str().unwrap().is_empty(), "{edge}");
    }
    assert!(!shown["outlook"]["withoutReadings"].as_array().unwrap().is_empty());
    assert!(!shown["consumption"].as_array().unwrap().is_empty());
    assert!(shown["paymentQr"]["text"].as_str().unwrap().starts_with("ST00012|"));
    let query = "query($text: String!) { checkPaymentQr(text: $text) { verdict } }";
    let checked = customer.ask(query, json!({ "text": shown["paymentQr"]["text"] })).await;
    assert_eq!(checked["checkPaymentQr"]["verdict"], "GENUINE");
    app.finish().await;
});
