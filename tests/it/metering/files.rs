//! Readings out to a provider as a file, and its decisions back.

use std::path::Path;

use serde_json::{Value, json};

use super::{meter, owner, submit};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, sample, user_errors};

/// What a command said, and whether it went well.
async fn operator(app: &TestApp, arguments: &[&str]) -> (bool, String, String) {
    let output = app.operator(arguments).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

async fn sent(customer: &Customer, account: &str, units: i64) -> String {
    let page = meter(customer, account).await;
    let payload = submit(customer, json!([page.reading(units)])).await;
    assert_eq!(user_errors(&payload), []);
    payload["readings"][0]["id"].as_str().unwrap().to_owned()
}

async fn seen(customer: &Customer, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on MeterReading { status rejection } } }";
    customer.ask(query, json!({ "id": id })).await["node"].take()
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

both_ways!(a_provider_gets_each_reading_as_a_file_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let (page, debtor) = (meter(&customer, &account).await, sample("debt"));
    let id = sent(&customer, &account, 12).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let write = ["readings", "write", &debtor.provider_code, "--out", out];
    let (well, path, told) = operator(&app, &write).await;
    assert!(well && told.contains("1 readings"), "{told}");
    let content = std::fs::read_to_string(path.trim()).unwrap();
    let lines: Vec<&str> = content.lines().collect();
    assert_eq!(lines.len(), 2, "{content}");
    assert!(lines[0].starts_with("reading_id;account;meter;taken_on;value_single;"), "{content}");
    let cells: Vec<&str> = lines[1].split(';').collect();
    assert_eq!(cells[..3], [id.as_str(), debtor.number.as_str(), page.serial.as_str()]);
    assert_eq!(seen(&customer, &id).await["status"], "DELIVERED");
    let (well, path, told) = operator(&app, &write).await;
    assert!(well && path.is_empty() && told.contains("has every reading"), "{told}");
    assert_eq!(files(folder.path()).len(), 1, "nothing unfinished is left");
    let missing = folder.path().join("missing");
    let nowhere = ["readings", "write", &debtor.provider_code, "--out", missing.to_str().unwrap()];
    assert!(!operator(&app, &nowhere).await.0);
    app.drain().await;
    app.finish().await;
});

both_ways!(a_providers_file_of_decisions_is_carried_out_row_by_row, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = sent(&customer, &account, 12).await;
    let (own, other) = (sample("debt").provider_code.as_str(), sample("overpaid").provider_code.as_str());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.csv");
    let decide = async |code: &str, rows: &str| {
        std::fs::write(&path, format!("reading_id;decision;reason\n{rows}\n")).unwrap();
        operator(&app, &["readings", "decide", code, path.to_str().unwrap()]).await
    };
    // A row that is none: nothing is done.
    let (well, _, told) = decide(own, &format!("{id};ACCEPTED;\n{id};REJECTED;")).await;
    assert!(!well && told.contains("line 3"), "{told}");
    assert_eq!(seen(&customer, &id).await["status"], "SUBMITTED");
    if other != own {
        assert!(decide(other, &format!("{id};ACCEPTED;")).await.1.contains(",UNKNOWN"), "another provider's reading");
    }
    let stranger = "reading_01h455vb4pex5vsknk084sn02q";
    let rows = format!("{stranger};ACCEPTED;\n{id};REJECTED;показание не того счётчика");
    for outcome in ["CHANGED", "UNCHANGED"] {
        let (well, told, _) = decide(own, &rows).await;
        assert!(well, "{told}");
        assert_eq!(told, format!("line,reading,outcome\n2,{stranger},UNKNOWN\n3,{id},{outcome}\n"));
    }
    let shown = seen(&customer, &id).await;
    assert_eq!((&shown["status"], &shown["rejection"]), (&json!("REJECTED"), &json!("показание не того счётчика")));
    assert!(decide(own, &format!("{id};BILLED;")).await.1.contains(",IS_REJECTED"), "it went another way");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM meter_readings WHERE status = 'REJECTED'").await, 1);
    app.drain().await;
    app.finish().await;
});
