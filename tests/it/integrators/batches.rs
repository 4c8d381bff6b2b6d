//! Rows that a program sends in batches.

use entity::ids::PersonalAccountId;
use entity::{import_batch, outbox_job};
use futures_util::future::join_all;
use kabinet::billing::event::BalanceChanged;
use kabinet::graphql::ids;
use kabinet::integrators::demo::Sample;
use kabinet::platform::outbox::Job;
use reqwest::StatusCode;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::{EVERY_SCOPE, Program};
use crate::harness::{Customer, TestApp, both_ways, sample, top_code, user_errors};
use crate::metering::{meter, owner, single, submit};
use crate::payments::{custom, settle, started};

pub const ROWS: &str = "batch { batchId replayed newCount changedCount unchangedCount refusedCount
    rows { index outcome error { code field message } detail } }";

/// Numbers of the provider of the debtor that no demonstration account has.
pub fn number(n: usize) -> String {
    let known = &sample("debt").number;
    format!("{}{:05}", &known[..known.len() - 5], 90_000 + n)
}

pub fn account(n: usize) -> Value {
    json!({ "number": number(n), "attachable": true, "pin": "1234", "residents": 2, "heatedArea": "40.5" })
}

pub fn accounts(key: &str, rows: Vec<Value>) -> Value {
    json!({ "batchKey": key, "accounts": Value::Array(rows) })
}

/// Of an account that owes nothing so far, or so much.
pub fn statement(account: &str, opening: &str, accrued: &str, closing: &str) -> Value {
    json!({ "account": account, "opening": opening, "accrued": accrued, "recalculated": "0", "penalty": "0", "paid": "0",
        "closing": closing, "issuedAt": "2026-06-20T08:00:00Z", "lines": [{ "serviceCode": "gas", "serviceName": "Газ",
        "volume": "10", "unit": "CUBIC_METRE", "price": "10", "amount": accrued, "basis": "METER" }] })
}

pub fn statements(key: &str, rows: Vec<Value>) -> Value {
    json!({ "batchKey": key, "period": "2026-06", "statements": Value::Array(rows) })
}

pub async fn caller(app: &TestApp, note: &str) -> Customer {
    Program::add(app, note, EVERY_SCOPE).await.caller().await
}

/// A sample of another provider than the debtor's.
pub fn foreign() -> &'static str {
    let others = Sample::NOTES.iter().filter(|note| sample(note).provider_code != sample("debt").provider_code);
    others.copied().next().expect("another provider")
}

/// What became of each row: its outcome, or the code of its error.
pub fn outcomes(payload: &Value) -> Vec<String> {
    let rows = payload["batch"]["rows"].as_array().unwrap_or_else(|| panic!("{payload}"));
    let word = |row: &Value| row["error"]["code"].as_str().or(row["outcome"].as_str()).unwrap().to_owned();
    rows.iter().map(word).collect()
}

/// Codes of what stood in the way of the whole batch.
fn refusals(payload: &Value) -> Vec<String> {
    user_errors(payload).into_iter().map(|(code, _)| code).collect()
}

async fn stored(app: &TestApp) -> u64 {
    let db = app.app.mechanisms.db.read();
    entity::personal_account::Entity::find().count(db).await.unwrap()
}

both_ways!(good_rows_are_taken_although_others_are_refused, |app| {
    let program = caller(&app, "debt").await;
    let before = stored(&app).await;
    let mut bad = account(3);
    bad["number"] = json!("no number");
    let mut worse = account(4);
    worse["heatedArea"] = json!("-1");
    let rows = vec![account(1), bad, account(2), worse, account(1)];
    let payload = program.mutate("importPersonalAccounts", ROWS, accounts("a", rows.clone())).await;
    assert_eq!(outcomes(&payload), ["NEW", "ACCOUNT_NUMBER_MALFORMED", "NEW", "ROW_MALFORMED", "ROW_REPEATED"]);
    let batch = &payload["batch"];
    assert_eq!((&batch["newCount"], &batch["refusedCount"]), (&json!(2), &json!(3)));
    assert_eq!(batch["rows"][3]["error"]["field"], json!(["accounts", "3", "heatedArea"]));
    assert_eq!(stored(&app).await, before + 2);
    // The rows mend what was refused; the key is another.
    let mut changed = account(1);
    changed["pin"] = json!("4321");
    let payload = program.mutate("importPersonalAccounts", ROWS, accounts("b", vec![account(2), changed])).await;
    assert_eq!(outcomes(&payload), ["UNCHANGED", "CHANGED"]);
    let mut russian = program.clone();
    russian.language = "ru";
    let rows = vec![json!({ "number": "?", "attachable": true })];
    let payload = russian.mutate("importPersonalAccounts", ROWS, accounts("c", rows)).await;
    assert!(payload["batch"]["rows"][0]["error"]["message"].as_str().unwrap().contains("Номер"), "{payload}");
    app.finish().await;
});

both_ways!(a_batch_is_taken_once, |app| {
    let program = caller(&app, "debt").await;
    let before = stored(&app).await;
    let input = accounts("once", vec![account(1), json!({ "number": "?", "attachable": true })]);
    let calls = (0..3).map(|_| program.mutate("importPersonalAccounts", ROWS, input.clone()));
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer["batch"]["replayed"] == true).count(), 2, "{answers:?}");
    assert!(answers.iter().all(|answer| outcomes(answer) == ["NEW", "ACCOUNT_NUMBER_MALFORMED"]), "{answers:?}");
    assert!(answers.iter().all(|answer| answer["batch"]["batchId"] == answers[0]["batch"]["batchId"]));
    assert_eq!(stored(&app).await, before + 1);
    let other = program.mutate("importPersonalAccounts", ROWS, accounts("once", vec![account(2)])).await;
    assert_eq!(refusals(&other), ["IDEMPOTENCY_KEY_REUSED"]);
    // A key is of its provider and its mutation.
    let stranger = caller(&app, foreign()).await;
    let theirs = stranger.mutate("importPersonalAccounts", ROWS, accounts("once", vec![account(2)])).await;
    assert_eq!(theirs["batch"]["replayed"], false);
    for key in ["", &"x".repeat(256)] {
        let refused = program.mutate("importPersonalAccounts", ROWS, accounts(key, vec![account(2)])).await;
        assert_eq!(refusals(&refused), ["IDEMPOTENCY_KEY_MALFORMED"]);
    }
    // After a week nobody repeats it any more.
    let batches = &app.app.services.batches;
    assert_eq!(batches.purge().await.unwrap(), 0);
    app.advance(chrono::TimeDelta::days(8));
    assert_eq!(batches.purge().await.unwrap(), 2);
    app.finish().await;
});

both_ways!(a_dry_run_answers_and_leaves_nothing, |app| {
    let program = caller(&app, "debt").await;
    let before = stored(&app).await;
    let mut input = accounts("dry", vec![account(1), json!({ "number": "?", "attachable": true })]);
    input["dryRun"] = json!(true);
    let payload = program.mutate("importPersonalAccounts", ROWS, input.clone()).await;
    assert_eq!(outcomes(&payload), ["NEW", "ACCOUNT_NUMBER_MALFORMED"]);
    assert_eq!(payload["batch"]["batchId"], Value::Null);
    assert_eq!(stored(&app).await, before);
    assert_eq!(import_batch::Entity::find().count(app.app.mechanisms.db.read()).await.unwrap(), 0);
    input["dryRun"] = json!(false);
    let payload = program.mutate("importPersonalAccounts", ROWS, input).await;
    assert_eq!((outcomes(&payload).remove(0).as_str(), stored(&app).await), ("NEW", before + 1));
    app.finish().await;
});

both_ways!(a_dry_run_tells_what_would_change, |app| {
    let program = caller(&app, "debt").await;
    program.mutate("importPersonalAccounts", ROWS, accounts("a", vec![account(1), account(2)])).await;
    let told = "batch { rows { outcome differences { field before after } } }";
    let mut changed = account(1);
    changed["pin"] = json!("4321");
    changed["residents"] = json!(3);
    changed["heatedArea"] = Value::Null;
    let mut input = accounts("b", vec![changed, account(2), account(3)]);
    input["dryRun"] = json!(true);
    let payload = program.mutate("importPersonalAccounts", told, input).await;
    let difference =
        |field: &str, before: Value, after: Value| json!({ "field": field, "before": before, "after": after });
    let expected = json!([
        { "outcome": "CHANGED", "differences": [
            // Whoever has the PIN can show that the account is theirs.
            difference("pin", json!("***"), json!("***")),
            difference("residents", json!("2"), json!("3")),
            difference("heatedArea", json!("40.5"), Value::Null),
        ] },
        { "outcome": "UNCHANGED", "differences": [] },
        { "outcome": "NEW", "differences": [] },
    ]);
    assert_eq!(payload["batch"]["rows"], expected);
    program.mutate("importStatements", ROWS, statements("s", vec![statement(&number(1), "0", "100", "100")])).await;
    let mut later = statement(&number(1), "0", "90", "90");
    later["issuedAt"] = json!("2026-06-20T08:30:00Z");
    let payload = program.mutate("importStatements", told, statements("t", vec![later])).await;
    let differences = payload["batch"]["rows"][0]["differences"].as_array().unwrap();
    let fields: Vec<_> = differences.iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["accrued", "closing", "issuedAt"], "{payload}");
    assert_eq!(differences[0], difference("accrued", json!("100.00"), json!("90.00")));
    app.finish().await;
});

both_ways!(a_batch_has_a_thousand_rows_and_as_few_statements_as_a_small_one, |app| {
    let program = caller(&app, "debt").await;
    let many = |n: usize| (0..n).map(account).collect::<Vec<_>>();
    let too_many = program.mutate("importPersonalAccounts", ROWS, accounts("m", many(1001))).await;
    assert_eq!(refusals(&too_many), ["TOO_MANY"]);
    assert_eq!(refusals(&program.mutate("importPersonalAccounts", ROWS, accounts("m", vec![])).await), ["EMPTY"]);
    let all = program.mutate("importPersonalAccounts", ROWS, accounts("m", many(1000))).await;
    assert_eq!(all["batch"]["newCount"], 1000);
    let bills = |range: std::ops::Range<usize>| range.map(|n| statement(&number(n), "0", "100", "100")).collect();
    let small = statements("s", bills(0..100));
    let (few, payload) = app.statements(program.mutate("importStatements", ROWS, small)).await;
    assert_eq!(payload["batch"]["newCount"], 100, "{payload}");
    let large = statements("l", bills(0..1000));
    let (most, payload) = app.statements(program.mutate("importStatements", ROWS, large)).await;
    assert_eq!((&payload["batch"]["newCount"], &payload["batch"]["unchangedCount"]), (&json!(900), &json!(100)));
    // 900 rows are written in nine pieces of each of four tables.
    assert!(most <= few + 4 * 9, "{few} statements for 100 rows, {most} for 1,000");
    assert!(few <= 25, "{few}");
    app.finish().await;
});

both_ways!(what_is_not_the_programs_is_not_for_it, |app| {
    let (anna, _) = owner(&app, "anna@example.com", "debt").await;
    let query = format!("mutation($input: ImportStatementsInput!) {{ importStatements(input: $input) {{ {ROWS} }} }}");
    let input = json!({ "input": statements("x", vec![statement(&sample("debt").number, "0", "1", "1")]) });
    let asked = async |customer: &Customer| {
        let (status, answer) = customer.post(&query, input.clone()).await;
        (status, top_code(&answer).to_owned())
    };
    assert_eq!(asked(&anna).await.1, "FORBIDDEN");
    assert_eq!(asked(&app.customer()).await.1, "UNAUTHENTICATED");
    let narrow = Program::add(&app, "debt", "BALANCES,DECISIONS").await.caller().await;
    assert_eq!(asked(&narrow).await, (StatusCode::FORBIDDEN, "FORBIDDEN".to_owned()));
    let stranger = caller(&app, foreign()).await;
    let payload = stranger.mutate("importStatements", ROWS, input["input"].clone()).await;
    assert_eq!(outcomes(&payload), ["ACCOUNT_NOT_FOUND"]);
    // A batch larger than what people may send is not even read.
    let rows = (0..1000).map(account).collect();
    let large = "mutation($input: ImportPersonalAccountsInput!) { importPersonalAccounts(input: $input) { batch { newCount } } }";
    let (status, answer) = anna.post(large, json!({ "input": accounts("l", rows) })).await;
    assert_eq!((status, top_code(&answer)), (StatusCode::UNPROCESSABLE_ENTITY, "QUERY_TOO_EXPENSIVE"));
    app.finish().await;
});

both_ways!(a_statement_moves_the_balance_and_tells_who_follows_it, |app| {
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let program = caller(&app, "debt").await;
    let debt = sample("debt").debt.clone();
    let known = sample("debt").number.clone();
    let closing = |more: i64| {
        let owed: entity::exact::Money = debt.parse().unwrap();
        (owed + entity::exact::Money(more)).to_string()
    };
    let wrong_sum = statement(&number(7), "0", "5", "6");
    let broken = statement(&known, "0", "100", "100");
    let payload = program.mutate("importStatements", ROWS, statements("a", vec![broken, wrong_sum])).await;
    assert_eq!(outcomes(&payload), ["STATEMENT_BREAKS_CHAIN", "STATEMENT_DOES_NOT_ADD_UP"], "{payload}");
    let good = statement(&known, &debt, "100", &closing(10_000));
    let payload = program.mutate("importStatements", ROWS, statements("b", vec![good.clone()])).await;
    assert_eq!(outcomes(&payload), ["NEW"], "{payload}");
    let jobs = outbox_job::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
    assert!(jobs.iter().any(|job| job.kind == BalanceChanged::KIND), "the outbox tells of it");
    app.drain().await;
    let balance = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { balance { owed { amount } } } } }";
    let owed = anna.ask(balance, json!({ "id": id })).await;
    assert_eq!(owed["node"]["balance"]["owed"]["amount"], json!(closing(10_000)));
    // The same again under another key, then a later issue with another sum.
    let payload = program.mutate("importStatements", ROWS, statements("c", vec![good])).await;
    assert_eq!(outcomes(&payload), ["UNCHANGED"]);
    let mut other = statement(&known, &debt, "90", &closing(90_00));
    let payload = program.mutate("importStatements", ROWS, statements("d", vec![other.clone()])).await;
    assert_eq!(outcomes(&payload), ["STATEMENT_DIFFERS"]);
    other["issuedAt"] = json!("2026-06-20T08:30:00Z");
    let payload = program.mutate("importStatements", ROWS, statements("e", vec![other])).await;
    assert_eq!(outcomes(&payload), ["CHANGED"]);
    let owed = anna.ask(balance, json!({ "id": id })).await;
    assert_eq!(owed["node"]["balance"]["owed"]["amount"], json!(closing(90_00)));
    assert!(ids::decode::<PersonalAccountId>(&id).is_some());
    app.finish().await;
});

both_ways!(services_meters_tariffs_and_readings_come_in_batches, |app| {
    let program = caller(&app, "debt").await;
    program.mutate("importPersonalAccounts", ROWS, accounts("a", vec![account(1)])).await;
    let service = json!({ "account": number(1), "code": "gas", "name": "Газ", "unit": "CUBIC_METRE", "tariffGroup": "stove",
        "norm": "10", "startsOn": "2026-01-01" });
    let mut orphan = service.clone();
    orphan["account"] = json!(number(2));
    let rows = json!({ "batchKey": "s", "services": [orphan, service] });
    assert_eq!(outcomes(&program.mutate("importServices", ROWS, rows).await), ["ACCOUNT_NOT_FOUND", "NEW"]);
    let gas_meter = json!({ "account": number(1), "serialNumber": "M-1", "serviceCode": "gas", "name": "Счётчик", "unit": "CUBIC_METRE",
        "registers": ["SINGLE"], "integerDigits": 5, "fractionDigits": 2, "coefficient": "1" });
    let mut night = gas_meter.clone();
    night["registers"] = json!(["NIGHT"]);
    night["serialNumber"] = json!("M-2");
    let rows = json!({ "batchKey": "m", "meters": [gas_meter, night] });
    assert_eq!(outcomes(&program.mutate("importMeters", ROWS, rows).await), ["NEW", "ROW_MALFORMED"]);
    let tariff = json!({ "serviceCode": "gas", "serviceName": "Газ", "tariffGroup": "stove-x", "price": "7.328", "unit": "CUBIC_METRE",
        "startsOn": "2026-07-01" });
    let mut dearer = tariff.clone();
    dearer["price"] = json!("8.1234567");
    let rows = json!({ "batchKey": "t", "tariffs": [tariff, dearer] });
    assert_eq!(outcomes(&program.mutate("importTariffs", ROWS, rows).await), ["NEW", "ROW_MALFORMED"]);
    let reading = |serial: &str, value: &str| json!({ "account": number(1), "meter": serial, "takenOn": "2026-06-01", "values": [{ "value": value }] });
    let mut zones = reading("M-1", "1");
    zones["values"] = json!([{ "register": "DAY", "value": "1" }]);
    zones["takenOn"] = json!("2026-06-02");
    let rows = json!({ "batchKey": "r", "readings": [reading("M-1", "100.5"), reading("M-9", "1"), zones] });
    let payload = program.mutate("importMeterReadings", ROWS, rows).await;
    assert_eq!(outcomes(&payload), ["NEW", "METER_NOT_FOUND", "REGISTERS_DIFFER"]);
    app.finish().await;
});

both_ways!(a_provider_decides_about_readings_and_posts_payments, |app| {
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let gas = meter(&anna, &id).await;
    let sent = submit(&anna, json!([single(&gas, &gas.plus(5))])).await;
    let reading = sent["readings"][0]["id"].clone();
    let program = caller(&app, "debt").await;
    let decide = |key: &str, decision: &str| {
        json!({ "batchKey": key, "decisions": [
        { "readingId": reading, "decision": decision, "reason": "Не похоже на правду" },
        { "readingId": "reading_01h455vb4pex5vsknk084sn02q", "decision": "ACCEPTED" },
        { "readingId": "nonsense", "decision": "ACCEPTED" },
        { "readingId": reading, "decision": "REJECTED" },
    ] })
    };
    let mut dry = decide("d", "ACCEPTED");
    dry["dryRun"] = json!(true);
    let expected = |first: &str| [first, "READING_NOT_FOUND", "READING_NOT_FOUND", "ROW_MALFORMED"].map(str::to_owned);
    for (input, first) in [
        (dry, "CHANGED"),
        (decide("a", "ACCEPTED"), "CHANGED"),
        (decide("b", "ACCEPTED"), "UNCHANGED"),
        (decide("c", "REJECTED"), "DECISION_IMPOSSIBLE"),
    ] {
        let payload = program.mutate("reportReadingDecisions", ROWS, input).await;
        assert_eq!(outcomes(&payload), expected(first), "{payload}");
    }
    let payment = started(&anna, custom(&id, "10.00", "k")).await;
    let post = |key: &str, amount: &str| json!({ "batchKey": key, "postings": [{ "paymentId": payment.id, "amount": amount }] });
    let payload = program.mutate("reportPaymentPostings", ROWS, post("a", "10")).await;
    assert_eq!(outcomes(&payload), ["PAYMENT_NOT_FOUND"], "its money has not come");
    app.bank(&payment.url, "pay").await;
    settle(&app).await;
    for (key, amount, outcome) in
        [("b", "11", "POSTING_AMOUNT_DIFFERS"), ("c", "10", "CHANGED"), ("d", "10", "UNCHANGED")]
    {
        let payload = program.mutate("reportPaymentPostings", ROWS, post(key, amount)).await;
        assert_eq!(outcomes(&payload), [outcome], "{payload}");
    }
    app.discard_letters();
    app.finish().await;
});
