//! Changes of balances: nothing lost, nothing twice.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::ids::PersonalAccountId;
use kabinet::graphql::ids;
use serde_json::json;

use super::{BALANCES, NEVER_LOOKING, append, change, deliver, follow, news, refusal};
use crate::harness::both_ways;
use crate::metering::{attach, attach_limited, owner};

both_ways!(a_change_of_a_balance_is_told_at_once, |app| {
    // Nothing is found by looking: a socket's patience ends long before.
    let app = app.restart_with(&[NEVER_LOOKING]).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut socket = customer.socket().await;
    follow(&mut socket, "1", json!({})).await;
    for kopecks in [1, 2, 3] {
        change(&app.app, &account, kopecks).await;
        let (about, amount, ..) = news(&mut socket).await;
        assert_eq!((about, amount), (account.clone(), format!("0.0{kopecks}")));
    }
    app.finish().await;
});

both_ways!(a_change_of_which_nobody_is_told_is_found, |app| {
    let app = app.restart_with(&[("KABINET__GRAPHQL__LOOK_SECONDS", "1")]).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut socket = customer.socket().await;
    follow(&mut socket, "1", json!({})).await;
    append(&app.app, &account, 5).await;
    assert_eq!(news(&mut socket).await.1, "0.05");
    deliver(&app.app).await;
    app.finish().await;
});

both_ways!(clocks_that_go_back_do_not_change_the_order, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut socket = customer.socket().await;
    follow(&mut socket, "1", json!({})).await;
    change(&app.app, &account, 1).await;
    let (_, _, first, cursor) = news(&mut socket).await;
    drop(socket);
    for kopecks in 2..=4 {
        app.advance(chrono::TimeDelta::seconds(-2));
        change(&app.app, &account, kopecks).await;
    }
    let mut socket = customer.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": cursor })).await;
    for further in 1..=3 {
        assert_eq!(news(&mut socket).await.2, first + further);
    }
    app.finish().await;
});

both_ways!(a_subscription_goes_on_behind_its_cursor_with_every_event_once_and_in_order, |app| {
    let (customer, first) = owner(&app, "anna@example.com", "debt").await;
    let second = attach(&customer, "overpaid").await;
    let mut socket = customer.socket().await;
    follow(&mut socket, "1", json!({})).await;
    change(&app.app, &first, 1).await;
    let (_, _, version, cursor) = news(&mut socket).await;
    drop(socket);

    for kopecks in 2..=30 {
        change(&app.app, if kopecks % 3 == 0 { &second } else { &first }, kopecks).await;
    }
    let mut socket = customer.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": cursor })).await;
    let (mut of_first, mut of_second, mut last) = (vec![version], Vec::new(), String::new());
    for _ in 2..=30 {
        let (about, _, version, cursor) = news(&mut socket).await;
        if about == first {
            of_first.push(version);
        } else {
            of_second.push(version);
        }
        last = cursor;
    }
    assert_eq!((of_first.len(), of_second.len()), (20, 10));
    for versions in [&of_first, &of_second] {
        assert!(versions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{versions:?}");
    }
    // Behind the last cursor there is nothing but what happens from then on.
    let mut socket = customer.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": last })).await;
    change(&app.app, &first, 31).await;
    assert_eq!(news(&mut socket).await.1, "0.31");
    app.finish().await;
});

both_ways!(an_account_that_is_attached_later_joins, |app| {
    let (customer, _) = owner(&app, "anna@example.com", "debt").await;
    let mut socket = customer.socket().await;
    follow(&mut socket, "1", json!({})).await;
    let later = attach(&customer, "overpaid").await;
    change(&app.app, &later, 7).await;
    let (about, amount, ..) = news(&mut socket).await;
    assert_eq!((about, amount.as_str()), (later, "0.07"));
    app.finish().await;
});

both_ways!(an_account_that_is_detached_leaves, |app| {
    let (customer, leaving) = owner(&app, "anna@example.com", "debt").await;
    let staying = attach(&customer, "overpaid").await;
    let mut socket = customer.socket().await;
    follow(&mut socket, "1", json!({})).await;
    change(&app.app, &leaving, 1).await;
    assert_eq!(news(&mut socket).await.0, leaving);
    let payload = customer.mutate("detachPersonalAccount", "detachedId", json!({ "personalAccountId": leaving })).await;
    assert_eq!(payload["detachedId"], leaving.as_str());
    change(&app.app, &leaving, 2).await;
    change(&app.app, &staying, 3).await;
    let (about, amount, ..) = news(&mut socket).await;
    assert_eq!((about, amount.as_str()), (staying, "0.03"));
    app.finish().await;
});

both_ways!(with_ids_only_those_accounts_are_followed, |app| {
    let (customer, wanted) = owner(&app, "anna@example.com", "debt").await;
    let other = attach(&customer, "overpaid").await;
    let mut socket = customer.socket().await;
    follow(&mut socket, "1", json!({ "ids": [wanted] })).await;
    change(&app.app, &other, 1).await;
    change(&app.app, &wanted, 2).await;
    let (about, amount, ..) = news(&mut socket).await;
    assert_eq!((about, amount.as_str()), (wanted, "0.02"));
    app.finish().await;
});

both_ways!(a_strangers_account_or_a_foreign_cursor_is_refused, |app| {
    let (_, theirs) = owner(&app, "anna@example.com", "debt").await;
    let (customer, own) = owner(&app, "boris@example.com", "overpaid").await;
    let mut socket = customer.socket().await;
    for (id, variables) in [
        json!({ "ids": [theirs] }),
        json!({ "ids": [own, theirs] }),
        json!({ "ids": ["account_01h455vb4pex5vsknk084sn02q"] }),
        json!({ "ids": ["nonsense"] }),
        json!({ "after": "nonsense" }),
        json!({ "after": "AAAA" }),
    ]
    .into_iter()
    .enumerate()
    {
        socket.subscribe(&id.to_string(), BALANCES, variables).await;
        assert_eq!(refusal(&mut socket).await, "BAD_INPUT");
    }
    app.finish().await;
});

both_ways!(an_anonymous_person_follows_nothing, |app| {
    let mut socket = app.customer().socket().await;
    socket.subscribe("1", BALANCES, json!({})).await;
    assert_eq!(refusal(&mut socket).await, "UNAUTHENTICATED");
    app.finish().await;
});

both_ways!(with_limited_access_a_cursor_made_up_does_not_open_the_history, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = attach_limited(&customer, "debt").await;
    let id = ids::decode::<PersonalAccountId>(&account).unwrap();
    let cursor = URL_SAFE_NO_PAD.encode([id.0.as_bytes().as_slice(), &0_i64.to_be_bytes()].concat());
    let mut socket = customer.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": cursor })).await;
    change(&app.app, &account, 5).await;
    let (_, amount, version, _) = news(&mut socket).await;
    assert_eq!(amount, "0.05", "version {version} is older than the attachment");
    app.finish().await;
});
