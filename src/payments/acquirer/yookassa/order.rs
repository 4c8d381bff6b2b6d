//! What is sent to create a payment or a refund.

use entity::enums::PaymentMethod;
use entity::exact::Money;
use serde_json::{Value, json};

use super::super::{Order, Receipt, RefundOrder, Utilities};

/// Letters of `description`, at most.
const DESCRIPTION: usize = 128;
/// Letters of `payment_order.payment_purpose`, at most.
const PURPOSE: usize = 210;
/// Letters of the bank's name, at most.
const BANK_NAME: usize = 45;

/// A text with two decimals, always.
pub fn amount(amount: Money) -> Value {
    let (sign, units) = (if amount.is_negative() { "-" } else { "" }, amount.0.unsigned_abs());
    json!({ "value": format!("{sign}{}.{:02}", units / 100, units % 100), "currency": "RUB" })
}

pub fn body(order: &Order) -> Value {
    let mut body = json!({
        "amount": amount(order.amount),
        "capture": !order.two_stage,
        "description": first(&order.description, DESCRIPTION),
        "metadata": { "payment_id": order.payment_id.0.to_string() },
    });
    if let Some(object) = body.as_object_mut() {
        let method = match order.method {
            PaymentMethod::Any => None,
            PaymentMethod::Card => Some("bank_card"),
            PaymentMethod::Sbp | PaymentMethod::SbpQr => Some("sbp"),
        };
        match &order.saved_method {
            // Nobody is there who could confirm it.
            Some(saved) => object.insert("payment_method_id".to_owned(), json!(saved)),
            None => object.insert("confirmation".to_owned(), confirmation(order)),
        };
        if order.save_method {
            object.insert("save_payment_method".to_owned(), json!(true));
        }
        if let Some(method) = method.filter(|_| order.saved_method.is_none()) {
            object.insert("payment_method_data".to_owned(), json!({ "type": method }));
        }
        if let Some(utilities) = &order.utilities {
            object.insert("payment_order".to_owned(), payment_order(order, utilities));
        }
        if let Some(asked) = &order.receipt {
            object.insert("receipt".to_owned(), receipt(asked));
        }
    }
    body
}

/// A QR code of СБП is shown by us; everything else is chosen and confirmed on the acquirer's page.
fn confirmation(order: &Order) -> Value {
    let kind = if order.method == PaymentMethod::SbpQr { "qr" } else { "redirect" };
    json!({ "type": kind, "return_url": order.return_url, "locale": "ru_RU" })
}

/// What a shop of utilities must send with every payment; it goes on to ГИС ЖКХ.
fn payment_order(order: &Order, utilities: &Utilities) -> Value {
    let Utilities { name, inn, kpp, bank_name, bic, account, correspondent_account, account_number } = utilities;
    json!({
        "type": "utilities",
        "amount": amount(order.amount),
        "payment_purpose": first(&order.description, PURPOSE),
        "account_number": account_number,
        "recipient": {
            "name": name,
            "inn": inn,
            "kpp": kpp,
            "bank": {
                "name": first(bank_name, BANK_NAME),
                "bic": bic,
                "account": account,
                "correspondent_account": correspondent_account,
            },
        },
    })
}

/// 54-ФЗ: services, in full settlement.
fn receipt(receipt: &Receipt) -> Value {
    let items = receipt.items.iter().map(|item| {
        json!({
            "description": first(&item.description, DESCRIPTION),
            "quantity": "1.00",
            "amount": amount(item.amount),
            "vat_code": item.vat_code,
            "payment_subject": "service",
            "payment_mode": "full_payment",
        })
    });
    let mut body = json!({ "customer": { "email": receipt.email }, "items": items.collect::<Vec<_>>() });
    if let (Some(members), Some(system)) = (body.as_object_mut(), receipt.tax_system) {
        members.insert("tax_system_code".to_owned(), json!(system));
    }
    body
}

pub fn refund_body(order: &RefundOrder) -> Value {
    let mut body = json!({
        "payment_id": order.acquirer_payment_id,
        "amount": amount(order.amount),
        "description": first(&order.reason, 250),
        "metadata": { "refund_id": order.refund_id.0.to_string() },
    });
    if let (Some(members), Some(asked)) = (body.as_object_mut(), &order.receipt) {
        members.insert("receipt".to_owned(), receipt(asked));
    }
    body
}

fn first(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}
