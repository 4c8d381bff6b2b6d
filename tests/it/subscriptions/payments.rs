//! A payment that is followed.

use serde_json::json;

use super::{opened, refusal};
use crate::harness::both_ways;
use crate::metering::{attach, owner};
use crate::payments::{current_debt, settle, started};

const PAYMENT: &str = "subscription($id: ID!) { paymentUpdated(paymentId: $id) { id status failure { reason } } }";

both_ways!(a_payment_is_followed_to_its_final_state, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    for (outcome, status) in [("refuse", "CANCELED"), ("pay", "SUCCEEDED")] {
        let payment = started(&customer, current_debt(&account, outcome)).await;
        let mut socket = customer.socket().await;
        socket.subscribe("1", PAYMENT, json!({ "id": payment.id })).await;
        assert_eq!(socket.event().await["paymentUpdated"]["status"], "PENDING");
        opened(&mut socket, "1").await;
        app.bank(&payment.url, outcome).await;
        app.drain().await;
        let last = socket.event().await["paymentUpdated"].take();
        assert_eq!((&last["id"], &last["status"]), (&json!(payment.id), &json!(status)));
        assert_eq!(socket.next().await, json!({ "type": "complete", "id": "1" }));

        // Whoever comes later is told the end at once.
        socket.subscribe("2", PAYMENT, json!({ "id": payment.id })).await;
        assert_eq!(socket.event().await["paymentUpdated"]["status"], status);
        assert_eq!(socket.next().await, json!({ "type": "complete", "id": "2" }));
    }
    assert_eq!(app.take_letters("anna@example.com").len(), 1);
    settle(&app).await;
    app.finish().await;
});

both_ways!(a_payment_is_followed_by_its_payer_only, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let payment = started(&customer, current_debt(&account, "one")).await;
    let neighbour = app.confirmed_customer("boris@example.com").await;
    attach(&neighbour, "debt").await;
    let mut socket = neighbour.socket().await;
    for (number, id) in [payment.id.as_str(), "nonsense"].into_iter().enumerate() {
        socket.subscribe(&number.to_string(), PAYMENT, json!({ "id": id })).await;
        assert_eq!(refusal(&mut socket).await, "BAD_INPUT");
    }
    let mut socket = app.customer().socket().await;
    socket.subscribe("1", PAYMENT, json!({ "id": payment.id })).await;
    assert_eq!(refusal(&mut socket).await, "UNAUTHENTICATED");
    app.finish().await;
});
