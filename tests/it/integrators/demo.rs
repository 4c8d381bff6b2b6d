//! An instance with demonstration data: what can be played on it, and its clock.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{Server, TestApp, Way, both_ways, eventually, registers_folder, sample};
use crate::metering::{meter, owner};
use crate::payments::{custom, settle, start, started};

/// As `kabinet serve --demo` leaves them beside the data.
fn with_demonstration_data(data: &Path) {
    let from = registers_folder();
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for file in std::fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            if file.path().is_file() {
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    };
    copy(from, &data.join("demo"));
    for folder in std::fs::read_dir(from).unwrap() {
        let folder = folder.unwrap();
        if folder.path().is_dir() {
            copy(&folder.path(), &data.join("demo").join(folder.file_name()));
        }
    }
}

async fn play(app: &TestApp, scenario: &str) -> String {
    let output = app.operator(&["demo", "play", scenario]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    told
}

async fn account_of(customer: &crate::harness::Customer, account: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { balance { version owed { amount } }
        statement { period paid { amount } } meters { serialNumber } } } }";
    customer.ask(query, json!({ "id": account })).await["node"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_go_the_ordinary_ways() {
    let app = TestApp::start(Way::Embedded).await;
    with_demonstration_data(&app.app.config.data_dir);
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let nothing = app.operator(&["demo", "play", "payment-posted"]).await;
    assert!(!nothing.status.success(), "nothing was paid");
    let begun = started(&customer, custom(&account, "100.00", "one")).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    app.discard_letters();
    let before = account_of(&customer, &account).await;
    let told = play(&app, "new-statement").await;
    assert!(told.starts_with("2026-06: ") && told.contains("paid 100.00"), "{told}");
    app.drain().await;
    let after = account_of(&customer, &account).await;
    assert_eq!(after["statement"]["period"], "2026-06");
    assert_eq!(after["statement"]["paid"]["amount"], "100.00");
    assert!(after["balance"]["version"].as_i64() > before["balance"]["version"].as_i64(), "{before} {after}");
    assert_eq!(play(&app, "payment-posted").await, "1 payments are posted\n");
    let old = meter(&customer, &account).await.serial;
    let told = play(&app, "meter-replaced").await;
    assert!(told.contains(&format!("in the place of {old}")), "{told}");
    let meters = account_of(&customer, &account).await["meters"].to_string();
    assert!(meters.contains(told.split(' ').next().unwrap()), "{meters}");
    // The whole set of registers is still as good as it was.
    let demo = app.app.config.data_dir.join("demo");
    let again = app.operator(&["import", demo.to_str().unwrap()]).await;
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
    app.drain().await;
    app.discard_letters();
    app.finish().await;
}

async fn refused(app: &TestApp, arguments: &[&str]) {
    let refused = app.operator(&[&["demo"], arguments].concat()).await;
    assert!(!refused.status.success(), "{arguments:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no demonstration data"));
}

both_ways!(elsewhere_nothing_is_played_and_no_clock_moved, |app| {
    for arguments in [&["play", "new-statement"][..], &["play", "outage"], &["clock", "--days", "1"]] {
        refused(&app, arguments).await;
    }
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_of_a_running_server_is_moved_on() {
    let mut server =
        Box::pin(Server::on(Box::pin(crate::harness::Backend::prepare(Way::Embedded)).await, Way::Embedded)).await;
    with_demonstration_data(server.backend.as_ref().unwrap().dir.path());
    server.start_again().await;
    let customer = server.customer();
    let shown = async || -> DateTime<Utc> {
        let captcha = customer.ask("{ captcha(action: REGISTER) { expiresAt } }", json!({})).await;
        captcha["captcha"]["expiresAt"].as_str().unwrap().parse().unwrap()
    };
    let before = shown().await;
    let run = crate::harness::kabinet(&["demo", "clock", "--days", "30", "--hours", "5"], &server.environment).output();
    let told: DateTime<Utc> = String::from_utf8(run.unwrap().stdout).unwrap().trim().parse().unwrap();
    assert!(told - before > TimeDelta::days(29), "{told}");
    eventually("the server's clock has moved", async || (shown().await - before > TimeDelta::days(30)).then_some(()))
        .await;
    assert!(sample("debt").debt.starts_with("1956"));
    server.clean_up().await;
}

both_ways!(a_bank_that_is_out_is_asked_again_until_it_answers, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    app.app.sandbox.answer_nobody_until(app.clock.now() + TimeDelta::minutes(5));
    let payload = start(&customer, custom(&account, "100.00", "one")).await;
    let payment = &payload["payment"];
    assert_eq!((&payment["status"], &payment["confirmationUrl"]), (&json!("UNKNOWN"), &Value::Null), "{payload}");
    settle(&app).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { status confirmationUrl } } }";
    let seen = async || customer.ask(query, json!({ "id": payment["id"] })).await["node"].take();
    assert_eq!(seen().await["status"], "UNKNOWN", "it is still out");
    app.advance(TimeDelta::hours(1));
    app.drain().await;
    let seen = seen().await;
    assert_ne!(seen["status"], "UNKNOWN", "{seen}");
    app.discard_letters();
    app.finish().await;
});
