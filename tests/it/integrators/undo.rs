//! Batches of statements that a program takes back.

use chrono::TimeDelta;
use entity::enums::{ChargeBasis, Unit};
use entity::exact::{Coefficient, Money, Price, Quantity, YearMonth};
use kabinet::integrators::register::rows::{StatementLineRow, StatementRow};
use kabinet::integrators::register::writer::RowWriter;
use kabinet::integrators::register::{Encoding, Separator};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Program;
use super::batches::{ROWS, account, accounts, caller, foreign, number, outcomes, statement, statements};
use super::uploads::{begun, call, look, manifest};
use crate::harness::{Customer, TestApp, both_ways, sample, top_code, user_errors};
use crate::metering::owner;
use crate::subscriptions::follow;

const UNDONE: &str = "undone { withdrawnCount restoredCount unchangedCount refusedCount statements { statementId account period outcome
    error { code message } detail balanceBefore { owed { amount } version } balanceAfter { owed { amount } version } } }";
const SHOWN: &str = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { balance { owed { amount } }
    statements { edges { node { id period accrued { amount } lines { amount { amount } } } } }
    ledger(first: 3) { edges { node { kind amount { amount } reverses { id } statement { id } period explanation { lines { amount { amount } } } } } } } } }";

/// The debt of the sample, and so many kopecks more.
fn owed(more: i64) -> String {
    let debt: Money = sample("debt").debt.parse().unwrap();
    (debt + Money(more)).to_string()
}

/// Of the sample's account for June: so many kopecks more.
pub fn june(more: i64, issued_at: &str) -> Value {
    let mut row = statement(&sample("debt").number, &owed(0), &Money(more).to_string(), &owed(more));
    row["issuedAt"] = json!(issued_at);
    row
}

const FIRST: &str = "2026-06-20T08:00:00Z";

/// Imports and gives the batch.
pub async fn sent(program: &Customer, key: &str, rows: Vec<Value>) -> String {
    let payload = program.mutate("importStatements", ROWS, statements(key, rows)).await;
    assert_eq!(payload["batch"]["refusedCount"], 0, "{payload}");
    payload["batch"]["batchId"].as_str().unwrap().to_owned()
}

pub async fn undo(program: &Customer, batch: &str, dry_run: bool) -> Value {
    let input = json!({ "batchId": batch, "dryRun": dry_run });
    let payload = program.mutate("undoImportBatch", UNDONE, input).await;
    assert_eq!(user_errors(&payload), [], "{payload}");
    payload["undone"].clone()
}

/// What became of the statements: the outcome, or the code of the error.
fn became(undone: &Value) -> Vec<&str> {
    let rows = undone["statements"].as_array().unwrap();
    rows.iter().map(|row| row["error"]["code"].as_str().or(row["outcome"].as_str()).unwrap()).collect()
}

async fn shown(customer: &Customer, id: &str) -> Value {
    customer.ask(SHOWN, json!({ "id": id })).await["node"].take()
}

fn periods(shown: &Value) -> Vec<&str> {
    let edges = shown["statements"]["edges"].as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["period"].as_str().unwrap()).collect()
}

async fn balanced(app: &TestApp) {
    assert_eq!(app.app.services.billing.unbalanced_accounts(10).await.unwrap(), []);
}

both_ways!(statements_of_a_batch_are_taken_back_by_reversing_entries, |app| {
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let program = caller(&app, "debt").await;
    let before = shown(&anna, &id).await;
    program.mutate("importPersonalAccounts", ROWS, accounts("a", vec![account(1)])).await;
    let rows = vec![june(10_000, FIRST), statement(&number(1), "0", "7", "7")];
    let batch = sent(&program, "june", rows.clone()).await;
    let billed = shown(&anna, &id).await;
    assert_eq!(billed["balance"]["owed"]["amount"], json!(owed(10_000)));

    // A try tells the same and leaves nothing.
    let tried = undo(&program, &batch, true).await;
    assert_eq!(became(&tried), ["WITHDRAWN", "WITHDRAWN"]);
    assert_eq!(shown(&anna, &id).await, billed);
    let mut socket = anna.socket().await;
    follow(&mut socket, "1", json!({})).await;
    let undone = undo(&program, &batch, false).await;
    assert_eq!(undone["withdrawnCount"], 2, "{undone}");
    let own =
        undone["statements"].as_array().unwrap().iter().find(|row| row["account"] == sample("debt").number.as_str());
    let own = own.unwrap();
    assert_eq!(own["balanceBefore"]["owed"]["amount"], json!(owed(10_000)));
    assert_eq!(own["balanceAfter"]["owed"]["amount"], json!(owed(0)));
    app.drain().await;
    let cause = socket.event().await["balanceUpdated"]["cause"].take();
    assert_eq!(cause, json!({ "kind": "REVERSAL", "amount": { "amount": "-100.00" } }), "whoever follows learns of it");

    // Nobody is shown it, and the ledger tells what happened.
    let after = shown(&anna, &id).await;
    assert_eq!(after["balance"], before["balance"]);
    assert_eq!(after["statements"], before["statements"]);
    let newest = &after["ledger"]["edges"][0]["node"];
    assert_eq!((&newest["kind"], &newest["amount"]["amount"]), (&json!("REVERSAL"), &json!("-100.00")), "{newest}");
    assert_eq!((&newest["statement"], &newest["period"]), (&Value::Null, &json!("2026-06")), "{newest}");
    assert!(newest["reverses"]["id"].is_string(), "{newest}");
    let statement = &billed["statements"]["edges"][0]["node"]["id"];
    let found = anna.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": statement })).await;
    assert_eq!(found["node"], Value::Null);
    balanced(&app).await;

    // Twice is as good as once, and the month can come again.
    assert_eq!(became(&undo(&program, &batch, false).await), ["UNCHANGED", "UNCHANGED"]);
    let again = program.mutate("importStatements", ROWS, statements("june", rows)).await;
    assert_eq!(again["batch"]["replayed"], true, "the batch's key stays used");
    let batch = sent(&program, "june, mended", vec![june(9_000, FIRST)]).await;
    assert_eq!(shown(&anna, &id).await["balance"]["owed"]["amount"], json!(owed(9_000)));
    // After a week the batch's key is forgotten, and what it brought is not.
    app.advance(TimeDelta::days(8));
    assert!(app.app.services.batches.purge().await.unwrap() > 0);
    assert_eq!(became(&undo(&caller(&app, "debt").await, &batch, false).await), ["WITHDRAWN"]);
    balanced(&app).await;
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(what_took_the_place_of_an_earlier_issue_gives_it_back, |app| {
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let program = caller(&app, "debt").await;
    let before = shown(&anna, &id).await;
    let first = sent(&program, "first", vec![june(10_000, FIRST)]).await;
    let issued = shown(&anna, &id).await;
    let mut later = Vec::new();
    for (nth, more) in [(1, 9_000), (2, 8_000)] {
        let rows = vec![june(more, &format!("2026-06-20T08:3{nth}:00Z"))];
        later.push(sent(&program, &format!("later {nth}"), rows).await);
    }
    assert_eq!(shown(&anna, &id).await["balance"]["owed"]["amount"], json!(owed(8_000)));
    for batch in [&first, &later[0]] {
        assert_eq!(became(&undo(&program, batch, false).await), ["STATEMENT_CORRECTED"], "a later issue comes first");
    }
    for (batch, left) in [(&later[1], 9_000), (&later[0], 10_000)] {
        let undone = undo(&program, batch, false).await;
        assert_eq!((became(&undone), &undone["restoredCount"]), (vec!["RESTORED"], &json!(1)));
        let now = shown(&anna, &id).await;
        let statement = &now["statements"]["edges"][0]["node"];
        assert_eq!(now["balance"]["owed"]["amount"], json!(owed(left)));
        let amount = json!(Money(left).to_string());
        assert_eq!((&statement["accrued"]["amount"], &statement["lines"][0]["amount"]["amount"]), (&amount, &amount));
        // Its lines explain the charge that stands, and none that is taken back.
        let charges = now["ledger"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]);
        let charges: Vec<_> = charges.filter(|entry| entry["kind"] == "CHARGE").collect();
        assert_eq!(charges[0]["explanation"]["lines"][0]["amount"]["amount"], amount);
        assert_eq!(charges[1]["explanation"]["lines"], json!([]));
        assert_eq!(undo(&program, batch, false).await["statements"], json!([]), "it brought nothing any more");
    }
    assert_eq!(shown(&anna, &id).await["statements"], issued["statements"], "under its own id");
    assert_eq!(became(&undo(&program, &first, false).await), ["WITHDRAWN"]);
    assert_eq!(shown(&anna, &id).await["balance"], before["balance"]);
    balanced(&app).await;
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_statement_that_a_later_month_stands_on_stays, |app| {
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let program = caller(&app, "debt").await;
    let first = sent(&program, "june", vec![june(10_000, FIRST)]).await;
    let mut row = statement(&sample("debt").number, &owed(10_000), "5", &owed(10_500));
    row["issuedAt"] = json!("2026-06-20T09:00:00Z");
    let mut july = statements("july", vec![row]);
    july["period"] = json!("2026-07");
    let second = program.mutate("importStatements", ROWS, july).await["batch"]["batchId"].take();
    let refused = undo(&program, &first, false).await;
    assert_eq!((became(&refused), &refused["refusedCount"]), (vec!["STATEMENT_HAS_LATER"], &json!(1)));
    let row = &refused["statements"][0];
    assert_eq!(row["balanceBefore"], row["balanceAfter"]);
    assert_eq!(periods(&shown(&anna, &id).await)[..2], ["2026-07", "2026-06"]);
    for batch in [second.as_str().unwrap(), &first] {
        assert_eq!(became(&undo(&program, batch, false).await), ["WITHDRAWN"]);
    }
    assert_eq!(periods(&shown(&anna, &id).await)[0], "2026-05");
    balanced(&app).await;
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(nothing_of_others_and_nothing_but_statements_is_taken_back, |app| {
    let program = caller(&app, "debt").await;
    let batch = sent(&program, "june", vec![june(10_000, FIRST)]).await;
    let refused = async |program: &Customer, batch: &str| {
        let payload = program.mutate("undoImportBatch", UNDONE, json!({ "batchId": batch })).await;
        assert_eq!(payload["undone"], Value::Null, "{payload}");
        user_errors(&payload).remove(0).0
    };
    let stranger = caller(&app, foreign()).await;
    for (who, batch) in
        [(&stranger, batch.as_str()), (&program, "batch_01h455vb4pex5vsknk084sn02q"), (&program, "nonsense")]
    {
        assert_eq!(refused(who, batch).await, "IMPORT_BATCH_NOT_FOUND", "{batch}");
    }
    let payload = program.mutate("importPersonalAccounts", ROWS, accounts("a", vec![account(1)])).await;
    let batch_of_accounts = payload["batch"]["batchId"].as_str().unwrap();
    assert_eq!(refused(&program, batch_of_accounts).await, "IMPORT_BATCH_NOT_UNDOABLE");
    let narrow = Program::add(&app, "debt", "BALANCES,DECISIONS").await.caller().await;
    let query = "mutation($id: ID!) { undoImportBatch(input: { batchId: $id }) { userErrors { code } } }";
    let (status, answer) = narrow.post(query, json!({ "id": batch })).await;
    assert_eq!((status, top_code(&answer)), (StatusCode::FORBIDDEN, "FORBIDDEN"));
    app.drain().await;
    app.finish().await;
});

both_ways!(a_thousand_statements_are_taken_back_in_as_few_statements_of_sql, |app| {
    let program = caller(&app, "debt").await;
    let rows = (0..1000).map(account).collect();
    let payload = program.mutate("importPersonalAccounts", ROWS, accounts("m", rows)).await;
    assert_eq!(payload["batch"]["newCount"], 1000);
    let bills = |range: std::ops::Range<usize>| range.map(|n| statement(&number(n), "0", "100", "100")).collect();
    let small = sent(&program, "small", bills(0..100)).await;
    let large = sent(&program, "large", bills(100..1000)).await;
    let (few, undone) = app.statements(undo(&program, &small, false)).await;
    assert_eq!(undone["withdrawnCount"], 100);
    let (most, undone) = app.statements(undo(&program, &large, false)).await;
    assert_eq!(undone["withdrawnCount"], 900);
    // 900 rows are written in nine pieces of each of three tables.
    assert!(few <= 25 && most <= few + 3 * 8, "{few} statements for 100, {most} for 900");
    balanced(&app).await;
    app.finish().await;
});

both_ways!(two_who_take_the_same_back_at_once_take_it_back_once, |app| {
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let program = caller(&app, "debt").await;
    let batch = sent(&program, "june", vec![june(10_000, FIRST)]).await;
    let calls = (0..4).map(|_| undo(&program, &batch, false));
    let undone = futures_util::future::join_all(calls).await;
    let mut all: Vec<_> = undone.iter().flat_map(became).collect();
    all.sort_unstable();
    assert_eq!(all, ["UNCHANGED", "UNCHANGED", "UNCHANGED", "WITHDRAWN"]);
    assert_eq!(shown(&anna, &id).await["balance"]["owed"]["amount"], json!(owed(0)));
    assert_eq!(
        outcomes(&program.mutate("importStatements", ROWS, statements("b", vec![june(1, FIRST)])).await),
        ["NEW"]
    );
    balanced(&app).await;
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(two_who_take_a_correction_back_at_once_go_one_issue_back, |app| {
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let program = caller(&app, "debt").await;
    sent(&program, "first", vec![june(10_000, FIRST)]).await;
    sent(&program, "second", vec![june(9_000, "2026-06-20T08:31:00Z")]).await;
    let third = sent(&program, "third", vec![june(8_000, "2026-06-20T08:32:00Z")]).await;
    let undone = futures_util::future::join_all((0..4).map(|_| undo(&program, &third, false))).await;
    assert_eq!(undone.iter().flat_map(became).collect::<Vec<_>>(), ["RESTORED"]);
    assert_eq!(shown(&anna, &id).await["balance"]["owed"]["amount"], json!(owed(9_000)));
    balanced(&app).await;
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

/// An export of the sample's June and July, 100 and 5 more: name and content of each file; the manifest.
fn export_of_summer() -> (String, Vec<(String, Vec<u8>)>) {
    let (dir, written) = (tempfile::tempdir().unwrap(), (Encoding::Utf8, Separator::Semicolon));
    let (mut files, mut names) = (Vec::new(), Vec::new());
    for (period, before, more) in [(202_606, 0, 10_000), (202_607, 10_000, 500)] {
        let (month, account) = (YearMonth(period), sample("debt").number.clone());
        let opening: Money = owed(before).parse().unwrap();
        let pair = [format!("statements-{period}.csv"), format!("lines-{period}.csv")];
        let mut rows = RowWriter::<StatementRow>::create(dir.path(), &pair[0], Some(month), written).unwrap();
        let row = StatementRow {
            account: account.clone(),
            period: month,
            opening,
            accrued: Money(more),
            recalculated: Money::ZERO,
            penalty: Money::ZERO,
            paid: Money::ZERO,
            closing: opening + Money(more),
            due_on: None,
            issued_at: FIRST.parse().unwrap(),
        };
        rows.write(&row).unwrap();
        let mut lines = RowWriter::<StatementLineRow>::create(dir.path(), &pair[1], Some(month), written).unwrap();
        let line = StatementLineRow {
            account,
            position: 1,
            service_code: "gas".to_owned(),
            service_name: "Газ".to_owned(),
            volume: Quantity::ONE,
            unit: Unit::CubicMetre,
            price: "1".parse::<Price>().unwrap(),
            coefficient: Coefficient::ONE,
            amount: Money(more),
            basis: ChargeBasis::Meter,
            explanation: None,
        };
        lines.write(&line).unwrap();
        files.extend([rows.finish().unwrap(), lines.finish().unwrap()]);
        names.extend(pair);
    }
    let content = |name: String| (name.clone(), std::fs::read(dir.path().join(name)).unwrap());
    (manifest(files, &sample("debt").provider_code), names.into_iter().map(content).collect())
}

/// Sends an export and waits until it is carried out.
async fn sent_by_http(app: &TestApp, program: &Customer) -> String {
    let (manifest, files) = export_of_summer();
    let import = begun(program, &manifest).await;
    let early = call(program, Method::POST, &format!("{import}/undo"), &[], Vec::new()).await;
    assert_eq!(early.code(), (409, "IMPORT_NOT_UNDOABLE".to_owned()), "it is not here yet");
    for (name, content) in &files {
        let head = [("upload-offset", "0"), ("upload-complete", "?1")];
        let sent = call(program, Method::PATCH, &format!("{import}/files/{name}"), &head, content.clone()).await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT, "{}", sent.text);
    }
    app.drain().await;
    assert_eq!(look(program, &import).await["state"], "DONE");
    // What comes next comes later.
    app.advance(TimeDelta::seconds(1));
    import
}

both_ways!(an_export_that_came_by_http_is_taken_back_by_http, |app| {
    // Later than what the tests begin with.
    app.advance(TimeDelta::seconds(1));
    let (anna, id) = owner(&app, "anna@example.com", "debt").await;
    let program = caller(&app, "debt").await;
    let import = sent_by_http(&app, &program).await;
    let undoing = async |who: &Customer, import: &str, query: &str| {
        call(who, Method::POST, &format!("{import}/undo{query}"), &[], Vec::new()).await
    };
    let balance = async || shown(&anna, &id).await["balance"]["owed"]["amount"].take();
    assert_eq!(balance().await, json!(owed(10_500)));
    let stranger = caller(&app, foreign()).await;
    assert_eq!(undoing(&stranger, &import, "").await.code(), (404, "IMPORT_NOT_FOUND".to_owned()));
    for (query, left) in [("?dryRun=true", 10_500), ("", 0)] {
        let begun = undoing(&program, &import, query).await;
        assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
        let path = format!("/imports/{}", begun.json()["id"].as_str().unwrap());
        assert!(import.ends_with(begun.json()["undoes"].as_str().unwrap()));
        app.drain().await;
        let done = look(&program, &path).await;
        assert_eq!((&done["state"], &done["rowsDone"]), (&json!("DONE"), &json!(2)), "{done}");
        for (at, name) in ["statements-202607.csv", "statements-202606.csv"].iter().enumerate() {
            let file = &done["report"]["files"][at];
            let told = (&file["name"], &file["outcome"], &file["withdrawnCount"]);
            assert_eq!(told, (&json!(name), &json!("UNDONE"), &json!(1)), "{done}");
        }
        assert_eq!(balance().await, json!(owed(left)));
        let again = undoing(&program, &path, "").await;
        assert_eq!(again.code(), (409, "IMPORT_NOT_UNDOABLE".to_owned()), "a taking back is not taken back");
    }
    // The same files again are another export, which the first has nothing to do with.
    app.advance(TimeDelta::seconds(1));
    let second = sent_by_http(&app, &program).await;
    assert_eq!(balance().await, json!(owed(10_500)));
    assert_eq!(undoing(&program, &import, "").await.code(), (409, "IMPORT_NOT_UNDOABLE".to_owned()));
    assert_eq!(undoing(&program, &second, "").await.status, StatusCode::CREATED);
    app.drain().await;
    assert_eq!(balance().await, json!(owed(0)));
    balanced(&app).await;
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});
