//! What the bank refuses in an order, as YooKassa's documentation has it; the parameter that is wrong.

use entity::exact::Money;
use serde_json::Value;

type Checked<T> = Result<T, &'static str>;

pub fn amount(value: &Value) -> Checked<Money> {
    let text =
        value["value"].as_str().filter(|text| text.rsplit_once('.').is_some_and(|(_, kopecks)| kopecks.len() == 2));
    let amount: Option<Money> = text.and_then(|text| text.parse().ok()).filter(|amount| *amount > Money::ZERO);
    match amount {
        Some(amount) if value["currency"] == "RUB" => Ok(amount),
        Some(_) => Err("amount.currency"),
        None => Err("amount.value"),
    }
}

/// The sum of an order that is in order.
pub fn order(body: &Value) -> Checked<Money> {
    let sum = amount(&body["amount"])?;
    let kind = body["confirmation"]["type"].as_str();
    let saved = body["payment_method_id"].is_string();
    need(saved || matches!(kind, Some("redirect" | "qr")), "confirmation.type")?;
    // СБП alone is paid by a QR code, and it knows no two stages.
    let sbp = body["payment_method_data"]["type"] == "sbp";
    need(kind != Some("qr") || sbp, "payment_method_data.type")?;
    need(!sbp || body["capture"] == true, "capture")?;
    need(kind != Some("redirect") || is_text(&body["confirmation"]["return_url"], 2048), "confirmation.return_url")?;
    need(body["description"].is_null() || is_text(&body["description"], 128), "description")?;
    metadata(&body["metadata"])?;
    if !body["payment_order"].is_null() {
        payment_order(&body["payment_order"], sum)?;
    }
    if !body["receipt"].is_null() {
        receipt(&body["receipt"], sum)?;
    }
    Ok(sum)
}

fn metadata(metadata: &Value) -> Checked<()> {
    let Some(members) = metadata.as_object() else { return need(metadata.is_null(), "metadata") };
    let fits = |(name, value): (&String, &Value)| name.chars().count() <= 32 && is_text(value, 512);
    need(members.len() <= 16 && members.iter().all(fits), "metadata")
}

fn payment_order(order: &Value, sum: Money) -> Checked<()> {
    need(order["type"] == "utilities", "payment_order.type")?;
    need(amount(&order["amount"]) == Ok(sum), "payment_order.amount")?;
    need(is_text(&order["payment_purpose"], 210), "payment_order.payment_purpose")?;
    let recipient = &order["recipient"];
    need(!recipient["name"].as_str().unwrap_or_default().is_empty(), "payment_order.recipient.name")?;
    need(is_digits(&recipient["inn"], 10), "payment_order.recipient.inn")?;
    need(is_digits(&recipient["kpp"], 9), "payment_order.recipient.kpp")?;
    let bank = &recipient["bank"];
    need(is_text(&bank["name"], 45), "payment_order.recipient.bank.name")?;
    need(is_digits(&bank["bic"], 9), "payment_order.recipient.bank.bic")?;
    need(is_digits(&bank["account"], 20), "payment_order.recipient.bank.account")?;
    need(is_digits(&bank["correspondent_account"], 20), "payment_order.recipient.bank.correspondent_account")?;
    let named = is_text(&order["account_number"], 30)
        || is_text(&order["payment_document_number"], 30)
        || is_text(&order["payment_document_id"], 18)
        || is_text(&order["unified_account_number"], 10)
        || is_text(&order["service_id"], 13);
    need(named, "payment_order.account_number")
}

pub fn receipt(receipt: &Value, sum: Money) -> Checked<()> {
    let customer = &receipt["customer"];
    need(customer["email"].is_string() || customer["phone"].is_string(), "receipt.customer")?;
    let items = receipt["items"].as_array().filter(|items| (1..=100).contains(&items.len()));
    let items = items.ok_or("receipt.items")?;
    let mut total = Money::ZERO;
    for item in items {
        need(is_text(&item["description"], 128), "receipt.items.description")?;
        need(item["vat_code"].as_i64().is_some_and(|code| (1..=12).contains(&code)), "receipt.items.vat_code")?;
        total += amount(&item["amount"]).map_err(|_| "receipt.items.amount")?;
    }
    need(total == sum, "receipt.items.amount")
}

fn need(holds: bool, parameter: &'static str) -> Checked<()> {
    if holds { Ok(()) } else { Err(parameter) }
}

/// 1 to `most` letters.
fn is_text(value: &Value, most: usize) -> bool {
    value.as_str().is_some_and(|text| (1..=most).contains(&text.chars().count()))
}

fn is_digits(value: &Value, length: usize) -> bool {
    value.as_str().is_some_and(|text| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
}
