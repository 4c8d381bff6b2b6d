//! The bank's objects as its surface shows them.

use chrono::{DateTime, SecondsFormat, Utc};
use entity::enums::SandboxStatus;
use entity::exact::Money;
use entity::sandbox_payment::Model;
use entity::sandbox_refund;
use serde_json::{Value, json};

use super::event::NotifyFromSandbox;
use super::outcome::{News, RefundStanding};
use crate::kernel::{Entropy, Fault};
use crate::platform::secret::hex;

fn amount(amount: Money) -> Value {
    json!({ "value": format!("{}.{:02}", amount.0 / 100, amount.0 % 100), "currency": "RUB" })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn metadata(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

pub fn payment(payment: &Model, public_url: &str) -> Value {
    let mut object = json!({
        "id": payment.id,
        "status": payment.status.word(),
        "paid": matches!(payment.status, SandboxStatus::Succeeded | SandboxStatus::WaitingForCapture),
        "amount": amount(payment.amount),
        "refunded_amount": amount(payment.refunded),
        "refundable": payment.status == SandboxStatus::Succeeded && payment.refunded < payment.amount,
        "test": true,
        "created_at": time(payment.created_at),
        "description": payment.description,
        "metadata": metadata(&payment.metadata),
        "recipient": { "account_id": payment.shop, "gateway_id": "1" },
    });
    let Some(members) = object.as_object_mut() else { return object };
    let mut set = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    match payment.status {
        SandboxStatus::Pending => {
            let url = page_url(payment, public_url);
            let member = if payment.confirmation == "qr" { "confirmation_data" } else { "confirmation_url" };
            set("confirmation", json!({ "type": payment.confirmation, member: url }));
        }
        SandboxStatus::Canceled => {
            let reason = payment.failure.as_deref().unwrap_or("general_decline");
            set("cancellation_details", json!({ "party": "payment_network", "reason": reason }));
        }
        SandboxStatus::Succeeded => set("captured_at", json!(payment.decided_at.map(time))),
        SandboxStatus::WaitingForCapture => {
            set("expires_at", json!(payment.decided_at.map(|at| time(at + super::TIME_TO_CAPTURE))));
        }
    }
    if let Some(method) = &payment.method {
        let saved = payment.saves_method && payment.status == SandboxStatus::Succeeded;
        let card = json!({ "first6": "555555", "last4": "4477", "expiry_month": "12", "expiry_year": "2030" });
        set("payment_method", json!({ "type": method, "id": payment.id, "saved": saved, "card": card }));
    }
    if let Some(receipt) = payment.receipt_status {
        set("receipt_registration", json!(receipt.word().to_lowercase()));
    }
    object
}

/// Where a person pays; a telephone that reads the QR code of СБП comes there too.
pub fn page_url(payment: &Model, public_url: &str) -> String {
    format!("{public_url}/sandbox/payments/{}", payment.id)
}

pub fn refund(refund: &sandbox_refund::Model, standing: RefundStanding) -> Value {
    let mut object = json!({
        "id": refund.id,
        "payment_id": refund.payment_id,
        "status": standing.word(),
        "amount": amount(refund.amount),
        "created_at": time(refund.created_at),
        "metadata": metadata(&refund.metadata),
    });
    if let (Some(members), RefundStanding::Canceled) = (object.as_object_mut(), standing) {
        let why = json!({ "party": "yoo_money", "reason": "general_decline" });
        members.insert("cancellation_details".to_owned(), why);
    }
    object
}

pub fn new_refund(
    entropy: &Entropy,
    payment: &Model,
    amount: Money,
    metadata: &str,
    now: DateTime<Utc>,
) -> Result<sandbox_refund::Model, Fault> {
    Ok(sandbox_refund::Model {
        id: new_id(entropy)?,
        payment_id: payment.id.clone(),
        amount,
        metadata: metadata.to_owned(),
        created_at: now,
    })
}

pub fn new_id(entropy: &Entropy) -> Result<String, Fault> {
    Ok(hex(&entropy.bytes::<16>()?))
}

/// What a bad bank's notification has wrong.
pub fn distort(object: &mut Value, job: &NotifyFromSandbox) {
    let Some(members) = object.as_object_mut() else { return };
    let mut set = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    set("status", json!(job.event.word()));
    match job.news {
        News::True | News::Earlier => {}
        News::WrongSum => set("amount", json!({ "value": "1.00", "currency": "RUB" })),
        News::UnknownPayment => set("id", json!("00000000000000000000000000000000")),
        News::OtherShop => set("recipient", json!({ "account_id": "another", "gateway_id": "1" })),
        News::TooLarge => set("description", json!("x".repeat(300_000))),
    }
}
