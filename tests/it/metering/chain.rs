//! The way of a reading at its provider.

use std::convert::Infallible;

use chrono::TimeDelta;
use entity::enums::ReadingStatus;
use kabinet::kernel::Failure;
use kabinet::metering::decision::{Decided, Decision, MOST_DECISIONS};
use serde_json::{Value, json};

use super::{attach, attach_limited, decide, decide_as, meter, owner, provider_of, submit};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, user_errors};

async fn send(app: &TestApp, customer: &Customer, account: &str, units: i64) -> String {
    let page = meter(customer, account).await;
    app.advance(TimeDelta::seconds(1));
    let payload = submit(customer, json!([page.reading(units)])).await;
    assert_eq!(user_errors(&payload), []);
    payload["readings"][0]["id"].as_str().unwrap().to_owned()
}

async fn seen(customer: &Customer, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on MeterReading {
        status rejection consumption statusChanges { status at reason } } } }";
    customer.ask(query, json!({ "id": id })).await["node"].take()
}

fn statuses(reading: &Value) -> Vec<&str> {
    let changes = reading["statusChanges"].as_array().unwrap();
    changes.iter().map(|change| change["status"].as_str().unwrap()).collect()
}

both_ways!(a_reading_is_shown_with_every_status_and_its_time, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = send(&app, &customer, &account, 12).await;
    assert_eq!(statuses(&seen(&customer, &id).await), ["SUBMITTED"]);
    for decision in [Decision::Delivered, Decision::Accepted, Decision::Billed] {
        app.advance(TimeDelta::minutes(1));
        assert_eq!(decide(&app, "debt", &[(&id, decision)]).await, [Decided::Done]);
    }
    let reading = seen(&customer, &id).await;
    assert_eq!(reading["status"], "BILLED");
    let changes = json!([
        { "status": "SUBMITTED", "at": "2026-06-20T09:00:01Z", "reason": null },
        { "status": "DELIVERED", "at": "2026-06-20T09:01:01Z", "reason": null },
        { "status": "ACCEPTED", "at": "2026-06-20T09:02:01Z", "reason": null },
        { "status": "BILLED", "at": "2026-06-20T09:03:01Z", "reason": null },
    ]);
    assert_eq!(reading["statusChanges"], changes);
    app.finish().await;
});

both_ways!(a_providers_own_reading_was_accepted_from_the_start, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    assert_eq!(statuses(&seen(&customer, &page.last_id).await), ["ACCEPTED"]);
    app.finish().await;
});

both_ways!(a_rejected_reading_is_told_with_its_reason_and_counts_no_more, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    let id = send(&app, &customer, &account, 12).await;
    let rejected = Decision::Rejected("The seal is broken.".to_owned());
    assert_eq!(decide(&app, "debt", &[(&id, rejected)]).await, [Decided::Done]);
    let reading = seen(&customer, &id).await;
    assert_eq!((&reading["status"], &reading["rejection"]), (&json!("REJECTED"), &json!("The seal is broken.")));
    assert_eq!(statuses(&reading), ["SUBMITTED", "DELIVERED", "REJECTED"], "who decides has it");
    assert_eq!(reading["statusChanges"][1]["reason"], json!(null));
    assert_eq!(reading["statusChanges"][2]["reason"], "The seal is broken.");
    assert_eq!(meter(&customer, &account).await.last_id, before.last_id);
    app.finish().await;
});

both_ways!(repeated_and_late_decisions_change_nothing, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let (one, two) = (send(&app, &customer, &account, 1).await, send(&app, &customer, &account, 1).await);
    let rejected = || Decision::Rejected("Why".to_owned());
    let decisions = [(one.as_str(), Decision::Billed), (two.as_str(), rejected()), (one.as_str(), rejected())];
    let answers = decide(&app, "debt", &decisions).await;
    assert_eq!(answers, [Decided::Done, Decided::Done, Decided::Repeated]);
    let before = (seen(&customer, &one).await, seen(&customer, &two).await);
    app.advance(TimeDelta::minutes(10));
    assert_eq!(decide(&app, "debt", &decisions[..2]).await, [Decided::Already, Decided::Already]);
    assert_eq!(decide(&app, "debt", &[(&one, Decision::Delivered)]).await, [Decided::Already], "late news");
    assert_eq!(decide(&app, "debt", &[(&one, rejected())]).await, [Decided::Impossible(ReadingStatus::Billed)]);
    let impossible = [Decided::Impossible(ReadingStatus::Rejected)];
    assert_eq!(decide(&app, "debt", &[(&two, Decision::Accepted)]).await, impossible);
    assert_eq!((seen(&customer, &one).await, seen(&customer, &two).await), before);
    app.finish().await;
});

both_ways!(a_provider_decides_about_readings_of_its_own_accounts_only, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = send(&app, &customer, &account, 1).await;
    let other = provider_of(&app, "day-and-night").await;
    assert_ne!(other, provider_of(&app, "debt").await);
    let none = "reading_01h455vb4pex5vsknk084sn02q";
    let answers = decide_as(&app, other, &[(&id, Decision::Accepted), (none, Decision::Accepted)]).await;
    assert_eq!(answers, [Decided::NotFound, Decided::NotFound]);
    assert_eq!(statuses(&seen(&customer, &id).await), ["SUBMITTED"]);
    app.finish().await;
});

both_ways!(many_decisions_take_as_many_statements_as_one, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = attach(&customer, "debt").await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(send(&app, &customer, &account, 1).await);
    }
    let rejected = |id: &String| (id.clone(), Decision::Rejected("Why".to_owned()));
    let few: Vec<_> = ids[..1].iter().map(rejected).collect();
    let many: Vec<_> = ids[1..11].iter().map(rejected).collect();
    let few: Vec<_> = few.iter().map(|(id, decision)| (id.as_str(), decision.clone())).collect();
    let many: Vec<_> = many.iter().map(|(id, decision)| (id.as_str(), decision.clone())).collect();
    let provider = provider_of(&app, "debt").await;
    let (of_few, _) = app.statements(decide_as(&app, provider, &few)).await;
    let (of_many, answers) = app.statements(decide_as(&app, provider, &many)).await;
    assert_eq!(answers, vec![Decided::Done; 10]);
    // Rows are added in pieces of fixed lengths: two of ten for twenty moves, two single ones for two.
    assert_eq!(of_few, of_many);
    assert_eq!(
        seen(&customer, &ids[11]).await["consumption"],
        "12",
        "it counts from the last one that was not rejected"
    );
    app.finish().await;
});

both_ways!(a_list_of_decisions_has_an_end, |app| {
    let (services, provider) = (&app.app.services, provider_of(&app, "debt").await);
    let id = kabinet::graphql::ids::decode("reading_01h455vb4pex5vsknk084sn02q").unwrap();
    let decisions = vec![(id, Decision::Accepted); MOST_DECISIONS + 1];
    assert!(services.metering.decide_readings(&services.accounts, provider, &decisions).await.is_err());
    app.finish().await;
});

both_ways!(an_accepted_reading_of_limited_access_counts_from_then_on_and_tells_its_sender_nothing, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&owner, &account).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach_limited(&neighbour, "debt").await;
    app.advance(TimeDelta::seconds(1));
    let payload = submit(&neighbour, json!([before.reading(5)])).await;
    let id = payload["readings"][0]["id"].as_str().unwrap().to_owned();
    let later = send(&app, &owner, &account, 9).await;
    assert_eq!(decide(&app, "debt", &[(&id, Decision::Accepted)]).await, [Decided::Done]);
    assert_eq!(seen(&owner, &id).await["consumption"], "5");
    assert_eq!(seen(&owner, &later).await["consumption"], "4", "together they are the whole way");
    assert_eq!(seen(&neighbour, &id).await["consumption"], json!(null), "it would prove access");
    assert_eq!(meter(&owner, &account).await.last_id, later);
    app.finish().await;
});

/// What the database says to a writer.
async fn refused_in_transaction(app: &TestApp, sql: &str) -> String {
    let refused = app.app.mechanisms.db.transaction(|tx| async move {
        sea_orm::ConnectionTrait::execute_unprepared(&*tx, sql).await?;
        Ok::<_, Failure<Infallible>>(())
    });
    format!("{:?}", refused.await.unwrap_err())
}

both_ways!(the_database_refuses_a_way_back_and_a_rewritten_history, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = send(&app, &customer, &account, 1).await;
    let submitted = "UPDATE meter_readings SET status = 'ACCEPTED' WHERE status = 'SUBMITTED'";
    let error = refused_in_transaction(&app, submitted).await;
    assert!(error.contains("a reading does not move"), "{error}");
    decide(&app, "debt", &[(&id, Decision::Accepted)]).await;
    for sql in ["UPDATE reading_status_changes SET reason = 'x'", "DELETE FROM reading_status_changes"] {
        let error = refused_in_transaction(&app, sql).await;
        assert!(error.contains("append-only"), "{error}");
    }
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM reading_status_changes").await, 2);
    app.finish().await;
});
