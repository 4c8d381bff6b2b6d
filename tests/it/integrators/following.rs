//! What programs follow: every account of their provider, nobody else's, in order, without a gap.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use entity::ids::PersonalAccountId;
use kabinet::graphql::ids;
use kabinet::integrators::api_client::registration::By;
use kabinet::metering::decision::Decision;
use serde_json::{Value, json};

use super::{EVERY_SCOPE, Program};
use crate::harness::{Customer, Socket, TestApp, Way, both_ways, sample, top_code};
use crate::metering::{decide, meter, owner, submit};
use crate::payments::{custom, started};
use crate::subscriptions::instances::Second;
use crate::subscriptions::{NEVER_LOOKING, append, change, deliver, refusal};

const BALANCES: &str =
    "subscription($ids: [ID!], $after: String) { balanceUpdated(personalAccountIds: $ids, after: $after) {
    cursor personalAccount { id number } previous { version } balance { version } cause { amount { amount } } } }";
pub const READINGS: &str = "subscription($after: String) { meterReadingUpdated(after: $after) {
    cursor status personalAccount { id } reading { id status values { value } meter { id } } } }";
const PAYMENTS: &str = "subscription($after: String) { paymentsUpdated(after: $after) {
    cursor status personalAccount { id } payment { id status amount { amount } } } }";
const SNAPSHOT: &str =
    "{ apiClient { cursor personalAccounts(first: 100) { edges { node { id number balance { version } } } } } }";

/// Subscribes and waits until the subscription is open: operations begin in order.
async fn follow(socket: &mut Socket, id: &str, query: &str, variables: Value) {
    socket.subscribe(id, query, variables).await;
    for number in 0..3 {
        socket.subscribe(&format!("{id}-open-{number}"), "{ apiClient { id } }", json!({})).await;
        socket.event().await;
        assert_eq!(socket.next().await["type"], "complete");
    }
}

struct Told {
    account: String,
    amount: String,
    version: i64,
    cursor: String,
}

async fn told(socket: &mut Socket) -> Told {
    let event = socket.event().await["balanceUpdated"].take();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let version = event["balance"]["version"].as_i64().unwrap();
    assert_eq!(event["previous"]["version"].as_i64().unwrap() + 1, version);
    Told {
        account: text(&event["personalAccount"]["id"]),
        amount: text(&event["cause"]["amount"]["amount"]),
        version,
        cursor: text(&event["cursor"]),
    }
}

/// The cursor of now, and every account of the provider.
pub async fn snapshot(caller: &Customer) -> (String, Vec<String>) {
    let client = caller.ask(SNAPSHOT, json!({})).await["apiClient"].take();
    let edges = client["personalAccounts"]["edges"].as_array().unwrap().clone();
    let ids = edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned());
    (client["cursor"].as_str().unwrap().to_owned(), ids.collect())
}

/// A sample of another provider than the debtor's.
fn foreign() -> &'static str {
    let own = &sample("debt").provider_code;
    let notes = ["overpaid", "no-meter", "verification-expired", "about-to-roll-over", "day-and-night"];
    notes.into_iter().find(|note| sample(note).provider_code != *own).expect("another provider has samples")
}

both_ways!(every_account_of_the_provider_is_followed_and_no_other, |app| {
    let app = app.restart_with(&[NEVER_LOOKING]).await;
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let other = Program::add(&app, foreign(), EVERY_SCOPE).await;
    let (caller, stranger) = (program.caller().await, other.caller().await);
    let ((_, own), (_, theirs)) = (snapshot(&caller).await, snapshot(&stranger).await);
    let both: BTreeSet<_> = own.iter().chain(&theirs).collect();
    assert!(own.len() > 1 && theirs.len() > 1 && both.len() == own.len() + theirs.len());
    let (mut socket, mut elsewhere) = (caller.socket().await, stranger.socket().await);
    follow(&mut socket, "1", BALANCES, json!({})).await;
    follow(&mut elsewhere, "1", BALANCES, json!({})).await;
    for (kopecks, account) in (1..).zip([&own[0], &theirs[0], &own[1], &theirs[1], &own[0]]) {
        change(&app.app, account, kopecks).await;
    }
    for (account, amount) in [(&own[0], "0.01"), (&own[1], "0.03"), (&own[0], "0.05")] {
        let told = told(&mut socket).await;
        assert_eq!((&told.account, told.amount.as_str()), (account, amount));
    }
    for (account, amount) in [(&theirs[0], "0.02"), (&theirs[1], "0.04")] {
        let told = told(&mut elsewhere).await;
        assert_eq!((&told.account, told.amount.as_str()), (account, amount));
    }
    app.finish().await;
});

both_ways!(a_program_goes_on_behind_its_cursor_with_every_event_once_and_in_order, |app| {
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    let (cursor, accounts) = snapshot(&caller).await;
    for kopecks in 1..=300 {
        append(&app.app, &accounts[usize::try_from(kopecks).unwrap() % accounts.len()], kopecks).await;
    }
    deliver(&app.app).await;
    let (mut after, mut heard): (String, Vec<(String, String, i64)>) = (cursor, Vec::new());
    // Breaks off again and again, while more happens.
    while heard.len() < 330 {
        let mut socket = caller.socket().await;
        socket.subscribe("1", BALANCES, json!({ "after": after })).await;
        if heard.len() < 300 {
            append(&app.app, &accounts[0], 1000 + i64::try_from(heard.len()).unwrap()).await;
        }
        for _ in 0..10 {
            let told = told(&mut socket).await;
            after = told.cursor;
            heard.push((told.account, told.amount, told.version));
        }
    }
    deliver(&app.app).await;
    let mut versions: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (account, _, version) in &heard {
        versions.entry(account).or_default().push(*version);
    }
    for (account, versions) in &versions {
        assert!(versions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{account}: {versions:?}");
    }
    let amounts: BTreeSet<_> = heard.iter().map(|(_, amount, _)| amount).collect();
    assert_eq!(amounts.len(), 330, "each once");
    app.finish().await;
});

both_ways!(with_ids_a_program_follows_only_those, |app| {
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    let (_, own) = snapshot(&caller).await;
    let (_, theirs) = snapshot(&Program::add(&app, foreign(), EVERY_SCOPE).await.caller().await).await;
    let mut socket = caller.socket().await;
    follow(&mut socket, "1", BALANCES, json!({ "ids": [own[1]] })).await;
    for account in [&own[0], &own[1]] {
        change(&app.app, account, 5).await;
    }
    assert_eq!(told(&mut socket).await.account, own[1]);
    let mut refused = caller.socket().await;
    for (number, ids) in [json!([theirs[0]]), json!([own[0], theirs[0]]), json!(["nonsense"])].into_iter().enumerate() {
        refused.subscribe(&number.to_string(), BALANCES, json!({ "ids": ids })).await;
        assert_eq!(refusal(&mut refused).await, "BAD_INPUT");
    }
    app.finish().await;
});

both_ways!(a_cursor_of_another_or_of_nobody_is_refused, |app| {
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    let (own, _) = snapshot(&caller).await;
    let (theirs, _) = snapshot(&Program::add(&app, foreign(), EVERY_SCOPE).await.caller().await).await;
    let (anna, _) = owner(&app, "anna@example.com", "debt").await;
    let mut socket = caller.socket().await;
    for (number, after) in [theirs.as_str(), "nonsense", "AAAA"].into_iter().enumerate() {
        socket.subscribe(&number.to_string(), BALANCES, json!({ "after": after })).await;
        assert_eq!(refusal(&mut socket).await, "BAD_INPUT", "{after}");
    }
    // A person's feed is another, too.
    let mut socket = anna.socket().await;
    socket.subscribe("1", READINGS, json!({ "after": own })).await;
    assert_eq!(refusal(&mut socket).await, "BAD_INPUT");
    app.finish().await;
});

both_ways!(a_cursor_whose_news_is_gone_is_told_so_and_a_snapshot_begins_anew, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let caller = program.caller().await;
    let (old, accounts) = snapshot(&caller).await;
    for kopecks in 1..=3 {
        change(&app.app, &accounts[0], kopecks).await;
    }
    let (behind, _) = snapshot(&caller).await;
    app.advance(TimeDelta::days(31));
    app.app.services.changes.purge().await.unwrap();
    let caller = program.caller().await;
    let mut socket = caller.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": old })).await;
    assert_eq!(refusal(&mut socket).await, "CURSOR_TOO_OLD");
    // Whoever had come up with everything misses nothing.
    follow(&mut socket, "2", BALANCES, json!({ "after": behind })).await;
    change(&app.app, &accounts[0], 4).await;
    assert_eq!(told(&mut socket).await.amount, "0.04");
    app.finish().await;
});

both_ways!(readings_are_followed_through_their_statuses, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let caller = program.caller().await;
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    let stranger = owner(&app, "boris@example.com", foreign()).await.0;
    let mut sockets = [caller.socket().await, anna.socket().await, stranger.socket().await];
    follow(&mut sockets[0], "1", READINGS, json!({})).await;
    for socket in &mut sockets[1..] {
        socket.subscribe("1", READINGS, json!({})).await;
        crate::subscriptions::opened(socket, "1").await;
    }
    let page = meter(&anna, &account).await;
    let sent = submit(&anna, json!([page.reading(1)])).await;
    let reading = sent["readings"][0]["id"].as_str().unwrap().to_owned();
    decide(&app, "debt", &[(reading.as_str(), Decision::Rejected("a photo, please".to_owned()))]).await;
    let mut cursors = Vec::new();
    for socket in &mut sockets[..2] {
        for status in ["SUBMITTED", "DELIVERED", "REJECTED"] {
            let event = socket.event().await["meterReadingUpdated"].take();
            assert_eq!((&event["status"], &event["reading"]["id"]), (&json!(status), &json!(reading)));
            assert_eq!(
                (&event["personalAccount"]["id"], &event["reading"]["meter"]["id"]),
                (&json!(account), &json!(page.id))
            );
            cursors.push(event["cursor"].as_str().unwrap().to_owned());
        }
    }
    // Behind the first of them come the others again, once.
    for (who, after) in [(&caller, &cursors[0]), (&anna, &cursors[3])] {
        let mut socket = who.socket().await;
        socket.subscribe("1", READINGS, json!({ "after": after })).await;
        for status in ["DELIVERED", "REJECTED"] {
            assert_eq!(socket.event().await["meterReadingUpdated"]["status"], status);
        }
    }
    // The stranger has heard nothing: the next thing is what happens to them.
    sockets[2].subscribe("2", "{ viewer { id } }", json!({})).await;
    assert!(sockets[2].event().await["viewer"]["id"].is_string());
    app.finish().await;
});

both_ways!(with_limited_access_only_ones_own_readings_are_followed, |app| {
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    let boris = app.confirmed_customer("boris@example.com").await;
    crate::metering::attach_limited(&boris, "debt").await;
    let page = meter(&anna, &account).await;
    let mut socket = boris.socket().await;
    socket.subscribe("1", READINGS, json!({})).await;
    crate::subscriptions::opened(&mut socket, "1").await;
    submit(&anna, json!([page.reading(1)])).await;
    let own = submit(&boris, json!([page.reading(2)])).await["readings"][0]["id"].take();
    assert_eq!(socket.event().await["meterReadingUpdated"]["reading"]["id"], own);
    app.finish().await;
});

both_ways!(payments_are_followed_through_their_statuses, |app| {
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    let mut socket = caller.socket().await;
    follow(&mut socket, "1", PAYMENTS, json!({})).await;
    let payment = started(&anna, custom(&account, "100.00", "one")).await;
    app.bank(&payment.url, "pay").await;
    app.drain().await;
    let mut statuses = Vec::new();
    while statuses.last().is_none_or(|status| status != "SUCCEEDED") {
        let event = socket.event().await["paymentsUpdated"].take();
        assert_eq!((&event["payment"]["id"], &event["personalAccount"]["id"]), (&json!(payment.id), &json!(account)));
        assert_eq!(event["payment"]["amount"]["amount"], "100.00");
        statuses.push(event["status"].as_str().unwrap().to_owned());
    }
    assert!(statuses.len() > 1 && statuses[0] == "PENDING", "{statuses:?}");
    crate::payments::settle(&app).await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_program_follows_only_what_its_scopes_open, |app| {
    let program = Program::add(&app, "debt", "READINGS").await;
    let caller = program.caller().await;
    let mut socket = caller.socket().await;
    for (number, query) in [BALANCES, PAYMENTS].into_iter().enumerate() {
        socket.subscribe(&number.to_string(), query, json!({})).await;
        assert_eq!(refusal(&mut socket).await, "FORBIDDEN");
    }
    assert_eq!(top_code(&caller.post(SNAPSHOT, json!({})).await.1), "FORBIDDEN");
    follow(&mut socket, "3", READINGS, json!({})).await;
    // And ends with its client.
    app.app.services.api_clients.revoke(By::Operator, program.id()).await.unwrap();
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    app.finish().await;
});

/// Statements that a change costs with so many programs behind it.
async fn cost(app: &TestApp, caller: &Customer, account: &str, followers: usize) -> u64 {
    let mut sockets = Vec::new();
    for _ in 0..followers {
        let mut socket = caller.socket().await;
        follow(&mut socket, "1", BALANCES, json!({})).await;
        sockets.push(socket);
    }
    let (statements, ()) = app
        .statements(async {
            change(&app.app, account, 7).await;
            for socket in &mut sockets {
                assert_eq!(told(socket).await.amount, "0.07");
            }
        })
        .await;
    statements
}

both_ways!(a_change_is_read_once_however_many_programs_follow_it, |app| {
    // No looks of the clock's between.
    let app = app.restart_with(&[NEVER_LOOKING]).await;
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    let (_, accounts) = snapshot(&caller).await;
    let one = cost(&app, &caller, &accounts[0], 1).await;
    let many = cost(&app, &caller, &accounts[0], 15).await;
    println!("a change costs {one} statements with one follower and {many} with fifteen more");
    // Each connection looks once a second whether its token is good: a few of them may fall in between.
    assert!(many <= one + 20, "{one}, then {many}");
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_through_one_instance_is_told_by_the_other() {
    let app = Box::pin(TestApp::start_with(Way::Full, &[NEVER_LOOKING])).await;
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    let (_, accounts) = snapshot(&caller).await;
    let second = Second::beside(&app).await;
    let mut sockets = [caller.socket().await, second.visitor(&caller).socket().await];
    for socket in &mut sockets {
        follow(socket, "1", BALANCES, json!({})).await;
    }
    for (through, kopecks) in [(&app.app, 1), (&second.app, 2), (&app.app, 3), (&second.app, 4)] {
        change(through, &accounts[usize::try_from(kopecks).unwrap() % 2], kopecks).await;
        let begun = std::time::Instant::now();
        for socket in &mut sockets {
            assert_eq!(told(socket).await.amount, format!("0.0{kopecks}"));
        }
        println!("told after {:?}", begun.elapsed());
    }
    second.finish().await;
    app.finish().await;
}

both_ways!(whatever_commits_is_in_the_feed_once_and_what_rolls_back_is_not, |app| {
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    let (cursor, accounts) = snapshot(&caller).await;
    let (db, clock) = (&app.app.mechanisms.db, &app.clock);
    let (billing, changes) = (&app.app.services.billing, &app.app.services.changes);
    let id = ids::decode::<PersonalAccountId>(&accounts[0]).unwrap();
    // Changes from many transactions at once, half of which come to nothing.
    let work = (0..20).map(|number| async move {
        let change = kabinet::billing::ledger::Change {
            kind: entity::enums::LedgerEntryKind::Adjustment,
            amount: entity::exact::Money(number + 1),
            occurred_at: clock.now(),
            payment_id: None,
            in_transit: entity::exact::Money::ZERO,
        };
        let done = db.transaction(|tx| async move {
            billing.append_in(&tx, id, change).await?;
            if number % 2 == 0 { Ok(()) } else { Err(kabinet::kernel::Failure::Refused(())) }
        });
        let _ = done.await;
        changes.order().await.unwrap();
    });
    futures_util::future::join_all(work).await;
    let mut socket = caller.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": cursor })).await;
    let mut versions = Vec::new();
    for _ in 0..10 {
        versions.push(told(&mut socket).await.version);
    }
    assert!(versions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{versions:?}");
    app.finish().await;
});
