//! Register → confirm → sign in → attach → read → send a reading → pay → see the balance change.

use serde_json::json;

use crate::harness::{both_ways, sample};

both_ways!(a_person_goes_the_whole_way, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let debtor = sample("debt");
    let account = customer.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    assert_eq!(customer.balance(&account).await, debtor.debt);

    let mut socket = customer.socket().await;
    let subscription =
        "subscription { balanceUpdated { balance { owed { amount } version } cause { kind amount { amount } } } }";
    socket.subscribe("1", subscription, json!({})).await;
    // The socket answers in order: when a query has been answered, the subscription is open.
    socket.subscribe("2", "{ viewer { email } }", json!({})).await;
    assert_eq!(socket.event().await["viewer"]["email"], "anna@example.com");
    assert_eq!(socket.next().await["type"], "complete");

    let input = json!({ "personalAccountId": account, "amount": { "currentDebt": true }, "idempotencyKey": "one" });
    let payload =
        customer.mutate("startPayment", "payment { id status confirmationUrl amount { amount } }", input).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["payment"]["amount"]["amount"], debtor.debt.as_str());
    app.bank(payload["payment"]["confirmationUrl"].as_str().unwrap(), "pay").await;
    app.advance(chrono::TimeDelta::seconds(11));
    app.drain().await;

    let event = socket.event().await;
    assert_eq!(event["balanceUpdated"]["balance"]["owed"]["amount"], "0.00");
    assert_eq!(event["balanceUpdated"]["cause"]["kind"], "PAYMENT");
    assert_eq!(customer.balance(&account).await, "0.00");
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    app.finish().await;
});
