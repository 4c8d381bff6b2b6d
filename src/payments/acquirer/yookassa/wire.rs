//! What answers mean. From the documentation's "response handling": 200 is a result, whatever its status; 4xx did not happen;
//! 5xx, 202 and silence leave open whether it did. Members and words that we do not know are passed over.

use chrono::{DateTime, Utc};
use entity::enums::ReceiptStatus;
use entity::exact::Money;
use entity::ids::{PaymentId, RefundId};
use serde_json::Value;

use super::super::{
    CallError, RefundSeen, RefundStanding, Registered, RegisteredKind, SavedMethodSeen, Seen, Standing,
};
use super::transport::{Broken, Reply};

/// The object in the answer to a POST.
pub fn accepted(reply: Result<Reply, Broken>) -> Result<Value, CallError> {
    let reply = sent(reply)?;
    match reply.status {
        200 => serde_json::from_slice(&reply.body).map_err(|_| CallError::Lost("an answer that is no JSON".to_owned())),
        401 | 408 | 429 => Err(CallError::NotNow(told(&reply))),
        // What the shop may not do is refused for ever; a 403 of somebody in between is not.
        403 if code(&reply).as_deref() != Some("forbidden") => Err(CallError::NotNow(told(&reply))),
        400..=499 => Err(refused(&reply)),
        _ => Err(CallError::Lost(told(&reply))),
    }
}

/// The object in the answer to a GET; none when there is none. A read that fails has changed nothing.
pub fn found(reply: Result<Reply, Broken>) -> Result<Option<Value>, CallError> {
    let reply = match reply {
        Ok(reply) => reply,
        Err(Broken::NotSent(cause) | Broken::Unanswered(cause)) => return Err(CallError::NotNow(cause)),
    };
    match reply.status {
        200 => {
            let object = serde_json::from_slice(&reply.body);
            object.map(Some).map_err(|_| CallError::NotNow("an answer that is no JSON".to_owned()))
        }
        404 if code(&reply).as_deref() == Some("not_found") => Ok(None),
        _ => Err(CallError::NotNow(told(&reply))),
    }
}

fn sent(reply: Result<Reply, Broken>) -> Result<Reply, CallError> {
    reply.map_err(|broken| match broken {
        Broken::NotSent(cause) => CallError::NotNow(cause),
        Broken::Unanswered(cause) => CallError::Lost(cause),
    })
}

fn refused(reply: &Reply) -> CallError {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let about_key = body["parameter"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("Idempotence-Key"));
    match body["code"].as_str() {
        // The key is in use with another body: what became of that call is what we must find out.
        _ if about_key => CallError::KeyTaken,
        // Something between us and the acquirer has answered; not the acquirer.
        None => CallError::Lost(told(reply)),
        Some(code) => CallError::Refused { code: code.to_owned() },
    }
}

fn code(reply: &Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    body["code"].as_str().map(str::to_owned)
}

/// For the log: no more than the status and the code.
fn told(reply: &Reply) -> String {
    format!("status {} {}", reply.status, code(reply).unwrap_or_default())
}

fn sum(amount: &Value) -> Option<Money> {
    (amount["currency"] == "RUB").then(|| amount["value"].as_str()?.parse().ok())?
}

/// None: no payment at all. One of another shop or in another currency is shown as nobody's.
pub fn payment(object: &Value, shop: &str) -> Option<Seen> {
    let id = object["id"].as_str()?.to_owned();
    let amount = sum(&object["amount"]);
    let theirs = object["recipient"]["account_id"].as_str().is_some_and(|account| account != shop);
    let standing = match (object["status"].as_str()?, amount) {
        ("succeeded", Some(amount)) => Standing::Succeeded { amount },
        ("waiting_for_capture", Some(amount)) => Standing::WaitingForCapture { amount },
        ("canceled", _) => {
            let reason = object["cancellation_details"]["reason"].as_str().unwrap_or("general_decline");
            Standing::Canceled { reason: reason.to_owned() }
        }
        _ => Standing::Pending,
    };
    let known = object["metadata"]["payment_id"].as_str().and_then(|id| id.parse().ok()).map(PaymentId);
    Some(Seen {
        id,
        payment_id: known,
        ours: !theirs && amount.is_some(),
        confirmation_url: object["confirmation"]["confirmation_url"].as_str().map(str::to_owned),
        qr_payload: object["confirmation"]["confirmation_data"].as_str().map(str::to_owned),
        receipt: receipt(&object["receipt_registration"]),
        saved_method: saved_method(&object["payment_method"]),
        standing,
        refunded: sum(&object["refunded_amount"]).unwrap_or_default(),
    })
}

fn saved_method(method: &Value) -> Option<SavedMethodSeen> {
    let id = method["id"].as_str().filter(|_| method["saved"] == true)?.to_owned();
    let kind = method["type"].as_str()?.to_owned();
    let last = method["card"]["last4"].as_str().map(|last| format!("*{last}"));
    // Never more of a number than its end.
    let title = last.unwrap_or_else(|| kind.clone());
    Some(SavedMethodSeen { id, kind, title })
}

fn receipt(registration: &Value) -> Option<ReceiptStatus> {
    match registration.as_str()? {
        "succeeded" => Some(ReceiptStatus::Succeeded),
        "canceled" => Some(ReceiptStatus::Canceled),
        _ => Some(ReceiptStatus::Pending),
    }
}

pub fn refund(object: &Value) -> Option<RefundSeen> {
    let standing = match object["status"].as_str()? {
        "succeeded" => RefundStanding::Succeeded,
        "canceled" => {
            let reason = object["cancellation_details"]["reason"].as_str().unwrap_or("general_decline");
            RefundStanding::Canceled { reason: reason.to_owned() }
        }
        _ => RefundStanding::Pending,
    };
    Some(RefundSeen {
        id: object["id"].as_str()?.to_owned(),
        refund_id: object["metadata"]["refund_id"].as_str().and_then(|id| id.parse().ok()).map(RefundId),
        amount: sum(&object["amount"])?,
        standing,
    })
}

fn moment(text: &Value) -> Option<DateTime<Utc>> {
    text.as_str()?.parse().ok()
}

pub fn registered_payment(object: &Value) -> Option<Registered> {
    Some(Registered {
        kind: RegisteredKind::Payment,
        id: object["id"].as_str()?.to_owned(),
        payment: object["id"].as_str()?.to_owned(),
        amount: sum(&object["amount"])?,
        at: moment(&object["captured_at"])?,
    })
}

pub fn registered_refund(object: &Value) -> Option<Registered> {
    Some(Registered {
        kind: RegisteredKind::Refund,
        id: object["id"].as_str()?.to_owned(),
        payment: object["payment_id"].as_str()?.to_owned(),
        amount: sum(&object["amount"])?,
        at: moment(&object["created_at"])?,
    })
}

/// The payment that a notification is about: of a refund the refunded one.
pub fn subject(notification: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(notification).ok()?;
    let object = &body["object"];
    let refund = body["event"].as_str().is_some_and(|event| event.starts_with("refund."));
    let id = if refund { &object["payment_id"] } else { &object["id"] };
    id.as_str().map(str::to_owned)
}

/// Our own name of the payment that a notification is about.
pub fn ours(notification: &[u8]) -> Option<PaymentId> {
    let body: Value = serde_json::from_slice(notification).ok()?;
    body["object"]["metadata"]["payment_id"].as_str()?.parse().ok().map(PaymentId)
}
