//! `sendSupportRequest`, `addSupportMessage`, the answer, and who is written to.

use serde_json::{Value, json};

use crate::harness::{Customer, both_ways, sample, user_errors};
use crate::metering::{attach_limited, meter, owner};
use crate::payments::{custom, started};

async fn send(customer: &Customer, input: Value) -> Value {
    customer.mutate("sendSupportRequest", "supportRequest { id topic state }", input).await
}

async fn thread(customer: &Customer, id: &Value) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on SupportRequest { topic state personalAccount { id }
        messages { position bySupport text } } } }";
    customer.ask(query, json!({ "id": id })).await["node"].take()
}

fn code(payload: &Value) -> String {
    user_errors(payload).first().map(|(code, _)| code.clone()).unwrap_or_default()
}

both_ways!(a_question_is_stored_mailed_with_its_facts_answered_and_gone_on_with, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&customer, &account).await;
    let query =
        "query($id: ID!) { node(id: $id) { ... on PersonalAccount { statement { id period closing { amount } } } } }";
    let statement = customer.ask(query, json!({ "id": account })).await["node"]["statement"].take();
    let payment = started(&customer, custom(&account, "10.00", "one")).await;
    app.sql("UPDATE provider_terms SET support_email = 'help@provider.example'").await;
    let input = json!({ "topic": "BILL", "text": " Why twice as much? ", "personalAccountId": account, "meterId": page.id,
        "statementId": statement["id"], "paymentId": payment.id });
    let payload = send(&customer, input).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    let id = payload["supportRequest"]["id"].clone();
    assert_eq!(payload["supportRequest"]["state"], "OPEN");
    app.drain().await;
    let letters = app.take_letters("help@provider.example");
    assert_eq!(letters.len(), 1);
    let text = &letters[0].text;
    let closing = statement["closing"]["amount"].as_str().unwrap().replace('.', ",");
    let (_, kopecks) = closing.split_once(',').unwrap();
    for fact in [
        "Why twice as much?",
        "anna@example.com",
        &sample("debt").number,
        &page.serial,
        &payment.id,
        "2026-05",
        kopecks,
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    assert!(letters[0].subject.contains(id.as_str().unwrap()));

    let support = &app.app.services.support;
    let own = kabinet::graphql::ids::decode(id.as_str().unwrap()).unwrap();
    assert_eq!(support.list_open(10).await.unwrap().len(), 1);
    support.answer(own, "There was no reading in May.", false).await.unwrap();
    app.drain().await;
    let letters = app.take_letters("anna@example.com");
    assert!(letters.len() == 1 && letters[0].text.contains("There was no reading in May."), "{letters:?}");
    let input = json!({ "supportRequestId": id, "text": "But I sent one." });
    let payload = customer.mutate("addSupportMessage", "supportRequest { state }", input).await;
    assert_eq!((&payload["userErrors"], &payload["supportRequest"]["state"]), (&json!([]), &json!("OPEN")));
    app.drain().await;
    assert_eq!(app.take_letters("help@provider.example").len(), 1);
    let shown = thread(&customer, &id).await;
    assert_eq!(shown["personalAccount"]["id"], json!(account));
    let message = |position: i32, by_support: bool, text: &str| json!({ "position": position, "bySupport": by_support, "text": text });
    assert_eq!(
        shown["messages"],
        json!([
            message(1, false, "Why twice as much?"),
            message(2, true, "There was no reading in May."),
            message(3, false, "But I sent one."),
        ])
    );
    support.answer(own, "It came late.", true).await.unwrap();
    app.drain().await;
    assert!(app.take_letters("anna@example.com")[0].text.contains("closed"));
    assert_eq!(thread(&customer, &id).await["state"], "CLOSED");
    let query = "{ viewer { supportRequests(first: 5) { edges { node { id state } } } } }";
    let listed = customer.ask(query, json!({})).await["viewer"]["supportRequests"]["edges"].take();
    assert_eq!(listed, json!([{ "node": { "id": id, "state": "CLOSED" } }]));
    app.finish().await;
});

both_ways!(a_question_about_nothing_goes_to_the_cabinets_own_support, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    send(&customer, json!({ "topic": "ACCESS", "text": "How do I attach an account?" })).await;
    app.drain().await;
    let to = app.app.config.mail.support_address.clone();
    assert_eq!(app.take_letters(&to).len(), 1);
    app.finish().await;
});

both_ways!(a_question_is_about_ones_own_things_only_and_its_thread_is_ones_own, |app| {
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    let page = meter(&anna, &account).await;
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { statement { id } } } }";
    let statement = anna.ask(query, json!({ "id": account })).await["node"]["statement"]["id"].take();
    let payment = started(&anna, custom(&account, "10.00", "one")).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    let about = |field: &str, id: &Value| json!({ "topic": "OTHER", "text": "?", field: id });
    for (field, id, code_) in [
        ("personalAccountId", json!(account), "ACCOUNT_NOT_FOUND"),
        ("meterId", json!(page.id), "METER_NOT_FOUND"),
        ("statementId", statement.clone(), "STATEMENT_NOT_FOUND"),
        ("paymentId", json!(payment.id), "PAYMENT_NOT_FOUND"),
        ("meterId", json!("nonsense"), "METER_NOT_FOUND"),
    ] {
        let refused = send(&boris, about(field, &id)).await;
        assert_eq!(user_errors(&refused), [(code_.to_owned(), json!([field]))]);
    }
    // LIMITED access: the meter, and no statement.
    attach_limited(&boris, "debt").await;
    assert_eq!(code(&send(&boris, about("statementId", &statement)).await), "STATEMENT_NOT_FOUND");
    assert_eq!(code(&send(&boris, about("meterId", &json!(page.id))).await), "");
    let asked = send(&anna, json!({ "topic": "OTHER", "text": "Mine" })).await["supportRequest"]["id"].take();
    assert_eq!(thread(&boris, &asked).await, Value::Null);
    let input = json!({ "supportRequestId": asked, "text": "Not mine" });
    let refused = boris.mutate("addSupportMessage", "supportRequest { id }", input).await;
    assert_eq!(code(&refused), "SUPPORT_REQUEST_NOT_FOUND");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_question_says_something_and_not_too_often, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let longest = "д".repeat(5000);
    for (text, fine) in
        [("", false), (" \n ", false), ("a\u{0}b", false), (&*format!("{longest}д"), false), (&*longest, true)]
    {
        let payload = send(&customer, json!({ "topic": "OTHER", "text": text })).await;
        assert_eq!(payload["userErrors"] == json!([]), fine, "{payload}");
    }
    for _ in 1..20 {
        assert_eq!(code(&send(&customer, json!({ "topic": "OTHER", "text": "?" })).await), "");
    }
    assert_eq!(code(&send(&customer, json!({ "topic": "OTHER", "text": "?" })).await), "TOO_MANY_TRIES");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_question_asked_again_with_its_key_is_asked_once, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let ask = async |text: &str, key: &str| {
        let input = json!({ "topic": "OTHER", "text": text, "idempotencyKey": key });
        customer.mutate("sendSupportRequest", "supportRequest { id } replayed", input).await
    };
    let first = ask("Hello?", "one").await;
    let again = ask("Hello?", "one").await;
    assert_eq!((&again["supportRequest"], &again["replayed"]), (&first["supportRequest"], &json!(true)));
    assert_eq!(
        (first["replayed"].as_bool(), code(&ask("Other", "one").await)),
        (Some(false), "IDEMPOTENCY_KEY_REUSED".to_owned())
    );
    assert_eq!(code(&ask("Hello?", "").await), "IDEMPOTENCY_KEY_MALFORMED");
    let add = async |text: &str| {
        let input = json!({ "supportRequestId": first["supportRequest"]["id"], "text": text, "idempotencyKey": "two" });
        customer.mutate("addSupportMessage", "supportRequest { id } replayed", input).await
    };
    assert_eq!(
        (add("More").await["replayed"].take(), add("More").await["replayed"].take()),
        (json!(false), json!(true))
    );
    assert_eq!(code(&add("Other").await), "IDEMPOTENCY_KEY_REUSED");
    let messages = thread(&customer, &first["supportRequest"]["id"]).await["messages"].take();
    assert_eq!(messages.as_array().unwrap().len(), 2);
    app.drain().await;
    assert_eq!(app.take_letters(&app.app.config.mail.support_address.clone()).len(), 2);
    app.finish().await;
});

both_ways!(a_thread_has_an_end, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let id = send(&customer, json!({ "topic": "OTHER", "text": "Hello?" })).await["supportRequest"]["id"].take();
    let own = kabinet::graphql::ids::decode(id.as_str().unwrap()).unwrap();
    for _ in 1..49 {
        app.app.services.support.answer(own, "Hello.", false).await.unwrap();
    }
    let add = async || {
        customer
            .mutate("addSupportMessage", "supportRequest { id }", json!({ "supportRequestId": id, "text": "?" }))
            .await
    };
    assert_eq!(code(&add().await), "", "the fiftieth");
    assert_eq!(code(&add().await), "SUPPORT_THREAD_FULL");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(an_operator_lists_shows_and_answers, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let id = send(&customer, json!({ "topic": "OTHER", "text": "Hello?" })).await["supportRequest"]["id"].take();
    let id = id.as_str().unwrap();
    let listed = app.operator(&["support", "list"]).await;
    assert!(String::from_utf8_lossy(&listed.stdout).contains(id), "{listed:?}");
    let shown = app.operator(&["support", "show", id]).await;
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Hello?"));
    let answered = app.operator(&["support", "answer", id, "--text", "Yes.", "--close"]).await;
    assert!(answered.status.success(), "{answered:?}");
    let refused = app.operator(&["support", "answer", id, "--text", " "]).await;
    assert!(!refused.status.success());
    // The operator's clock is the real one: the letter is due later than now.
    app.drain().await;
    app.discard_letters();
    let shown = thread(&customer, &json!(id)).await;
    assert_eq!((&shown["state"], &shown["messages"][1]["text"]), (&json!("CLOSED"), &json!("Yes.")));
    app.finish().await;
});
