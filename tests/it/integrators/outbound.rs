//! What a provider's program fetches, and what it says of that.

use std::convert::Infallible;

use chrono::TimeDelta;
use entity::ids::MeterReadingId;
use entity::meter_reading;
use kabinet::graphql::ids;
use kabinet::kernel::Failure;
use kabinet::payments::refund::RefundWish;
use reqwest::StatusCode;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use uuid::Uuid;

use super::batches::{ROWS, foreign, outcomes};
use super::{EVERY_SCOPE, Program};
use crate::billing::number;
use crate::harness::{Customer, TestApp, Way, both_ways, sample, top_code};
use crate::metering::{meter, owner, submit};
use crate::payments::{custom, settle, started};

const READINGS: &str = "query($first: Int, $after: String) { apiClient {
    sentReadings(first: $first, after: $after) { pageInfo { endCursor hasNextPage } nodes {
        id personalAccountId accountNumber meterSerialNumber source status takenOn values { register value } } } } }";
const MOVEMENTS: &str = "query($after: String) { apiClient { paymentMovements(first: 50, after: $after) {
    pageInfo { endCursor } nodes { kind amount { amount } paymentId accountNumber postedAt } } } }";

async fn send(app: &TestApp, customer: &Customer, account: &str, units: i64) -> String {
    app.advance(TimeDelta::seconds(1));
    let page = meter(customer, account).await;
    let payload = submit(customer, json!([page.reading(units)])).await;
    payload["readings"][0]["id"].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned()
}

/// A page of two behind a cursor, and the next cursor: the same one when nothing came.
async fn readings(caller: &Customer, after: Option<&Value>) -> (Vec<Value>, Value) {
    let answer = caller.ask(READINGS, json!({ "first": 2, "after": after })).await;
    let list = &answer["apiClient"]["sentReadings"];
    let end = Some(&list["pageInfo"]["endCursor"]).filter(|end| !end.is_null()).or(after);
    (list["nodes"].as_array().unwrap().clone(), end.cloned().unwrap_or_default())
}

fn ids_of(nodes: &[Value]) -> Vec<&str> {
    nodes.iter().map(|node| node["id"].as_str().unwrap()).collect()
}

async fn decide(caller: &Customer, key: &str, decisions: Value) -> Vec<String> {
    let input = json!({ "batchKey": key, "decisions": decisions });
    outcomes(&caller.mutate("reportReadingDecisions", ROWS, input).await)
}

both_ways!(readings_are_read_on_and_decided_about, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let caller = Program::add(&app, "debt", "READINGS,DECISIONS").await.caller().await;
    let serial = meter(&customer, &account).await.serial;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(send(&app, &customer, &account, 1).await);
    }
    let (page, cursor) = readings(&caller, None).await;
    assert_eq!(ids_of(&page), sent[..2]);
    let first = &page[0];
    assert_eq!(
        (&first["personalAccountId"], &first["accountNumber"]),
        (&json!(account), &json!(sample("debt").number))
    );
    assert_eq!((&first["meterSerialNumber"], &first["source"]), (&json!(serial), &json!("CABINET")));
    assert_eq!(first["status"], "SUBMITTED");
    let (page, cursor) = readings(&caller, Some(&cursor)).await;
    assert_eq!(ids_of(&page), sent[2..]);
    assert_eq!(readings(&caller, Some(&cursor)).await.0.len(), 0);
    // Rows that come later stand behind the cursor; rows that move stay where they are.
    let acknowledged = decide(&caller, "a", json!([{ "readingId": sent[0], "decision": "DELIVERED" }])).await;
    assert_eq!(acknowledged, ["CHANGED"]);
    sent.push(send(&app, &customer, &account, 1).await);
    assert_eq!(ids_of(&readings(&caller, Some(&cursor)).await.0), sent[3..]);
    let (page, _) = readings(&caller, None).await;
    assert_eq!(
        (ids_of(&page), &page[0]["status"]),
        (sent[..2].iter().map(String::as_str).collect(), &json!("DELIVERED"))
    );
    // What the provider has is not taken back.
    let withdrawn = customer.mutate("withdrawMeterReading", "userErrors { code }", json!({ "id": sent[0] })).await;
    assert_ne!(withdrawn["userErrors"], json!([]), "{withdrawn}");
    let again = decide(&caller, "b", json!([{ "readingId": sent[0], "decision": "DELIVERED" }])).await;
    assert_eq!(again, ["UNCHANGED"]);
    // Another provider's program sees nothing of it.
    let stranger = Program::add(&app, foreign(), EVERY_SCOPE).await.caller().await;
    assert_eq!(readings(&stranger, None).await.0.len(), 0);
    let refused = decide(&stranger, "a", json!([{ "readingId": sent[3], "decision": "DELIVERED" }])).await;
    assert_eq!(refused, ["READING_NOT_FOUND"]);
    app.finish().await;
});

both_ways!(a_page_costs_the_same_however_long_it_is, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let caller = Program::add(&app, "debt", "READINGS").await.caller().await;
    for _ in 0..6 {
        send(&app, &customer, &account, 1).await;
    }
    let page = async |first: i32| app.statements(caller.ask(READINGS, json!({ "first": first }))).await.0;
    // The first question gives places.
    page(1).await;
    assert_eq!(page(1).await, page(6).await);
    app.finish().await;
});

/// A transaction that takes its time must not be overtaken: its rows come behind what was read meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_late_comes_behind_the_cursor_whatever_its_id() {
    let app = TestApp::start(Way::Full).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let caller = Program::add(&app, "debt", "READINGS").await.caller().await;
    let quick = send(&app, &customer, &account, 1).await;
    let db = &app.app.mechanisms.db;
    let id: MeterReadingId = ids::decode(&quick).unwrap();
    let reading = meter_reading::Entity::find_by_id(id).one(db.read()).await.unwrap().unwrap();
    // An id that sorts before every other, as of a transaction that began long ago.
    let slow = meter_reading::Model { id: MeterReadingId(Uuid::from_u128(7)), ..reading };
    let (slow, caller) = (&slow, &caller);
    let seen = db.transaction(|tx| async move {
        meter_reading::Entity::insert(slow.clone().into_active_model()).exec_without_returning(&*tx).await?;
        Ok::<_, Failure<Infallible>>(readings(caller, None).await)
    });
    let (page, cursor) = seen.await.unwrap();
    assert_eq!(ids_of(&page), [quick.as_str()], "what is not committed is not shown");
    let (page, cursor) = readings(caller, Some(&cursor)).await;
    assert_eq!(ids_of(&page), [ids::encode(slow.id).as_str()], "and is not passed over");
    assert_eq!(readings(caller, Some(&cursor)).await.0.len(), 0);
    app.finish().await;
}

/// Askers that come at the same time agree on the order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn places_are_given_once_however_many_ask() {
    let app = TestApp::start(Way::Full).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let caller = Program::add(&app, "debt", "READINGS").await.caller().await;
    for _ in 0..3 {
        for _ in 0..3 {
            send(&app, &customer, &account, 1).await;
        }
        let asked = (0..4).map(|_| caller.ask(READINGS, json!({ "first": 20 })));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    }
    let gaps = "SELECT MAX(position) - COUNT(*) AS number FROM outbound_rows WHERE kind = 'READING'";
    assert_eq!(number(&app, gaps).await, 0);
    app.finish().await;
}

async fn paid(app: &TestApp, customer: &Customer, account: &str, sum: &str) -> String {
    let begun = started(customer, custom(account, sum, sum)).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    app.advance(TimeDelta::seconds(1));
    app.discard_letters();
    begun.id
}

async fn post(caller: &Customer, key: &str, postings: Value) -> Vec<String> {
    let input = json!({ "batchKey": key, "postings": postings });
    outcomes(&caller.mutate("reportPaymentPostings", ROWS, input).await)
}

both_ways!(money_is_read_on_and_posted, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let caller = Program::add(&app, "debt", "PAYMENTS,POSTINGS").await.caller().await;
    let (one, two) = (paid(&app, &customer, &account, "10.00").await, paid(&app, &customer, &account, "20.50").await);
    let id = ids::decode(&one).unwrap();
    let wish = RefundWish { amount: None, reason: "wrong account", by: "Operator", key: "one" };
    app.app.services.payments.refund(id, wish).await.unwrap();
    settle(&app).await;
    app.discard_letters();
    let answer = caller.ask(MOVEMENTS, json!({})).await;
    let list = &answer["apiClient"]["paymentMovements"];
    let row = |row: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&row["kind"]), text(&row["amount"]["amount"]), text(&row["paymentId"]))
    };
    let rows: Vec<_> = list["nodes"].as_array().unwrap().iter().map(row).collect();
    let of = |kind: &str, amount: &str, id: &str| (kind.to_owned(), amount.to_owned(), id.to_owned());
    assert_eq!(rows, [of("PAYMENT", "10.00", &one), of("PAYMENT", "20.50", &two), of("REFUND", "10.00", &one)]);
    let behind = json!({ "after": list["pageInfo"]["endCursor"] });
    assert_eq!(caller.ask(MOVEMENTS, behind.clone()).await["apiClient"]["paymentMovements"]["nodes"], json!([]));
    assert_eq!(post(&caller, "1", json!([{ "paymentId": two, "amount": "20.50" }])).await, ["CHANGED"]);
    let answer = caller.ask(MOVEMENTS, json!({})).await;
    let posted: Vec<_> = answer["apiClient"]["paymentMovements"]["nodes"].as_array().unwrap().clone();
    assert_eq!(posted.iter().filter(|row| !row["postedAt"].is_null()).count(), 1);
    let three = paid(&app, &customer, &account, "7.00").await;
    let answer = caller.ask(MOVEMENTS, behind).await;
    let rows: Vec<_> = answer["apiClient"]["paymentMovements"]["nodes"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(rows, [of("PAYMENT", "7.00", &three)], "what comes later stands behind the cursor");
    let stranger = Program::add(&app, foreign(), EVERY_SCOPE).await.caller().await;
    assert_eq!(stranger.ask(MOVEMENTS, json!({})).await["apiClient"]["paymentMovements"]["nodes"], json!([]));
    // Another scope opens nothing of it.
    let reader = Program::add(&app, "debt", "READINGS").await.caller().await;
    let (status, refused) = reader.post(MOVEMENTS, json!({})).await;
    assert_eq!((status, top_code(&refused)), (StatusCode::FORBIDDEN, "FORBIDDEN"));
    app.finish().await;
});

both_ways!(registers_are_fetched_by_their_provider_alone, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    assert!(app.operator(&["payment-terms", "set", code, "--register", "csv"]).await.status.success());
    for sum in ["10.00", "20.00"] {
        paid(&app, &customer, &account, sum).await;
        assert!(app.operator(&["registers", "write", code]).await.status.success());
    }
    let caller = Program::add(&app, "debt", "PAYMENTS").await.caller().await;
    let query = "query($after: String) { apiClient { paymentRegisters(first: 1, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { number fileName payments total { amount } downloadUrl } } } }";
    let newest = caller.ask(query, json!({})).await["apiClient"]["paymentRegisters"].take();
    assert_eq!((&newest["nodes"][0]["number"], &newest["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
    let behind = json!({ "after": newest["pageInfo"]["endCursor"] });
    let oldest = caller.ask(query, behind).await["apiClient"]["paymentRegisters"].take();
    let register = &oldest["nodes"][0];
    assert_eq!((&register["payments"], &register["total"]["amount"]), (&json!(1), &json!("10.00")));
    let url = register["downloadUrl"].as_str().unwrap();
    let (status, head, content) = caller.download(url).await;
    assert_eq!(status, StatusCode::OK);
    assert!(head["content-disposition"].to_str().unwrap().contains(register["fileName"].as_str().unwrap()));
    assert!(String::from_utf8(content).unwrap().ends_with("#TOTAL;1;10.00\n"));
    let stranger = Program::add(&app, foreign(), EVERY_SCOPE).await.caller().await;
    let reader = Program::add(&app, "debt", "READINGS").await.caller().await;
    for other in [&stranger, &reader, &customer] {
        assert_eq!(other.download(url).await.0, StatusCode::NOT_FOUND);
    }
    for path in ["3", "-1", "x", "1/2"] {
        let (status, ..) = caller.download(&url.replace("registers/1", &format!("registers/{path}"))).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registers_are_laid_down_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let app = TestApp::start_with(Way::Embedded, &[("KABINET__PAYMENTS__REGISTERS_FOLDER", out)]).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    assert!(app.operator(&["payment-terms", "set", code, "--register", "csv"]).await.status.success());
    paid(&app, &customer, &account, "10.00").await;
    assert_eq!(app.app.services.payments.write_registers(app.clock.now()).await.unwrap(), 1);
    app.drain().await;
    let files: Vec<_> = std::fs::read_dir(folder.path().join(code)).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(std::fs::read_to_string(&files[0]).unwrap().ends_with("#TOTAL;1;10.00\n"));
    app.finish().await;
}
