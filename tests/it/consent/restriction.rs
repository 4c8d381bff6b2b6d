//! An app sees what it was granted: these accounts, this past, these fields.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use entity::ids::PersonalAccountId;
use kabinet::consent::grant::Past;
use serde_json::{Value, json};

use super::{Acting, EMAIL, EVERY_SCOPE, ME, is_in, without_letters};
use crate::harness::{Customer, both_ways, top_code, user_errors};
use crate::metering::{attach, meter, owner, submit};
use crate::payments::together::{begun, both, two};
use crate::payments::{custom, payment, settle, start, started};

const LISTS: &str = "{ viewer { personalAccounts { edges { node { id } } } accountTotals { accounts }
    payments { edges { node { id } } } } }";
const HISTORY: &str = "query($id: ID!) { node(id: $id) { ... on PersonalAccount {
    statements { edges { node { id period compared: comparedWithPrevious { __typename } previous { id } } } }
    oldest: statement(period: \"2026-03\") { id } statement { id period }
    ledger(first: 100) { edges { node { id occurredAt statement { period } reverses { id } } } }
    serviceChanges(first: 100) { edges { node { changedOn } } }
    consumption(from: \"2026-01\", to: \"2026-06\") { period yearBefore }
    payments { edges { node { id } } }
    meters(includeRemoved: true) { id lastReading { takenOn } readings(first: 100) { edges { node { id takenOn } } } } } } }";

async fn lists(caller: &Customer) -> Value {
    caller.ask(LISTS, json!({})).await["viewer"].take()
}

async fn history(caller: &Customer, account: &str) -> Value {
    caller.ask(HISTORY, json!({ "id": account })).await["node"].take()
}

async fn node(caller: &Customer, id: &str) -> Value {
    caller.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await["node"].take()
}

/// Values of a key anywhere below.
fn all(value: &Value, key: &str) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get(key).and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(|value| all(value, key))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|value| all(value, key)).collect(),
        _ => Vec::new(),
    }
}

both_ways!(an_app_reaches_the_accounts_that_were_granted, |app| {
    let (anna, granted) = owner(&app, EMAIL, "debt").await;
    let other = attach(&anna, "day-and-night").await;
    let (paid, elsewhere) =
        (started(&anna, custom(&granted, "100.00", "a")).await, started(&anna, custom(&other, "100.00", "b")).await);
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&granted], Past::All).await;
    let shown = lists(&caller).await;
    assert_eq!(shown["personalAccounts"]["edges"], json!([{ "node": { "id": granted } }]));
    assert_eq!(shown["accountTotals"]["accounts"], 1);
    assert_eq!(shown["payments"]["edges"], json!([{ "node": { "id": paid.id } }]));
    assert_eq!(lists(&anna).await["accountTotals"]["accounts"], 2, "the person sees all");
    let total = "{ viewer { balance { owed { amount } credit { amount } } } }";
    let sum = caller.ask(total, json!({})).await["viewer"]["balance"].take();
    let own = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { balance { owed { amount } credit { amount } } } } }";
    assert_eq!(sum, caller.ask(own, json!({ "id": granted })).await["node"]["balance"]);
    // By its id, and by the id of everything that belongs to it.
    let hidden = history(&anna, &other).await;
    let their_meter = meter(&anna, &other).await;
    let statement = hidden["statement"]["id"].as_str().unwrap();
    for id in [other.as_str(), statement, &their_meter.id, &their_meter.last_id, &elsewhere.id] {
        assert_eq!(node(&caller, id).await, Value::Null, "{id}");
        assert_eq!(node(&anna, id).await["id"], id);
    }
    assert_eq!(payment(&caller, &elsewhere.id).await, Value::Null);
    // Nor does it do anything there.
    let sent = submit(&caller, json!([their_meter.reading(1)])).await;
    assert_eq!(user_errors(&sent)[0].0, "METER_NOT_FOUND");
    assert_eq!(user_errors(&start(&caller, custom(&other, "100.00", "c")).await)[0].0, "ACCOUNT_NOT_FOUND");
    // With the person's own key and input: what they did is not shown.
    assert_eq!(user_errors(&start(&caller, custom(&other, "100.00", "b")).await)[0].0, "ACCOUNT_NOT_FOUND");
    let cancel = json!({ "id": elsewhere.id });
    let refused = caller.mutate("cancelPayment", "payment { id }", cancel).await;
    assert_eq!(user_errors(&refused)[0].0, "PAYMENT_NOT_FOUND");
    let filtered =
        "query($ids: [ID!]) { viewer { payments(filter: { personalAccountIds: $ids }) { edges { node { id } } } } }";
    let found = caller.ask(filtered, json!({ "ids": [other] })).await;
    assert_eq!(found["viewer"]["payments"]["edges"], json!([]));
    // What it was granted it does.
    assert_eq!(user_errors(&start(&caller, custom(&granted, "50.00", "d")).await), []);
    let own_meter = meter(&caller, &granted).await;
    assert_eq!(user_errors(&submit(&caller, json!([own_meter.reading(1)])).await), []);
    without_letters(&app).await;
    app.advance(TimeDelta::minutes(1));
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(streams_follow_the_granted_accounts, |app| {
    let (anna, granted) = owner(&app, EMAIL, "debt").await;
    let other = attach(&anna, "day-and-night").await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&granted], Past::All).await;
    let mut socket = caller.socket().await;
    let query = "subscription($ids: [ID!]) { balanceUpdated(personalAccountIds: $ids) { personalAccount { id } } }";
    socket.subscribe("named", query, json!({ "ids": [other] })).await;
    let answer = socket.next().await;
    assert_eq!((&answer["id"], &answer["type"]), (&json!("named"), &json!("error")), "{answer}");
    socket.subscribe("all", query, json!({})).await;
    // The server has begun to follow when it answers the next question.
    socket.subscribe("me", ME, json!({})).await;
    assert_eq!(socket.next().await["id"], "me");
    assert_eq!(socket.next().await["type"], "complete");
    for account in [&other, &granted] {
        let pay = started(&anna, custom(account, "100.00", account)).await;
        app.bank(&pay.url, "pay").await;
        app.drain().await;
    }
    let event = socket.next().await;
    assert_eq!(event["payload"]["data"]["balanceUpdated"]["personalAccount"]["id"], granted, "{event}");
    let foreign = started(&anna, custom(&other, "100.00", "again")).await;
    let watch = "subscription($id: ID!) { paymentUpdated(paymentId: $id) { status } }";
    socket.subscribe("payment", watch, json!({ "id": foreign.id })).await;
    assert_eq!(socket.next().await["type"], "error");
    without_letters(&app).await;
    app.advance(TimeDelta::minutes(1));
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(nothing_older_is_shown_than_was_granted, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    // Today is 20 June: from 1 May on.
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::Months(1)).await;
    let (everything, shown) = (history(&anna, &account).await, history(&caller, &account).await);
    assert_eq!(all(&everything["statements"], "period"), ["2026-05", "2026-04", "2026-03"]);
    assert_eq!(all(&shown["statements"], "period"), ["2026-05"]);
    assert_eq!(shown["statements"]["edges"][0]["node"]["previous"], Value::Null);
    assert_eq!(shown["statements"]["edges"][0]["node"]["compared"], json!([]));
    assert_eq!((&shown["oldest"], shown["statement"]["period"].as_str()), (&Value::Null, Some("2026-05")));
    assert!(everything["oldest"]["id"].is_string());
    for (key, below) in [("occurredAt", "ledger"), ("changedOn", "serviceChanges"), ("takenOn", "meters")] {
        let (before, after) = (all(&everything[below], key), all(&shown[below], key));
        assert!(after.iter().all(|day| day.as_str() >= "2026-05-01"), "{below}: {after:?}");
        let kept = before.iter().filter(|day| day.as_str() >= "2026-05-01").count();
        assert_eq!(after.len(), kept, "{below}");
        assert!(below == "serviceChanges" || (before.len() > kept && kept > 0), "{below}: {before:?}");
    }
    assert!(all(&shown["ledger"], "period").iter().all(|period| period.as_str() >= "2026-05"));
    let months = |history: &Value| all(&history["consumption"], "period");
    assert!(months(&shown).iter().all(|period| period.as_str() >= "2026-05") && !months(&shown).is_empty());
    assert!(months(&everything).iter().any(|period| period.as_str() < "2026-05"));
    // By the id nothing more.
    let oldest = everything["statements"]["edges"][2]["node"]["id"].as_str().unwrap();
    let readings = everything["meters"][0]["readings"]["edges"].as_array().unwrap();
    let reading = readings.last().unwrap()["node"]["id"].as_str().unwrap();
    for id in [oldest, reading] {
        assert_eq!(node(&caller, id).await, Value::Null, "{id}");
        assert_eq!(node(&anna, id).await["id"], id);
    }
    // The first page, which is read ahead, is no other.
    let page = "{ viewer { personalAccounts { edges { node { statement { period } consumption(from: \"2026-03\", to: \"2026-06\") { period }
        meters { lastReading { takenOn } } } } } } }";
    let ahead = caller.ask(page, json!({})).await;
    assert!(all(&ahead, "period").iter().all(|period| period.as_str() >= "2026-05"), "{ahead}");
    // A made-up cursor opens no history: the account's ledger from its beginning.
    let id: PersonalAccountId = kabinet::graphql::ids::decode(&account).unwrap();
    let cursor = URL_SAFE_NO_PAD.encode([&id.0.as_bytes()[..], &[0; 8]].concat());
    let follow = "subscription($after: String) { balanceUpdated(after: $after) { occurredAt } }";
    for (who, least) in [(&anna, ""), (&caller, "2026-05-01")] {
        let mut socket = who.socket().await;
        socket.subscribe("all", follow, json!({ "after": cursor })).await;
        let first = socket.next().await;
        let occurred = first["payload"]["data"]["balanceUpdated"]["occurredAt"].as_str();
        let occurred = occurred.unwrap_or_else(|| panic!("{first}"));
        assert_eq!(occurred >= "2026-05-01", !least.is_empty(), "{first}");
    }
    without_letters(&app).await;
    app.advance(TimeDelta::minutes(1));
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(older_payments_are_not_shown, |app| {
    let (mut anna, account) = owner(&app, EMAIL, "debt").await;
    let old = started(&anna, custom(&account, "100.00", "a")).await;
    app.bank(&old.url, "pay").await;
    without_letters(&app).await;
    app.advance(TimeDelta::days(15));
    without_letters(&app).await;
    anna.sign_in(EMAIL).await;
    let new = started(&anna, custom(&account, "100.00", "b")).await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    // Today is 5 July: from 1 July on.
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::Months(0)).await;
    let shown = json!([{ "node": { "id": new.id } }]);
    assert_eq!(lists(&caller).await["payments"]["edges"], shown);
    assert_eq!(history(&caller, &account).await["payments"]["edges"], shown);
    assert_eq!(lists(&anna).await["payments"]["edges"].as_array().unwrap().len(), 2);
    assert_eq!(node(&caller, &old.id).await, Value::Null);
    assert_eq!(node(&anna, &old.id).await["id"], old.id);
    let watch = "subscription($id: ID!) { paymentUpdated(paymentId: $id) { status } }";
    let mut socket = caller.socket().await;
    socket.subscribe("payment", watch, json!({ "id": old.id })).await;
    assert_eq!(socket.next().await["type"], "error");
    without_letters(&app).await;
    app.advance(TimeDelta::minutes(1));
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(readings_older_than_granted_are_not_told_whatever_the_cursor, |app| {
    let (mut anna, account) = owner(&app, EMAIL, "debt").await;
    app.sql("UPDATE provider_terms SET late_readings = 'NEXT_BILL'").await;
    let query = "subscription($after: String) { meterReadingUpdated(after: $after) { cursor reading { id takenOn } } }";
    let mut socket = anna.socket().await;
    socket.subscribe("readings", query, json!({})).await;
    socket.subscribe("me", ME, json!({})).await;
    assert_eq!(socket.next().await["id"], "me");
    assert_eq!(socket.next().await["type"], "complete");
    let mut cursors = Vec::new();
    for minutes in 0..2 {
        app.advance(TimeDelta::minutes(minutes));
        let sent = submit(&anna, json!([meter(&anna, &account).await.reading(3)])).await;
        assert_eq!(user_errors(&sent), []);
        cursors.push(socket.next().await["payload"]["data"]["meterReadingUpdated"]["cursor"].take());
    }
    app.advance(TimeDelta::days(14));
    without_letters(&app).await;
    anna.sign_in(EMAIL).await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    // Today is 4 July: from 1 July on.
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::Months(0)).await;
    let sent = submit(&anna, json!([meter(&anna, &account).await.reading(3)])).await;
    assert_eq!(user_errors(&sent), []);
    let mut theirs = caller.socket().await;
    theirs.subscribe("readings", query, json!({ "after": cursors[0] })).await;
    let told = theirs.next().await;
    assert_eq!(told["payload"]["data"]["meterReadingUpdated"]["reading"]["takenOn"], "2026-07-04", "{told}");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(what_is_paid_together_is_neither_summed_nor_given_up_for_an_app, |app| {
    let (anna, first, second) = two(&app).await;
    let (one, other, _) = begun(&anna, both([(&first, "100.00"), (&second, "50.00")], "a")).await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&first], Past::All).await;
    let query =
        "query($id: ID!) { node(id: $id) { ... on Payment { amount { amount } commission { amount } total { amount }
        paidTogether { id } } } }";
    let shown = caller.ask(query, json!({ "id": one })).await["node"].take();
    let commission = shown["commission"]["amount"].as_str().unwrap();
    assert_eq!((commission, &shown["total"]["amount"], &shown["paidTogether"]), ("0.00", &json!("100.00"), &json!([])));
    assert_eq!(anna.ask(query, json!({ "id": one })).await["node"]["total"]["amount"], "150.00");
    let refused = caller.mutate("cancelPayment", "payment { id }", json!({ "id": one })).await;
    assert_eq!(user_errors(&refused)[0].0, "PAYMENT_NOT_FOUND");
    assert_eq!(node(&anna, &other).await["id"], other);
    let (all, _) = acting.let_in(&app, &anna, &[&first, &second], Past::All).await;
    assert_eq!(user_errors(&all.mutate("cancelPayment", "payment { id }", json!({ "id": one })).await), []);
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(an_app_keeps_no_card, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    for (who, kept) in [(&caller, 0), (&anna, 1)] {
        let mut input = custom(&account, "100.00", &format!("keep {kept}"));
        input["saveMethod"] = json!(true);
        app.bank(&started(who, input).await.url, "pay").await;
        without_letters(&app).await;
        settle(&app).await;
        let methods = anna.ask("{ viewer { savedMethods { id } } }", json!({})).await;
        assert_eq!(methods["viewer"]["savedMethods"].as_array().unwrap().len(), kept, "{methods}");
    }
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(what_is_of_today_is_shown_whatever_was_granted_of_the_past, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::Months(0)).await;
    assert_eq!(caller.balance(&account).await, anna.balance(&account).await);
    let shown = history(&caller, &account).await;
    assert_eq!((&shown["statement"], &shown["statements"]["edges"]), (&Value::Null, &json!([])));
    assert_eq!(shown["meters"][0]["lastReading"], Value::Null);
    // What a reading would mean tells nothing of the one before, and it can be sent all the same.
    let reading = meter(&anna, &account).await.reading(3);
    let preview = "mutation($input: PreviewMeterReadingsInput!) { previewMeterReadings(input: $input) {
        readings { consumption cost { amount } registers { previous consumption } } userErrors { code } } }";
    let input = json!({ "input": { "readings": [reading] } });
    let previewed = caller.ask(preview, input.clone()).await["previewMeterReadings"]["readings"][0].take();
    assert_eq!((&previewed["consumption"], &previewed["cost"]), (&Value::Null, &Value::Null));
    assert_eq!(previewed["registers"][0], json!({ "previous": null, "consumption": null }));
    let theirs = anna.ask(preview, input).await["previewMeterReadings"]["readings"][0].take();
    assert_eq!(theirs["consumption"], "3");
    assert_eq!(user_errors(&submit(&caller, json!([reading])).await), []);
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(what_is_for_sessions_is_not_for_apps, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let input = json!({ "topic": "BILL", "text": "?", "personalAccountId": account });
    let asked = anna.mutate("sendSupportRequest", "supportRequest { id }", input).await;
    let question = asked["supportRequest"]["id"].as_str().unwrap_or_else(|| panic!("{asked}"));
    assert_eq!(node(&caller, question).await, Value::Null);
    for query in [
        "{ viewer { authorizedClients { id } } }",
        "{ viewer { sessions { id } } }",
        "{ viewer { accessTokens { id } } }",
        "{ viewer { auditEvents { edges { node { kind } } } } }",
        "{ viewer { personalAccounts { edges { node { shares { id } usageCsvUrl } } } } }",
        "mutation { revokeClientAccess(input: { id: \"grant_01h455vb4pex5vsknk084sn02q\" }) { userErrors { code } } }",
        "mutation { createAccessToken(input: { name: \"a\", scopes: [PAY], stepUp: { password: \"x\" } }) { token } }",
        "mutation { revokeAllSessions { userErrors { code } } }",
        "mutation { signOut { signedOut } }",
    ] {
        let (status, answer) = caller.post(query, json!({})).await;
        assert_eq!((status.as_u16(), top_code(&answer)), (403, "FORBIDDEN"), "{query}");
    }
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { statement { pdfUrl } } } }";
    let url = anna.ask(query, json!({ "id": account })).await["node"]["statement"]["pdfUrl"].take();
    assert_eq!(caller.download(url.as_str().unwrap()).await.0.as_u16(), 404);
    // An app with fewer scopes asks fewer fields.
    let (reader, _) = Acting::register(&app, "READINGS", true).await.let_in(&app, &anna, &[&account], Past::All).await;
    for query in ["{ viewer { email } }", "{ viewer { balance { asOf } } }", LISTS] {
        assert_eq!(top_code(&reader.post(query, json!({})).await.1), "FORBIDDEN", "{query}");
    }
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_detached_account_is_granted_no_more, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let other = attach(&anna, "day-and-night").await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&account, &other], Past::All).await;
    assert_eq!(lists(&caller).await["accountTotals"]["accounts"], 2);
    let mut socket = caller.socket().await;
    let detach = json!({ "personalAccountId": account });
    assert_eq!(user_errors(&anna.mutate("detachPersonalAccount", "detachedId", detach).await), []);
    assert_eq!(lists(&caller).await["accountTotals"]["accounts"], 1);
    // What was opened before ends, and comes back as it is now.
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    attach(&anna, "debt").await;
    assert_eq!(node(&caller, &account).await, Value::Null, "attached again is not granted again");
    assert_eq!(node(&caller, &other).await["id"], other);
    let listed = anna.ask("{ viewer { authorizedClients { personalAccounts { id } } } }", json!({})).await;
    assert_eq!(listed["viewer"]["authorizedClients"][0]["personalAccounts"], json!([{ "id": other }]));
    let detach = json!({ "personalAccountId": other });
    anna.mutate("detachPersonalAccount", "detachedId", detach).await;
    assert_eq!(lists(&caller).await["accountTotals"]["accounts"], 0);
    assert!(is_in(&caller).await);
    without_letters(&app).await;
    app.finish().await;
});
