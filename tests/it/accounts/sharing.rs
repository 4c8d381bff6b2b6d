//! `sharePersonalAccount`, `takeAccountShare`, `endAccountShare`: who sees what by another's leave, and until when.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{detach, everything, prove};
use crate::harness::{Customer, TestApp, both_ways, sample, user_errors};
use crate::metering::{attach, attach_limited, meter, owner, submit};
use crate::payments::{custom, settle, start, started};

const BORIS: &str = "boris@example.com";

async fn share(customer: &Customer, account: &str, email: &str, access: &str, ends_at: Value) -> Value {
    let input = json!({ "personalAccountId": account, "email": email, "access": access, "endsAt": ends_at });
    customer.mutate("sharePersonalAccount", "share { id email access endsAt takenAt }", input).await
}

async fn offers(customer: &Customer) -> Value {
    let query = "{ viewer { accountShareOffers { id sharedBy number access endsAt provider { code } } } }";
    customer.ask(query, json!({})).await["viewer"]["accountShareOffers"].take()
}

async fn take(customer: &Customer, id: &Value) -> Value {
    let fields = "personalAccount { id access holderName sharedAccess { access endsAt sharedBy } }";
    customer.mutate("takeAccountShare", fields, json!({ "id": id })).await
}

async fn end(customer: &Customer, id: &Value) -> Value {
    customer.mutate("endAccountShare", "endedId", json!({ "id": id })).await
}

fn code(payload: &Value) -> String {
    user_errors(payload).first().map(|(code, _)| code.clone()).unwrap_or_default()
}

/// Anna, who owes, shares with Boris, who has taken it.
async fn shared(app: &TestApp, access: &str, ends_at: Value) -> (Customer, Customer, String, Value) {
    let (anna, account) = owner(app, "anna@example.com", "debt").await;
    let boris = app.confirmed_customer(BORIS).await;
    let payload = share(&anna, &account, BORIS, access, ends_at).await;
    let id = payload["share"]["id"].clone();
    assert!(id.is_string(), "{payload}");
    let taken = take(&boris, &id).await;
    assert_eq!(taken["personalAccount"]["id"], json!(account), "{taken}");
    app.drain().await;
    app.discard_letters();
    (anna, boris, account, id)
}

both_ways!(an_account_is_offered_by_letter_and_seen_when_it_is_taken, |app| {
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    let boris = app.confirmed_customer(BORIS).await;
    let payload = share(&anna, &account, " Boris@Example.com ", "VIEW", Value::Null).await;
    let id = payload["share"]["id"].clone();
    assert_eq!((&payload["share"]["email"], &payload["share"]["takenAt"]), (&json!(BORIS), &Value::Null));
    app.drain().await;
    let letters = app.take_letters(BORIS);
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("anna@example.com") && letters[0].text.contains(&sample("debt").number));
    // Nothing is there before it is taken.
    assert_eq!(everything(&boris, &account).await, Value::Null);
    let offered = offers(&boris).await;
    assert_eq!((&offered[0]["id"], &offered[0]["sharedBy"]), (&id, &json!("anna@example.com")));
    assert_eq!(offered[0]["number"], json!(sample("debt").number));
    let taken = take(&boris, &id).await;
    assert_eq!((&taken["personalAccount"]["access"], &taken["userErrors"]), (&json!("FULL"), &json!([])));
    assert_eq!(
        taken["personalAccount"]["sharedAccess"],
        json!({ "access": "VIEW", "endsAt": null, "sharedBy": "anna@example.com" })
    );
    assert_eq!(everything(&boris, &account).await, everything(&anna, &account).await);
    assert_eq!(offers(&boris).await, json!([]));
    // The holder is told, and sees with whom.
    app.drain().await;
    let told = app.take_letters("anna@example.com");
    assert!(told.len() == 1 && told[0].text.contains("by leave of another holder"), "{told:?}");
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { shares { id email takenAt } } } }";
    let shares = anna.ask(query, json!({ "id": account })).await["node"]["shares"].take();
    assert_eq!((&shares[0]["id"], shares[0]["takenAt"].is_string()), (&id, true));
    let seen = boris.ask(query, json!({ "id": account })).await["node"]["shares"].take();
    assert_eq!(seen, json!([]), "only who gave a share sees it");
    assert_eq!(code(&take(&boris, &id).await), "SHARE_NOT_FOUND", "taken once");
    app.finish().await;
});

both_ways!(who_may_look_neither_pays_nor_sends_readings_and_who_may_pay_does, |app| {
    let (anna, boris, account, id) = shared(&app, "VIEW", Value::Null).await;
    let page = meter(&boris, &account).await;
    let refused = submit(&boris, json!([page.reading(1)])).await;
    assert_eq!(user_errors(&refused), [("NOT_SHARED".to_owned(), json!(["readings", "0", "meterId"]))]);
    let refused = start(&boris, custom(&account, "10.00", "one")).await;
    assert_eq!(user_errors(&refused), [("NOT_SHARED".to_owned(), json!(["personalAccountId"]))]);
    // Nor does he hand it on, or take the holder's share away from others.
    let refused = share(&boris, &account, "vera@example.com", "VIEW", Value::Null).await;
    assert_eq!(code(&refused), "NOT_SHARED");

    end(&anna, &id).await;
    let again = share(&anna, &account, BORIS, "VIEW_AND_PAY", Value::Null).await["share"]["id"].take();
    take(&boris, &again).await;
    let sent = submit(&boris, json!([page.reading(1)])).await;
    assert_eq!(user_errors(&sent), []);
    let reading = sent["readings"][0]["id"].clone();
    let payload = start(&boris, custom(&account, "10.00", "two")).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    // With less leave than before he does not undo what he did.
    end(&anna, &again).await;
    let less = share(&anna, &account, BORIS, "VIEW", Value::Null).await["share"]["id"].take();
    take(&boris, &less).await;
    let refused = boris.mutate("withdrawMeterReading", "reading { id }", json!({ "id": reading })).await;
    assert_eq!(code(&refused), "NOT_SHARED");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_share_ends_when_it_is_taken_back_and_by_itself, |app| {
    let (anna, boris, account, id) = shared(&app, "VIEW_AND_PAY", Value::Null).await;
    let vera = app.confirmed_customer("vera@example.com").await;
    assert_eq!(code(&end(&vera, &id).await), "SHARE_NOT_FOUND", "none of a stranger's business");
    assert_eq!(end(&anna, &id).await["endedId"], id);
    assert_eq!(everything(&boris, &account).await, Value::Null);
    assert_eq!(code(&end(&anna, &id).await), "SHARE_NOT_FOUND");

    let ends_at = app.clock.now() + TimeDelta::minutes(20);
    let payload = share(&anna, &account, BORIS, "VIEW", json!(ends_at.to_rfc3339())).await;
    take(&boris, &payload["share"]["id"]).await;
    app.advance(TimeDelta::minutes(19));
    assert_eq!(everything(&boris, &account).await["access"], "FULL");
    // Also while no job has run.
    app.advance(TimeDelta::minutes(1));
    assert_eq!(everything(&boris, &account).await, Value::Null);
    app.drain().await;
    app.discard_letters();
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { shares { id } } } }";
    let shares = anna.ask(query, json!({ "id": account })).await["node"]["shares"].take();
    assert_eq!(shares, json!([]));
    app.finish().await;
});

both_ways!(what_was_shared_goes_with_the_holders_own_access, |app| {
    let (anna, boris, account, _) = shared(&app, "VIEW", Value::Null).await;
    detach(&anna, &account).await;
    assert_eq!(everything(&boris, &account).await, Value::Null);
    app.finish().await;
});

both_ways!(who_proves_the_access_needs_nobodys_leave, |app| {
    let (anna, boris, account, id) = shared(&app, "VIEW", Value::Null).await;
    // What the share shows him proves nothing, not even when it is right.
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { statement { accrued { amount } }
        meters { lastReading { values { value } } } } } }";
    let seen = boris.ask(query, json!({ "id": account })).await["node"].take();
    let total = json!({ "lastChargeTotal": seen["statement"]["accrued"]["amount"] });
    let reading = json!({ "meterReading": seen["meters"][0]["lastReading"]["values"][0]["value"] });
    for proof in [total, reading] {
        assert!(!proof.as_object().unwrap().values().any(Value::is_null), "{proof}");
        assert_eq!(code(&prove(&boris, &account, proof).await), "PROOF_NOT_OFFERED");
    }
    let payload = prove(&boris, &account, json!({ "pin": sample("debt").pin })).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    app.drain().await;
    assert_eq!(app.take_letters("anna@example.com").len(), 1, "the holder is told");
    assert_eq!(code(&end(&anna, &id).await), "SHARE_NOT_FOUND");
    assert_eq!(everything(&boris, &account).await["access"], "FULL");
    let payload = start(&boris, custom(&account, "10.00", "one")).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(who_takes_a_share_while_the_holder_leaves_keeps_nothing, |app| {
    let boris = app.confirmed_customer(BORIS).await;
    for round in 0..20 {
        let (anna, account) = owner(&app, &format!("anna{round}@example.com"), "debt").await;
        let id = share(&anna, &account, BORIS, "VIEW", Value::Null).await["share"]["id"].take();
        tokio::join!(take(&boris, &id), detach(&anna, &account));
        assert_eq!(everything(&boris, &account).await, Value::Null, "round {round}");
        assert_eq!(offers(&boris).await, json!([]));
    }
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(so_many_shares_an_hour_and_no_more, |app| {
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    for _ in 0..20 {
        let id = share(&anna, &account, BORIS, "VIEW", Value::Null).await["share"]["id"].take();
        assert_eq!(end(&anna, &id).await["endedId"], id);
    }
    assert_eq!(code(&share(&anna, &account, BORIS, "VIEW", Value::Null).await), "TOO_MANY_TRIES");
    for _ in 0..3 {
        app.advance(TimeDelta::minutes(20));
        assert_eq!(offers(&anna).await, json!([]), "who is seen stays signed in");
    }
    assert_eq!(code(&share(&anna, &account, BORIS, "VIEW", Value::Null).await), "");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(every_refusal_of_a_share, |app| {
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    let payload = share(&anna, &account, "anna@example.com", "VIEW", Value::Null).await;
    assert_eq!(user_errors(&payload), [("EMAIL_UNCHANGED".to_owned(), json!(["email"]))]);
    let payload = share(&anna, &account, "nobody", "VIEW", Value::Null).await;
    assert_eq!(code(&payload), "EMAIL_MALFORMED");
    let past = json!((app.clock.now() - TimeDelta::seconds(1)).to_rfc3339());
    assert_eq!(code(&share(&anna, &account, BORIS, "VIEW", past).await), "DATE_PASSED");
    // The same answer for an address that has a cabinet and one that has none; nobody gets a letter who has none.
    let boris = app.confirmed_customer(BORIS).await;
    let known = share(&anna, &account, BORIS, "VIEW", Value::Null).await;
    let unknown = share(&anna, &account, "nobody@example.com", "VIEW", Value::Null).await;
    for payload in [&known, &unknown] {
        assert_eq!((&payload["userErrors"], payload["share"]["id"].is_string()), (&json!([]), true));
    }
    app.drain().await;
    assert_eq!((app.take_letters(BORIS).len(), app.take_letters("nobody@example.com").len()), (1, 0));
    assert_eq!(code(&share(&anna, &account, BORIS, "VIEW", Value::Null).await), "ALREADY_SHARED");
    for number in 0..8 {
        share(&anna, &account, &format!("friend{number}@example.com"), "VIEW", Value::Null).await;
    }
    assert_eq!(code(&share(&anna, &account, "one-more@example.com", "VIEW", Value::Null).await), "TOO_MANY");
    // By number alone nobody shares.
    let vera = app.confirmed_customer("vera@example.com").await;
    assert_eq!(code(&share(&vera, &account, BORIS, "VIEW", Value::Null).await), "ACCOUNT_NOT_FOUND");
    attach_limited(&vera, "debt").await;
    assert_eq!(code(&share(&vera, &account, BORIS, "VIEW", Value::Null).await), "NOT_SHARED");
    // Who has it already takes nothing; another's offer is not there.
    let id = known["share"]["id"].clone();
    assert_eq!(code(&take(&vera, &id).await), "SHARE_NOT_FOUND");
    attach(&boris, "debt").await;
    assert_eq!(code(&take(&boris, &id).await), "ALREADY_ATTACHED");
    assert_eq!(end(&boris, &id).await["endedId"], id, "an offer is declined");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(debts_and_credits_of_all_accounts_are_summed_apart, |app| {
    let anna = app.confirmed_customer("anna@example.com").await;
    for note in ["debt", "overpaid"] {
        attach(&anna, note).await;
    }
    let query = "{ viewer { accountTotals { accounts indebted owed { amount } credit { amount } } } }";
    let totals = anna.ask(query, json!({})).await["viewer"]["accountTotals"].take();
    let credit = sample("overpaid").debt.trim_start_matches('-').to_owned();
    let expected = json!({ "accounts": 2, "indebted": 1, "owed": { "amount": sample("debt").debt }, "credit": { "amount": credit } });
    assert_eq!(totals, expected);
    app.finish().await;
});

both_ways!(what_is_shared_for_looking_is_not_paid_along_or_by_itself, |app| {
    let (_, boris, account, _) = shared(&app, "VIEW", Value::Null).await;
    let own = attach(&boris, "overpaid").await;
    let mut input = custom(&own, "1.00", "save");
    input["saveMethod"] = json!(true);
    let begun = started(&boris, input).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    settle(&app).await;
    let methods = boris.ask("{ viewer { savedMethods { id } } }", json!({})).await;
    let wish = json!({ "personalAccountId": account, "savedMethodId": methods["viewer"]["savedMethods"][0]["id"],
        "actsOn": "NEW_STATEMENT", "ceiling": "100.00", "consent": true, "idempotencyKey": "one" });
    assert_eq!(code(&boris.mutate("setAutopay", "autopay { id }", wish).await), "NOT_SHARED");
    let mut along = custom(&own, "1.00", "along");
    along["otherAccounts"] = json!([{ "personalAccountId": account, "amount": { "custom": "1.00" } }]);
    assert_eq!(code(&start(&boris, along).await), "NOT_SHARED");
    app.discard_letters();
    app.finish().await;
});
