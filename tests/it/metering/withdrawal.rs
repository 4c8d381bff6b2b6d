//! Taking back a reading of one's own.

use chrono::TimeDelta;
use futures_util::future::join;
use kabinet::metering::decision::{Decided, Decision};
use serde_json::{Value, json};

use super::{attach, attach_limited, decide, meter, owner, submit};
use crate::billing::execute_sql;
use crate::harness::{Customer, PASSWORD, TestApp, both_ways, top_code, user_errors};

const FIELDS: &str = "reading { id status statusChanges { status at reason } withdrawableUntil } replayed";

async fn withdraw(customer: &Customer, id: &str) -> Value {
    customer.mutate("withdrawMeterReading", FIELDS, json!({ "id": id })).await
}

/// Sends a reading so much above the last one; a second later the next may follow.
async fn send(app: &TestApp, customer: &Customer, account: &str, units: i64) -> String {
    let page = meter(customer, account).await;
    app.advance(TimeDelta::seconds(1));
    let payload = submit(customer, json!([page.reading(units)])).await;
    assert_eq!(user_errors(&payload), []);
    payload["readings"][0]["id"].as_str().unwrap().to_owned()
}

fn refused(payload: &Value, code: &str) {
    assert_eq!(payload["reading"], json!(null), "{payload}");
    assert_eq!(user_errors(payload), [(code.to_owned(), json!(["id"]))]);
}

both_ways!(a_withdrawn_reading_is_the_meters_last_one_no_more, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&customer, &account).await;
    let id = send(&app, &customer, &account, 12).await;
    app.advance(TimeDelta::minutes(5));
    let payload = withdraw(&customer, &id).await;
    assert_eq!((user_errors(&payload), &payload["replayed"]), (vec![], &json!(false)));
    let reading = &payload["reading"];
    assert_eq!((&reading["status"], &reading["withdrawableUntil"]), (&json!("WITHDRAWN"), &json!(null)));
    let changes = json!([
        { "status": "SUBMITTED", "at": "2026-06-20T09:00:01Z", "reason": null },
        { "status": "WITHDRAWN", "at": "2026-06-20T09:05:01Z", "reason": null },
    ]);
    assert_eq!(reading["statusChanges"], changes);
    let after = meter(&customer, &account).await;
    assert_eq!((after.last_id, after.last), (before.last_id, before.last));
    // What was wrong can be sent again, and lower.
    send(&app, &customer, &account, 2).await;
    app.finish().await;
});

both_ways!(a_reading_is_withdrawn_once_however_often_it_is_asked, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = send(&app, &customer, &account, 12).await;
    let mut first = withdraw(&customer, &id).await;
    assert_eq!(first["replayed"], false);
    first["replayed"] = json!(true);
    let lasting = send(&app, &customer, &account, 3).await;
    app.advance(TimeDelta::days(40));
    let mut customer = customer;
    customer.sign_in("anna@example.com").await;
    assert_eq!(withdraw(&customer, &id).await, first, "also after the cut-off");
    assert_eq!(meter(&customer, &account).await.last_id, lasting);
    app.drain().await;
    app.finish().await;
});

both_ways!(the_next_reading_counts_from_the_one_before_the_withdrawn_one, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let first = send(&app, &customer, &account, 12).await;
    let second = send(&app, &customer, &account, 3).await;
    withdraw(&customer, &first).await;
    let query = "query($id: ID!) { node(id: $id) { ... on MeterReading { consumption } } }";
    let seen = customer.ask(query, json!({ "id": second })).await;
    assert_eq!(seen["node"]["consumption"], "15", "nothing of what was used is lost");
    assert_eq!(meter(&customer, &account).await.last_id, second);
    app.finish().await;
});

both_ways!(a_reading_may_be_withdrawn_to_the_end_of_its_reading_window_at_the_provider, |app| {
    let (mut customer, account) = owner(&app, "anna@example.com", "debt").await;
    // Midnight at the provider is 21:00 of the day before in UTC.
    let window = "UPDATE provider_terms SET reading_window_first_day = 15, reading_window_last_day = 25, time_zone_minutes = 180";
    execute_sql(&app, window).await;
    let (one, two) = (send(&app, &customer, &account, 1).await, send(&app, &customer, &account, 1).await);
    let query = "query($id: ID!) { node(id: $id) { ... on MeterReading { withdrawableUntil } } }";
    let seen = customer.ask(query, json!({ "id": two })).await;
    assert_eq!(seen["node"]["withdrawableUntil"], "2026-06-25");
    app.advance(TimeDelta::days(5) + TimeDelta::hours(11));
    customer.sign_in("anna@example.com").await;
    assert_eq!(user_errors(&withdraw(&customer, &two).await), [], "the 25th, 23:00 at the provider");
    app.advance(TimeDelta::hours(1));
    customer.sign_in("anna@example.com").await;
    refused(&withdraw(&customer, &one).await, "WITHDRAWAL_TOO_LATE");
    assert_eq!(meter(&customer, &account).await.last_id, one);
    app.finish().await;
});

both_ways!(what_the_provider_has_is_not_withdrawn, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let id = send(&app, &customer, &account, 12).await;
    for decision in [Decision::Delivered, Decision::Accepted, Decision::Billed] {
        assert_eq!(decide(&app, "debt", &[(&id, decision)]).await, [Decided::Done]);
        refused(&withdraw(&customer, &id).await, "WITHDRAWAL_TOO_LATE");
    }
    assert_eq!(meter(&customer, &account).await.last_id, id);
    app.finish().await;
});

both_ways!(of_a_withdrawal_and_a_decision_at_once_one_comes_first, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for _ in 0..5 {
        let before = meter(&customer, &account).await.last_id;
        let id = send(&app, &customer, &account, 2).await;
        let decisions = [(id.as_str(), Decision::Accepted)];
        let (withdrawn, decided) = join(withdraw(&customer, &id), decide(&app, "debt", &decisions)).await;
        let last = meter(&customer, &account).await.last_id;
        if user_errors(&withdrawn).is_empty() {
            assert_eq!(decided, [Decided::Impossible(entity::enums::ReadingStatus::Withdrawn)]);
            assert_eq!(last, before);
        } else {
            refused(&withdrawn, "WITHDRAWAL_TOO_LATE");
            assert_eq!((decided, last), (vec![Decided::Done], id));
        }
    }
    app.finish().await;
});

both_ways!(only_the_person_who_sent_a_reading_withdraws_it, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let id = send(&app, &customer, &account, 12).await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    for id in [id.as_str(), "reading_01h455vb4pex5vsknk084sn02q", page.id.as_str(), "nonsense", ""] {
        refused(&withdraw(&stranger, id).await, "READING_NOT_FOUND");
    }
    // Who sees the account in full did not send the reading either; nor did anybody here send the provider's.
    attach(&stranger, "debt").await;
    app.drain().await;
    app.take_letters("anna@example.com");
    refused(&withdraw(&stranger, &id).await, "READING_NOT_FOUND");
    refused(&withdraw(&customer, &page.last_id).await, "READING_NOT_FOUND");
    // One's own of an account that is no longer attached.
    customer.mutate("detachPersonalAccount", "__typename", json!({ "personalAccountId": account })).await;
    refused(&withdraw(&customer, &id).await, "READING_NOT_FOUND");
    assert_eq!(meter(&stranger, &account).await.last_id, id);
    app.finish().await;
});

both_ways!(a_reading_sent_with_limited_access_is_withdrawn_without_touching_the_last_one, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let before = meter(&owner, &account).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach_limited(&neighbour, "debt").await;
    let payload = submit(&neighbour, json!([before.reading(7)])).await;
    let id = payload["readings"][0]["id"].as_str().unwrap();
    let payload = withdraw(&neighbour, id).await;
    assert_eq!((user_errors(&payload), &payload["reading"]["status"]), (vec![], &json!("WITHDRAWN")));
    assert_eq!(meter(&owner, &account).await.last_id, before.last_id);
    app.finish().await;
});

both_ways!(nobody_withdraws_anonymously_or_unconfirmed, |app| {
    let mutation =
        "mutation { withdrawMeterReading(input: { id: \"reading_01h455vb4pex5vsknk084sn02q\" }) { reading { id } } }";
    let (_, answer) = app.customer().post(mutation, json!({})).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    let mut customer = app.customer();
    customer.register("boris@example.com").await;
    app.drain().await;
    app.take_letters("boris@example.com");
    let payload =
        customer.mutate("signIn", "token", json!({ "email": "boris@example.com", "password": PASSWORD })).await;
    customer.token = payload["token"].as_str().map(str::to_owned);
    let payload = withdraw(&customer, "reading_01h455vb4pex5vsknk084sn02q").await;
    assert!(!user_errors(&payload).is_empty(), "{payload}");
    app.finish().await;
});
