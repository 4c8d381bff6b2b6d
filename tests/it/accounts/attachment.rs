//! `attachPersonalAccount`, `proveAccountAccess`, `detachPersonalAccount`: what they take and every refusal.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{SEEN, detach, everything, prove, try_to_attach};
use crate::harness::{Customer, both_ways, sample, top_code, user_errors};

fn one(code: &str, field: &str) -> Vec<(String, Value)> {
    vec![(code.to_owned(), json!([field]))]
}

both_ways!(a_number_alone_gives_limited_access_that_shows_neither_name_nor_history, |app| {
    let debtor = sample("debt");
    let owner = app.confirmed_customer("owner@example.com").await;
    let full = owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let whole = everything(&owner, &full).await;

    let customer = app.confirmed_customer("anna@example.com").await;
    let payload = try_to_attach(&customer, &debtor.provider_code, &debtor.number, Value::Null).await;
    assert_eq!(payload["userErrors"], json!([]));
    let account = &payload["personalAccount"];
    assert_eq!((&account["access"], &account["holderName"]), (&json!("LIMITED"), &Value::Null));
    let (masked, address) = (account["address"].as_str().unwrap(), whole["address"].as_str().unwrap());
    assert!(masked.contains('…') && masked != address, "{masked}");
    assert_eq!(masked.split(", ").next(), address.split(", ").next());

    let id = account["id"].as_str().unwrap();
    let seen = everything(&customer, id).await;
    assert_eq!(seen["statement"], Value::Null);
    for list in ["statements", "ledger", "serviceChanges"] {
        assert_eq!(seen[list]["edges"], json!([]), "{list}");
        assert_ne!(whole[list]["edges"], json!([]), "{list}");
    }
    for meter in seen["meters"].as_array().unwrap() {
        assert_eq!(meter["readings"]["edges"], json!([]), "{meter}");
    }
    // What may be paid is shown; ids learnt elsewhere open nothing more.
    assert_eq!(customer.balance(id).await, debtor.debt);
    let ids =
        [&whole["statements"]["edges"][0]["node"]["id"], &whole["meters"][0]["readings"]["edges"][0]["node"]["id"]];
    for id in ids {
        assert!(id.is_string(), "{whole}");
        let data = customer.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(data["node"], Value::Null, "{id}");
    }
    app.finish().await;
});

both_ways!(each_kind_of_proof_gives_full_access, |app| {
    let debtor = sample("debt");
    let owner = app.confirmed_customer("owner@example.com").await;
    let full = owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let whole = everything(&owner, &full).await;
    assert!(whole["holderName"].is_string());
    let values = [&whole["statement"]["accrued"]["amount"], &whole["meters"][0]["lastReading"]["values"][0]["value"]];
    assert!(values.iter().all(|value| value.is_string()), "{whole}");
    let customer = app.confirmed_customer("anna@example.com").await;
    for proof in [
        json!({ "pin": format!(" {} ", debtor.pin) }),
        json!({ "lastChargeTotal": values[0] }),
        json!({ "meterReading": values[1] }),
    ] {
        let payload = try_to_attach(&customer, &debtor.provider_code, &debtor.number, proof.clone()).await;
        assert_eq!(payload["userErrors"], json!([]), "{proof}");
        assert_eq!(payload["personalAccount"]["access"], "FULL");
        assert_eq!(payload["personalAccount"]["holderName"], whole["holderName"]);
        assert_eq!(payload["personalAccount"]["address"], whole["address"]);
        let id = payload["personalAccount"]["id"].as_str().unwrap();
        assert_eq!(everything(&customer, id).await, whole);
        detach(&customer, id).await;
    }
    app.finish().await;
});

both_ways!(a_wrong_proof_of_any_kind_attaches_nothing, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    for proof in [
        json!({ "pin": "" }),
        json!({ "pin": format!("{}0", debtor.pin) }),
        json!({ "lastChargeTotal": "0.01" }),
        json!({ "meterReading": "99999.999" }),
    ] {
        let payload = try_to_attach(&customer, &debtor.provider_code, &debtor.number, proof.clone()).await;
        assert_eq!(user_errors(&payload), one("PROOF_REJECTED", "proof"), "{proof}");
        assert_eq!(payload["personalAccount"], Value::Null);
    }
    let payload =
        try_to_attach(&customer, &debtor.provider_code, &debtor.number, json!({ "lastChargeTotal": "1.001" })).await;
    assert_eq!(user_errors(&payload), one("NUMBER_MALFORMED", "proof"));
    let data = customer.ask("{ viewer { personalAccounts(first: 1) { edges { cursor } } } }", json!({})).await;
    assert_eq!(data["viewer"]["personalAccounts"]["edges"], json!([]));
    app.finish().await;
});

both_ways!(an_account_without_a_pin_is_not_opened_by_an_empty_one, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    app.sql(&format!("UPDATE personal_accounts SET pin = NULL WHERE number = '{}'", debtor.number)).await;
    for pin in ["", &debtor.pin] {
        let payload = try_to_attach(&customer, &debtor.provider_code, &debtor.number, json!({ "pin": pin })).await;
        assert_eq!(user_errors(&payload), one("PROOF_REJECTED", "proof"));
    }
    app.finish().await;
});

both_ways!(a_reading_that_was_sent_with_limited_access_proves_nothing, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = customer.attach(&debtor.provider_code, &debtor.number, None).await;
    let owner = app.confirmed_customer("boris@example.com").await;
    owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let meter = everything(&owner, &account).await["meters"][0].take();
    let last = meter["lastReading"]["values"][0]["value"].as_str().unwrap();
    let cubic_metres: u64 = last.split('.').next().unwrap().parse().unwrap();
    let value = (cubic_metres + 3).to_string();
    let reading = json!({ "meterId": meter["id"], "values": [{ "value": value }], "confirmWarnings": true });
    let input = json!({ "readings": [reading] });
    let sent = customer.mutate("submitMeterReadings", "readings { id }", input).await;
    assert_eq!(sent["userErrors"], json!([]), "{sent}");
    let payload = prove(&customer, &account, json!({ "meterReading": value })).await;
    assert_eq!(user_errors(&payload), one("PROOF_REJECTED", "proof"));
    app.finish().await;
});

both_ways!(who_has_full_access_is_told_of_another_attachment, |app| {
    let debtor = sample("debt");
    let owner = app.confirmed_customer("owner@example.com").await;
    owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let limited = app.confirmed_customer("limited@example.com").await;
    limited.attach(&debtor.provider_code, &debtor.number, None).await;
    app.drain().await;
    let letters = app.take_letters("owner@example.com");
    let [letter] = letters.iter().filter(|letter| letter.subject.contains(&debtor.number)).collect::<Vec<_>>()[..]
    else {
        panic!("one letter, and not of one's own attachment: {letters:?}");
    };
    assert!(letter.text.contains("by the number") || letter.text.contains("по номеру"), "{}", letter.text);
    let full = app.confirmed_customer("full@example.com").await;
    full.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    app.drain().await;
    let told = |to: &str| app.take_letters(to).iter().filter(|letter| letter.subject.contains(&debtor.number)).count();
    assert_eq!((told("owner@example.com"), told("limited@example.com"), told("full@example.com")), (1, 0, 0));
    app.finish().await;
});

both_ways!(what_limited_access_does_not_show_is_named_with_what_would_show_it, |app| {
    let debtor = sample("debt");
    let mut customer = app.confirmed_customer("anna@example.com").await;
    let account = customer.attach(&debtor.provider_code, &debtor.number, None).await;
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { withheld { field reason unlockedBy } } } }";
    let withheld = customer.ask(query, json!({ "id": account })).await["node"]["withheld"].take();
    let fields: Vec<_> = withheld.as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert!(
        ["holderName", "statements", "meters.lastReading"].iter().all(|field| fields.contains(field)),
        "{fields:?}"
    );
    assert_eq!(withheld[0]["unlockedBy"], json!(["PIN", "LAST_CHARGE_TOTAL", "METER_READING"]));
    assert!(withheld[0]["reason"].as_str().unwrap().starts_with("Personal data"));
    customer.language = "ru";
    let russian = customer.ask(query, json!({ "id": account })).await["node"]["withheld"].take();
    assert!(russian[0]["reason"].as_str().unwrap().starts_with("Личные данные"));
    prove(&customer, &account, json!({ "pin": debtor.pin })).await;
    assert_eq!(customer.ask(query, json!({ "id": account })).await["node"]["withheld"], json!([]));
    app.finish().await;
});

both_ways!(a_kind_of_proof_that_the_provider_does_not_take_is_refused, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    app.sql(&format!(
        "UPDATE provider_terms SET access_proofs = 'LAST_CHARGE_TOTAL' WHERE provider_id = \
         (SELECT id FROM providers WHERE code = '{}')",
        debtor.provider_code
    ))
    .await;
    let data = customer.ask("{ providers(first: 100) { edges { node { code accessProofs } } } }", json!({})).await;
    let edges = data["providers"]["edges"].as_array().unwrap();
    let offered = edges.iter().find(|edge| edge["node"]["code"] == debtor.provider_code.as_str()).unwrap();
    assert_eq!(offered["node"]["accessProofs"], json!(["LAST_CHARGE_TOTAL"]));
    let payload = try_to_attach(&customer, &debtor.provider_code, &debtor.number, json!({ "pin": debtor.pin })).await;
    assert_eq!(user_errors(&payload), one("PROOF_NOT_OFFERED", "proof"));
    app.finish().await;
});

both_ways!(a_number_that_does_not_fit_the_pattern_is_refused_with_the_hint, |app| {
    let mut customer = app.confirmed_customer("anna@example.com").await;
    let tail = "The account number is printed at the top of the receipt: 10 digits, no spaces.";
    for number in ["", "123", "12345678901", "36000000a2", "3600000042\u{2009}x", &"1".repeat(1000)] {
        let payload = try_to_attach(&customer, "voronezh", number, Value::Null).await;
        assert_eq!(user_errors(&payload), one("ACCOUNT_NUMBER_MALFORMED", "number"), "{number}");
        assert!(payload["userErrors"][0]["message"].as_str().unwrap().ends_with(tail), "{payload}");
    }
    customer.language = "ru";
    let payload = try_to_attach(&customer, "voronezh", "123", Value::Null).await;
    assert!(payload["userErrors"][0]["message"].as_str().unwrap().ends_with("10 цифр без пробелов."), "{payload}");
    app.finish().await;
});

both_ways!(an_account_that_is_not_there_and_one_that_is_not_to_be_attached_read_the_same, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let last = if debtor.number.ends_with('9') { '8' } else { '9' };
    let mut absent = debtor.number.clone();
    absent.pop();
    absent.push(last);
    app.sql(&format!("DELETE FROM personal_accounts WHERE number = '{absent}'")).await;
    let missing = try_to_attach(&customer, &debtor.provider_code, &absent, json!({ "pin": debtor.pin })).await;
    app.sql(&format!("UPDATE personal_accounts SET attachable = FALSE WHERE number = '{}'", debtor.number)).await;
    let closed = try_to_attach(&customer, &debtor.provider_code, &debtor.number, json!({ "pin": debtor.pin })).await;
    assert_eq!(user_errors(&missing), one("ACCOUNT_NOT_FOUND", "number"));
    assert_eq!(missing, closed);
    app.finish().await;
});

both_ways!(spaces_in_a_number_do_not_count, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let (head, tail) = debtor.number.split_at(3);
    let typed = format!(" {head} \u{a0}{tail}\t");
    let payload = try_to_attach(&customer, &debtor.provider_code, &typed, Value::Null).await;
    assert_eq!(payload["personalAccount"]["number"], debtor.number.as_str(), "{payload}");
    app.finish().await;
});

both_ways!(a_provider_that_does_not_exist_is_refused, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = customer.attach(&debtor.provider_code, &debtor.number, None).await;
    for id in ["", "nonsense", "provider_01h455vb4pex5vsknk084sn02q", account.as_str()] {
        let input = json!({ "providerId": id, "number": debtor.number });
        let payload = customer.mutate("attachPersonalAccount", SEEN, input).await;
        assert_eq!(user_errors(&payload), one("PROVIDER_NOT_FOUND", "providerId"), "{id}");
    }
    app.finish().await;
});

both_ways!(an_account_is_attached_once, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let number = &debtor.number;
    let tries = (0..10).map(|_| try_to_attach(&customer, &debtor.provider_code, number, Value::Null));
    let payloads = join_all(tries).await;
    assert_eq!(payloads.iter().filter(|payload| payload["personalAccount"].is_object()).count(), 1);
    let refused = payloads.iter().filter(|payload| payload["personalAccount"].is_null());
    assert!(refused.clone().all(|payload| user_errors(payload) == one("ALREADY_ATTACHED", "number")));
    let again = try_to_attach(&customer, &debtor.provider_code, number, json!({ "pin": debtor.pin })).await;
    assert_eq!(user_errors(&again), one("ALREADY_ATTACHED", "number"));
    app.finish().await;
});

both_ways!(a_nickname_has_sixty_characters_at_most, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let provider_id = customer.provider_id(&debtor.provider_code).await;
    let input = |nickname: &str| json!({ "providerId": provider_id, "number": debtor.number, "nickname": nickname });
    let payload = customer.mutate("attachPersonalAccount", SEEN, input(&"д".repeat(61))).await;
    assert_eq!(user_errors(&payload), one("NICKNAME_TOO_LONG", "nickname"));
    for (given, kept) in [(format!("  {} ", "д".repeat(60)), json!("д".repeat(60))), ("  ".to_owned(), Value::Null)] {
        let payload = customer.mutate("attachPersonalAccount", SEEN, input(&given)).await;
        assert_eq!(payload["personalAccount"]["nickname"], kept, "{payload}");
        detach(&customer, payload["personalAccount"]["id"].as_str().unwrap()).await;
    }
    app.finish().await;
});

both_ways!(a_nickname_is_changed_and_taken_away_and_is_ones_own, |app| {
    let debtor = sample("debt");
    let anna = app.confirmed_customer("anna@example.com").await;
    let account = anna.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    boris.attach(&debtor.provider_code, &debtor.number, None).await;
    let rename = async |customer: &Customer, nickname: Value| {
        let input = json!({ "personalAccountId": account, "nickname": nickname });
        customer.mutate("renamePersonalAccount", SEEN, input).await
    };
    let seen = async |customer: &Customer| {
        let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { nickname } } }";
        customer.ask(query, json!({ "id": account })).await["node"]["nickname"].take()
    };
    for (given, kept) in [(json!(" Дача "), json!("Дача")), (json!("Дом"), json!("Дом"))] {
        assert_eq!(rename(&anna, given).await["personalAccount"]["nickname"], kept);
        assert_eq!(seen(&anna).await, kept);
    }
    let refused = rename(&anna, json!("д".repeat(61))).await;
    assert_eq!(user_errors(&refused), one("NICKNAME_TOO_LONG", "nickname"));
    assert_eq!(seen(&boris).await, Value::Null, "another's name for it");
    for nothing in [json!("  "), Value::Null] {
        rename(&anna, json!("Дача")).await;
        assert_eq!(rename(&anna, nothing).await["personalAccount"]["nickname"], Value::Null);
    }
    let stranger = app.confirmed_customer("vera@example.com").await;
    assert_eq!(user_errors(&rename(&stranger, json!("x")).await), one("ACCOUNT_NOT_FOUND", "personalAccountId"));
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_proof_raises_limited_access_to_full_and_a_wrong_one_does_not, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = customer.attach(&debtor.provider_code, &debtor.number, None).await;
    let payload = prove(&customer, &account, json!({ "pin": "000000" })).await;
    assert_eq!(user_errors(&payload), one("PROOF_REJECTED", "proof"));
    assert_eq!(everything(&customer, &account).await["access"], "LIMITED");
    let payload = prove(&customer, &account, json!({ "lastChargeTotal": "1.001" })).await;
    assert_eq!(user_errors(&payload), one("NUMBER_MALFORMED", "proof"));
    let payload = prove(&customer, &account, json!({ "pin": debtor.pin })).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["personalAccount"]["access"], "FULL");
    assert!(payload["personalAccount"]["holderName"].is_string());
    assert_eq!(everything(&customer, &account).await["access"], "FULL");
    app.finish().await;
});

both_ways!(a_detached_account_is_gone_and_can_be_attached_again, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = customer.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    assert_eq!(detach(&customer, &account).await, json!({ "detachedId": account, "userErrors": [] }));
    assert_eq!(everything(&customer, &account).await, Value::Null);
    let payload = detach(&customer, &account).await;
    assert_eq!(user_errors(&payload), one("ACCOUNT_NOT_FOUND", "personalAccountId"));
    // The proof does not outlive the attachment.
    assert_eq!(customer.attach(&debtor.provider_code, &debtor.number, None).await, account);
    assert_eq!(everything(&customer, &account).await["access"], "LIMITED");
    app.finish().await;
});

both_ways!(nobody_attaches_proves_or_detaches_without_signing_in, |app| {
    let debtor = sample("debt");
    let customer = app.confirmed_customer("anna@example.com").await;
    let account = customer.attach(&debtor.provider_code, &debtor.number, None).await;
    let provider = customer.provider_id(&debtor.provider_code).await;
    let calls = [
        format!(
            r#"attachPersonalAccount(input: {{ providerId: "{provider}", number: "{}" }}) {{ userErrors {{ code }} }}"#,
            debtor.number
        ),
        format!(
            r#"proveAccountAccess(input: {{ personalAccountId: "{account}", proof: {{ pin: "1" }} }}) {{ userErrors {{ code }} }}"#
        ),
        r#"proveAccountAccess(input: { personalAccountId: "x", proof: { lastChargeTotal: "1.001" } }) { userErrors { code } }"#
            .to_owned(),
        format!(r#"detachPersonalAccount(input: {{ personalAccountId: "{account}" }}) {{ userErrors {{ code }} }}"#),
    ];
    for call in calls {
        let (_, answer) = app.customer().post(&format!("mutation {{ {call} }}"), json!({})).await;
        assert_eq!(top_code(&answer), "UNAUTHENTICATED", "{call}");
    }
    let query = "query($id: ID!) { node(id: $id) { id } viewer { id } }";
    let data = app.customer().ask(query, json!({ "id": account })).await;
    assert_eq!(data, json!({ "node": null, "viewer": null }));
    app.finish().await;
});
