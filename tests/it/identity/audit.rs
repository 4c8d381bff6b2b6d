//! The log of what a person did: theirs alone to read, and nobody's to change.

use futures_util::future::join_all;
use kabinet::identity::audit::chain::Flaw;
use kabinet::platform::db::Engine;
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, both_ways, sample};
use crate::metering::{meter, owner};

const EMAIL: &str = "anna@example.com";

async fn events(customer: &Customer) -> Vec<Value> {
    let query = "{ viewer { auditEvents(first: 100) { nodes {
        id sequence kind occurredAt address device requestId details { name value } } } } }";
    customer.ask(query, json!({})).await["viewer"]["auditEvents"]["nodes"].as_array().unwrap().clone()
}

async fn kinds(customer: &Customer) -> Vec<String> {
    events(customer).await.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

/// Lets the database change what it refuses to change, and refuse it again.
async fn tamper(app: &TestApp, change: &str) {
    let triggers = ["audit_events_no_update", "audit_events_no_delete", "audit_circumstances_no_update"];
    match app.app.mechanisms.db.engine() {
        Engine::Sqlite => {
            for trigger in triggers {
                app.sql(&format!("DROP TRIGGER IF EXISTS {trigger}")).await;
            }
        }
        Engine::Postgres => {
            app.sql("ALTER TABLE audit_events DISABLE TRIGGER USER").await;
            app.sql("ALTER TABLE audit_circumstances DISABLE TRIGGER USER").await;
        }
    }
    app.sql(change).await;
}

async fn flaws(app: &TestApp) -> Vec<(i64, Flaw)> {
    let found = app.app.services.identity.audit.verify().await.unwrap();
    found.broken.iter().map(|broken| (broken.sequence, broken.flaw)).collect()
}

both_ways!(a_person_reads_what_they_did_newest_first_and_from_where, |app| {
    let mut anna = app.confirmed_customer(EMAIL).await;
    anna.device = "telephone/1";
    anna.sign_in(EMAIL).await;
    anna.ask("mutation { revokeOtherSessions { userErrors { code } } }", json!({})).await;
    let input = json!({ "currentPassword": crate::harness::PASSWORD, "newPassword": "another horse 43" });
    anna.mutate("changePassword", "viewer { email }", input).await;
    let found = events(&anna).await;
    let kinds: Vec<_> = found.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let expected = ["PASSWORD_CHANGED", "SESSIONS_REVOKED", "SIGNED_IN", "SIGNED_IN", "EMAIL_CONFIRMED", "REGISTERED"];
    assert_eq!(kinds, expected);
    let sequence: Vec<_> = found.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequence, [6, 5, 4, 3, 2, 1]);
    let signed_in = &found[2];
    assert_eq!(signed_in["address"], "127.0.0.1");
    assert_eq!(signed_in["device"], "telephone/1");
    assert_eq!(signed_in["occurredAt"], "2026-06-20T09:00:00Z");
    assert!(signed_in["requestId"].is_string(), "{signed_in}");
    assert_eq!(signed_in["details"][0]["name"], "session");
    assert!(signed_in["details"][0]["value"].as_str().unwrap().starts_with("session_"));
    app.drain().await;
    // Of the new device, and of the new password.
    assert_eq!(app.take_letters(EMAIL).len(), 2);
    app.finish().await;
});

both_ways!(what_is_done_with_accounts_readings_and_money_is_written_down, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let page = meter(&anna, &account).await;
    let sent = anna.mutate("submitMeterReadings", "readings { id }", json!({ "readings": [page.reading(3)] })).await;
    let reading = &sent["readings"][0]["id"];
    for _ in 0..2 {
        anna.mutate("withdrawMeterReading", "reading { id }", json!({ "id": reading })).await;
    }
    let input = json!({ "personalAccountId": account, "amount": { "custom": "10.00" }, "idempotencyKey": "one" });
    let payment = anna.mutate("startPayment", "payment { id }", input.clone()).await["payment"]["id"].take();
    anna.mutate("startPayment", "payment { id }", input).await;
    anna.mutate("detachPersonalAccount", "detachedId", json!({ "personalAccountId": account })).await;
    anna.attach(&sample("debt").provider_code, &sample("debt").number, None).await;
    let proof = json!({ "personalAccountId": account, "proof": { "pin": sample("debt").pin } });
    anna.mutate("proveAccountAccess", "personalAccount { id }", proof).await;
    let found = events(&anna).await;
    let about = |event: &Value| (event["kind"].as_str().unwrap().to_owned(), event["details"].clone());
    let detail = |name: &str, value: &Value| json!({ "name": name, "value": value });
    let account = json!(account);
    let expected = [
        ("ACCOUNT_PROVED".to_owned(), json!([detail("account", &account)])),
        ("ACCOUNT_ATTACHED".to_owned(), json!([detail("access", &json!("LIMITED")), detail("account", &account)])),
        ("ACCOUNT_DETACHED".to_owned(), json!([detail("account", &account)])),
        ("PAYMENT_STARTED".to_owned(), json!([detail("amount", &json!("10.00")), detail("payment", &payment)])),
        ("READING_WITHDRAWN".to_owned(), json!([detail("account", &account), detail("reading", reading)])),
        ("READINGS_SUBMITTED".to_owned(), json!([detail("readings", &json!("1"))])),
        ("ACCOUNT_ATTACHED".to_owned(), json!([detail("access", &json!("FULL")), detail("account", &account)])),
    ];
    assert_eq!(found.iter().take(7).map(about).collect::<Vec<_>>(), expected, "a repeated call adds nothing");
    app.finish().await;
});

both_ways!(what_was_refused_is_not_written_down, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let before = kinds(&anna).await;
    let debtor = sample("debt");
    let provider = anna.provider_id(&debtor.provider_code).await;
    let input = json!({ "providerId": provider, "number": debtor.number, "proof": { "pin": "wrong" } });
    anna.mutate("attachPersonalAccount", "personalAccount { id }", input).await;
    let absent = json!({ "personalAccountId": "account_01h455vb4pex5vsknk084sn02q" });
    anna.mutate("detachPersonalAccount", "detachedId", absent).await;
    anna.mutate("revokeSession", "sessions { id }", json!({ "id": "session_01h455vb4pex5vsknk084sn02q" })).await;
    assert_eq!(kinds(&anna).await, before);
    app.finish().await;
});

both_ways!(the_log_is_read_page_by_page_by_its_person_alone, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    let query = "query($after: String) { viewer { auditEvents(first: 2, after: $after) {
        nodes { kind } pageInfo { hasNextPage endCursor } } } }";
    let first = anna.ask(query, json!({})).await["viewer"]["auditEvents"].take();
    assert_eq!(first["nodes"], json!([{ "kind": "SIGNED_IN" }, { "kind": "EMAIL_CONFIRMED" }]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let cursor = &first["pageInfo"]["endCursor"];
    let second = anna.ask(query, json!({ "after": cursor })).await["viewer"]["auditEvents"].take();
    assert_eq!(second["nodes"], json!([{ "kind": "REGISTERED" }]));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let backward = "{ viewer { auditEvents(last: 1) { nodes { kind } pageInfo { hasPreviousPage } } } }";
    let last = anna.ask(backward, json!({})).await["viewer"]["auditEvents"].take();
    assert_eq!(last, json!({ "nodes": [{ "kind": "REGISTERED" }], "pageInfo": { "hasPreviousPage": true } }));
    let theirs = events(&boris).await;
    assert!(events(&anna).await.iter().all(|event| theirs.iter().all(|other| other["id"] != event["id"])));
    let nobody = app.customer().ask("{ viewer { auditEvents(first: 1) { nodes { kind } } } }", json!({})).await;
    assert_eq!(nobody["viewer"], Value::Null);
    app.finish().await;
});

both_ways!(a_page_costs_as_many_statements_as_a_single_event, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    for _ in 0..10 {
        anna.ask("mutation { revokeOtherSessions { userErrors { code } } }", json!({})).await;
    }
    let page =
        |first: u32| format!("{{ viewer {{ auditEvents(first: {first}) {{ nodes {{ kind address device }} }} }} }}");
    let (one, _) = app.statements(anna.ask(&page(1), json!({}))).await;
    let (ten, _) = app.statements(anna.ask(&page(10), json!({}))).await;
    assert_eq!(one, ten);
    app.finish().await;
});

both_ways!(acts_at_once_make_a_chain_without_a_gap, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let mutation = "mutation { revokeOtherSessions { userErrors { code } } }";
    join_all((0..20).map(|_| anna.ask(mutation, json!({})))).await;
    let found = events(&anna).await;
    let sequence: Vec<_> = found.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequence, (1..=23).rev().collect::<Vec<_>>());
    app.finish().await;
});

both_ways!(a_wrong_password_for_a_known_address_is_written_down_ten_times_an_hour, |app| {
    let mut anna = app.confirmed_customer(EMAIL).await;
    let mut guesser = app.customer();
    guesser.device = "guesser/1";
    let failed = |found: &[Value]| found.iter().filter(|event| event["kind"] == "SIGN_IN_FAILED").count();
    assert!(!guesser.try_to_sign_in("nobody@example.com", "wrong horse 41").await);
    for _ in 0..12 {
        assert!(!guesser.try_to_sign_in(EMAIL, "wrong horse 41").await);
        app.advance(chrono::TimeDelta::minutes(2));
    }
    app.drain().await;
    anna.sign_in(EMAIL).await;
    let found = events(&anna).await;
    assert_eq!(failed(&found), 10);
    let event = found.iter().find(|event| event["kind"] == "SIGN_IN_FAILED").unwrap();
    assert_eq!(event["device"], "guesser/1");
    app.finish().await;
});

both_ways!(the_database_refuses_to_change_the_log, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let before = events(&anna).await;
    for change in [
        "UPDATE audit_events SET kind = 'SIGNED_OUT'",
        "DELETE FROM audit_events",
        "UPDATE audit_circumstances SET address = NULL",
    ] {
        assert!(app.try_sql(change).await.is_err(), "{change}");
    }
    assert_eq!(events(&anna).await, before);
    app.finish().await;
});

both_ways!(what_was_changed_past_the_database_is_found, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    assert_eq!(flaws(&app).await, []);
    tamper(&app, "UPDATE audit_events SET kind = 'SIGNED_OUT' WHERE sequence = 2").await;
    assert_eq!(flaws(&app).await, [(2, Flaw::Changed)]);
    app.sql("UPDATE audit_events SET kind = 'EMAIL_CONFIRMED' WHERE sequence = 2").await;
    app.sql("UPDATE audit_circumstances SET address = '203.0.113.9' WHERE event_id IN (SELECT id FROM audit_events WHERE sequence = 1)").await;
    assert_eq!(flaws(&app).await, [(1, Flaw::CircumstancesChanged)]);
    let output = app.operator(&["audit", "verify"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("3 events in 1 chains, 1 of them broken\nperson "), "{text}");
    assert!(text.ends_with(": event 1: its circumstances are not what was written\n"), "{text}");
    app.sql("UPDATE audit_circumstances SET address = '127.0.0.1'").await;
    assert_eq!(flaws(&app).await, []);
    drop(anna);
    app.finish().await;
});
