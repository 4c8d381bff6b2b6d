//! The register of a day, which a bank's shop compares with its own books.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use entity::enums::SandboxStatus;
use entity::sandbox_payment::Model;
use entity::sandbox_refund;

const HEAD: &str = "kind,id,payment_id,at,amount\n";

/// Payments by when their money was taken, refunds by when they were made; the last line has number and sum of each.
pub fn of_day(day: NaiveDate, payments: &[Model], refunds: &[sandbox_refund::Model]) -> String {
    let mut text = HEAD.to_owned();
    let (mut taken, mut returned) = ((0, 0), (0, 0));
    for payment in payments {
        let Some(at) = payment.decided_at.filter(|at| at.date_naive() == day) else { continue };
        if payment.status == SandboxStatus::Succeeded {
            line(&mut text, ["payment", &payment.id, &payment.id, &time(at), &payment.amount.to_string()]);
            taken = (taken.0 + 1, taken.1 + payment.amount.0);
        }
    }
    for refund in refunds.iter().filter(|refund| refund.created_at.date_naive() == day) {
        let at = time(refund.created_at);
        line(&mut text, ["refund", &refund.id, &refund.payment_id, &at, &refund.amount.to_string()]);
        returned = (returned.0 + 1, returned.1 + refund.amount.0);
    }
    let sum = |kopecks| entity::exact::Money(kopecks).to_string();
    line(&mut text, ["total", &taken.0.to_string(), &sum(taken.1), &returned.0.to_string(), &sum(returned.1)]);
    text
}

fn line(text: &mut String, cells: [&str; 5]) {
    let _ = writeln!(text, "{}", cells.join(","));
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
