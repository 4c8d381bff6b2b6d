//! Who sees what: strangers, and two people on one account.

use serde_json::{Value, json};

use super::{detach, everything, prove};
use crate::harness::{both_ways, sample, user_errors};

both_ways!(a_strangers_account_reads_as_one_that_does_not_exist, |app| {
    let debtor = sample("debt");
    let owner = app.confirmed_customer("owner@example.com").await;
    let account = owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let whole = everything(&owner, &account).await;
    let viewer = owner.ask("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
    let stranger = app.confirmed_customer("stranger@example.com").await;
    let absent = "account_01h455vb4pex5vsknk084sn02q";

    for id in [
        &json!(account),
        &json!(absent),
        &viewer,
        &whole["meters"][0]["id"],
        &whole["meters"][0]["lastReading"]["id"],
        &whole["statements"]["edges"][0]["node"]["id"],
    ] {
        assert!(id.is_string(), "{whole}");
        let data = stranger.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [id] })).await;
        assert_eq!(data["nodes"], json!([null]), "{id}");
        let known = owner.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(known["node"].is_object(), id != absent, "{id}");
    }
    let not_found = vec![("ACCOUNT_NOT_FOUND".to_owned(), json!(["personalAccountId"]))];
    let proof = json!({ "pin": debtor.pin });
    let proved = prove(&stranger, &account, proof.clone()).await;
    assert_eq!(user_errors(&proved), not_found);
    assert_eq!(proved, prove(&stranger, absent, proof.clone()).await);
    assert_eq!(proved, prove(&stranger, "nonsense", proof).await);
    let detached = detach(&stranger, &account).await;
    assert_eq!(user_errors(&detached), not_found);
    assert_eq!(detached, detach(&stranger, absent).await);
    assert_eq!(detached, detach(&stranger, "nonsense").await);
    assert_eq!(everything(&owner, &account).await, whole);
    app.finish().await;
});

both_ways!(nobody_follows_the_balance_of_a_strangers_account, |app| {
    let debtor = sample("debt");
    let owner = app.confirmed_customer("owner@example.com").await;
    let account = owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let stranger = app.confirmed_customer("stranger@example.com").await;
    let query = "subscription($ids: [ID!]) { balanceUpdated(personalAccountIds: $ids) { cursor } }";
    let mut answers = Vec::new();
    for id in [account.as_str(), "account_01h455vb4pex5vsknk084sn02q", "nonsense"] {
        let mut socket = stranger.socket().await;
        socket.subscribe("1", query, json!({ "ids": [id] })).await;
        let mut answer = socket.next().await;
        // The id of the operation is all that may differ.
        for error in answer["payload"].as_array_mut().expect("it is refused") {
            assert!(error["extensions"].as_object_mut().unwrap().remove("requestId").is_some(), "{error}");
        }
        answers.push(answer);
    }
    let errors = |answer: &Value| {
        let payload = &answer["payload"];
        payload.get("errors").unwrap_or(payload)[0]["extensions"]["code"].clone()
    };
    assert_eq!(errors(&answers[0]), "BAD_INPUT", "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let mut socket = app.customer().socket().await;
    socket.subscribe("1", query, json!({ "ids": [account] })).await;
    assert_eq!(errors(&socket.next().await), "UNAUTHENTICATED");
    app.finish().await;
});

both_ways!(two_people_on_one_account_each_see_what_they_proved, |app| {
    let debtor = sample("debt");
    let owner = app.confirmed_customer("owner@example.com").await;
    let tenant = app.confirmed_customer("tenant@example.com").await;
    let account = owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    assert_eq!(tenant.attach(&debtor.provider_code, &debtor.number, None).await, account);
    assert_eq!(everything(&owner, &account).await["access"], "FULL");
    assert_eq!(everything(&tenant, &account).await["access"], "LIMITED");
    assert_eq!(everything(&tenant, &account).await["holderName"], Value::Null);
    assert_eq!(owner.balance(&account).await, tenant.balance(&account).await);

    // One's proof and one's leaving are one's own.
    prove(&tenant, &account, json!({ "pin": debtor.pin })).await;
    assert_eq!(everything(&tenant, &account).await, everything(&owner, &account).await);
    detach(&owner, &account).await;
    assert_eq!(everything(&owner, &account).await, Value::Null);
    assert_eq!(everything(&tenant, &account).await["access"], "FULL");
    app.finish().await;
});

both_ways!(the_list_has_ones_own_accounts_in_the_order_of_their_attachment_with_their_sum, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let other = app.confirmed_customer("boris@example.com").await;
    let mut ids = Vec::new();
    for note in ["overpaid", "debt", "no-meter"] {
        let account = sample(note);
        ids.push(customer.attach(&account.provider_code, &account.number, None).await);
        app.advance(chrono::TimeDelta::seconds(1));
    }
    let strange = sample("day-and-night");
    other.attach(&strange.provider_code, &strange.number, None).await;
    let query = "query($first: Int, $after: String) { viewer { balance { owed { amount } credit { amount } }
        personalAccounts(first: $first, after: $after) { edges { cursor node { id } } pageInfo { hasNextPage } } } }";
    let viewer = customer.ask(query, json!({ "first": 10 })).await["viewer"].take();
    let edges = viewer["personalAccounts"]["edges"].as_array().unwrap();
    let listed: Vec<_> = edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap()).collect();
    assert_eq!(listed, ids);
    let after = &edges[0]["cursor"];
    let rest = customer.ask(query, json!({ "first": 1, "after": after })).await["viewer"]["personalAccounts"].take();
    assert_eq!(rest["edges"][0]["node"]["id"], ids[1].as_str());
    assert_eq!(rest["pageInfo"]["hasNextPage"], true);

    let kopecks = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let expected: i64 = ["overpaid", "debt", "no-meter"].map(|note| kopecks(&sample(note).debt)).iter().sum();
    let balance = &viewer["balance"];
    let (owed, credit) = (&balance["owed"]["amount"], &balance["credit"]["amount"]);
    assert_eq!(kopecks(owed.as_str().unwrap()) - kopecks(credit.as_str().unwrap()), expected);
    app.finish().await;
});
