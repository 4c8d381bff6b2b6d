use entity::enums::PaymentMethod;
use serde_json::json;

use super::super::{Receipt, ReceiptItem, RefundStanding, Standing, Utilities};
use super::transport::{Broken, Reply};
use super::*;

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, body: body.to_string().into_bytes() }
}

fn error(code: &str) -> Value {
    json!({ "type": "error", "id": "1", "code": code })
}

#[test]
fn only_a_clear_refusal_did_not_happen() {
    let refused = CallError::Refused { code: "invalid_request".to_owned() };
    assert_eq!(accepted(Ok(reply(400, &error("invalid_request")))), Err(refused));
    for (status, code) in [(401, "invalid_credentials"), (403, ""), (429, "too_many_requests")] {
        assert!(matches!(accepted(Ok(reply(status, &error(code)))), Err(CallError::NotNow(_))), "{status}");
    }
    // A shop that may not charge without the payer, such as this one, never may.
    let forbidden = CallError::Refused { code: "forbidden".to_owned() };
    assert_eq!(accepted(Ok(reply(403, &error("forbidden")))), Err(forbidden));
    for (status, body) in [
        (202, json!({ "type": "processing" })),
        (500, error("internal_server_error")),
        (502, json!("")),
        (400, json!("<html>")),
    ] {
        assert!(matches!(accepted(Ok(reply(status, &body))), Err(CallError::Lost(_))), "{status} {body}");
    }
    assert!(matches!(accepted(Ok(Reply { status: 200, body: b"{".to_vec() })), Err(CallError::Lost(_))));
    assert!(matches!(accepted(Err(Broken::Unanswered(String::new()))), Err(CallError::Lost(_))));
    assert!(matches!(accepted(Err(Broken::NotSent(String::new()))), Err(CallError::NotNow(_))));
    let taken = json!({ "type": "error", "code": "invalid_request", "parameter": "Idempotence-Key" });
    assert_eq!(accepted(Ok(reply(400, &taken))), Err(CallError::KeyTaken), "the first call may have happened");
}

#[test]
fn a_read_that_fails_says_nothing_and_absence_must_be_said() {
    assert_eq!(found(Ok(reply(404, &error("not_found")))), Ok(None));
    for broken in
        [Ok(reply(404, &json!("a proxy's page"))), Ok(reply(500, &error("x"))), Err(Broken::Unanswered(String::new()))]
    {
        assert!(matches!(found(broken), Err(CallError::NotNow(_))));
    }
}

#[test]
fn a_payment_is_read_and_unknown_words_are_pending() {
    let ours = "01904f2e-0000-7000-8000-000000000001";
    let object = |status: &str| {
        json!({
            "id": "22e1", "status": status, "amount": { "value": "100.05", "currency": "RUB" }, "new_member": [1],
            "refunded_amount": { "value": "1.00", "currency": "RUB" }, "metadata": { "payment_id": ours },
            "recipient": { "account_id": "100500" }, "confirmation": { "confirmation_url": "https://bank/1" },
        })
    };
    let seen = payment(&object("succeeded"), "100500").unwrap();
    assert_eq!(seen.standing, Standing::Succeeded { amount: Money(10_005) });
    assert_eq!((seen.ours, seen.refunded), (true, Money(100)));
    assert_eq!(seen.payment_id.unwrap().0.to_string(), ours);
    assert_eq!(payment(&object("teleported"), "100500").unwrap().standing, Standing::Pending);
    assert!(!payment(&object("succeeded"), "another").unwrap().ours);
    let mut dollars = object("succeeded");
    dollars["amount"]["currency"] = json!("USD");
    let seen = payment(&dollars, "100500").unwrap();
    assert_eq!((seen.ours, seen.standing), (false, Standing::Pending));
    assert_eq!(payment(&json!({ "id": 5 }), "100500"), None);
    let canceled = json!({ "id": "r", "status": "canceled", "amount": { "value": "1.00", "currency": "RUB" } });
    let reason = RefundStanding::Canceled { reason: "general_decline".to_owned() };
    assert_eq!(refund(&canceled).unwrap().standing, reason);
}

#[test]
fn sums_have_two_decimals() {
    for (kopecks, text) in [(5, "0.05"), (100, "1.00"), (10_010, "100.10")] {
        assert_eq!(order::amount(Money(kopecks))["value"], text);
    }
}

#[test]
fn a_notification_names_its_payment_and_nothing_else_is_believed() {
    let payment = json!({ "event": "payment.succeeded", "object": { "id": "p" } });
    let refund = json!({ "event": "refund.succeeded", "object": { "id": "r", "payment_id": "p" } });
    for body in [payment, refund] {
        assert_eq!(wire::subject(body.to_string().as_bytes()).as_deref(), Some("p"));
    }
    assert_eq!(wire::subject(b"{}"), None);
    let ours = "01904f2e-0000-7000-8000-000000000001";
    let named = json!({ "event": "payment.succeeded", "object": { "id": "p", "metadata": { "payment_id": ours } } });
    assert_eq!(wire::ours(named.to_string().as_bytes()).unwrap().0.to_string(), ours);
    assert_eq!(wire::ours(b"{\"object\":{\"id\":\"p\"}}"), None);
}

#[test]
fn an_order_says_how_it_is_paid_whose_money_it_is_and_what_was_bought() {
    let receipt = Receipt {
        email: "anna@example.com".to_owned(),
        tax_system: Some(2),
        items: vec![ReceiptItem { description: "газ".to_owned(), amount: Money(10_000), vat_code: 11 }],
    };
    let utilities = Utilities {
        name: "Газ".to_owned(),
        inn: "3600000000".to_owned(),
        kpp: "360001001".to_owned(),
        bank_name: "Банк".to_owned(),
        bic: "042007001".to_owned(),
        account: "40702810000000000001".to_owned(),
        correspondent_account: "30101810000000000001".to_owned(),
        account_number: "3600000001".to_owned(),
    };
    let mut asked = Order {
        payment_id: PaymentId(uuid::Uuid::nil()),
        idempotence_key: "key".to_owned(),
        amount: Money(10_000),
        description: "газ".to_owned(),
        return_url: "https://example.com".to_owned(),
        method: PaymentMethod::Card,
        save_method: false,
        saved_method: None,
        two_stage: false,
        receipt: Some(receipt.clone()),
        utilities: Some(utilities),
    };
    let body = order::body(&asked);
    assert_eq!((&body["capture"], &body["payment_method_data"]["type"]), (&json!(true), &json!("bank_card")));
    assert_eq!(body["confirmation"]["type"], "redirect");
    let whose = &body["payment_order"];
    assert_eq!((&whose["type"], &whose["account_number"]), (&json!("utilities"), &json!("3600000001")));
    assert_eq!((&whose["amount"], &whose["recipient"]["inn"]), (&body["amount"], &json!("3600000000")));
    let item = &body["receipt"]["items"][0];
    assert_eq!((&item["payment_subject"], &item["payment_mode"]), (&json!("service"), &json!("full_payment")));
    assert_eq!((&item["vat_code"], &body["receipt"]["tax_system_code"]), (&json!(11), &json!(2)));
    asked.method = PaymentMethod::Sbp;
    assert_eq!(order::body(&asked)["payment_method_data"]["type"], "sbp");
    let refund = RefundOrder {
        refund_id: RefundId(uuid::Uuid::nil()),
        acquirer_payment_id: "p".to_owned(),
        idempotence_key: "key".to_owned(),
        amount: Money(5_000),
        reason: "ошибка".to_owned(),
        receipt: Some(receipt),
    };
    assert_eq!(order::refund_body(&refund)["receipt"]["customer"]["email"], "anna@example.com");
}
