//! What shows that a payment was made here, as PDF. The fiscal receipt of the cash register (54-ФЗ) is another paper.

use entity::enums::{Locale, PaymentStatus};
use entity::ids::{PaymentId, TypedId};
use entity::payment;

use super::statement::lay_out_payee;
use super::words::{choose, language};
use super::{PDF, Paper, Papers};
use crate::accounts::Provider;
use crate::billing::payment_qr::Payee;
use crate::kernel::{Fault, Person};
use crate::platform::pdf::{About, Sheet, Style};

impl Papers {
    /// For whom it was who paid, also when the account is no longer attached.
    pub(super) async fn receipt(&self, person: &Person, id: PaymentId, locale: Locale) -> Result<Option<Paper>, Fault> {
        let payment = self.payments.find_payment(person, id).await?.filter(|_| person.confirmed);
        let Some(payment) = payment.filter(|payment| is_paid(payment.status)) else { return Ok(None) };
        let (number, provider) = self.accounts.number_and_provider(payment.personal_account_id).await?;
        let about = About {
            title: choose(locale, "Квитанция об оплате", "Payment receipt").to_owned(),
            author: provider.row.name.clone(),
            language: language(locale),
            made_at: self.clock.now(),
        };
        let name = format!("receipt-{}.pdf", payment.id.uuid().simple());
        let layout = move |sheet: &mut Sheet| lay_out(sheet, locale, &payment, &number, &provider);
        let bytes = self.press.make(about, layout).await?;
        Ok(Some(Paper { name, content_type: PDF, bytes }))
    }
}

pub const fn is_paid(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Succeeded | PaymentStatus::Refunded | PaymentStatus::PartiallyRefunded => true,
        PaymentStatus::Created
        | PaymentStatus::Unknown
        | PaymentStatus::Pending
        | PaymentStatus::WaitingForCapture
        | PaymentStatus::Canceled => false,
    }
}

fn lay_out(sheet: &mut Sheet, locale: Locale, payment: &payment::Model, number: &str, provider: &Provider) {
    let say = |ru, en| choose(locale, ru, en);
    let paid_at = payment.paid_at.unwrap_or(payment.created_at);
    let terms = provider.terms_on(provider.day_of(paid_at));
    let zone = chrono::TimeDelta::minutes(terms.time_zone_minutes.into());
    let local = (paid_at + zone).format(say("%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M"));
    let (hours, minutes) = (terms.time_zone_minutes / 60, (terms.time_zone_minutes % 60).abs());
    let number_name = say(&terms.account_number_name_ru, &terms.account_number_name_en);
    sheet.text(Style::TITLE, say("Квитанция об оплате", "Payment receipt"));
    sheet.text(Style::STRONG, &provider.row.name);
    sheet.text(Style::TEXT, &format!("{number_name}: {number}"));
    sheet.rule();
    sheet.text(Style::HEADING, &format!("{}: {} {}", say("Сумма", "Amount"), payment.amount, say("руб.", "RUB")));
    if !payment.commission.is_zero() {
        sheet.text(Style::TEXT, &format!("{}: {}", say("Комиссия", "Commission"), payment.commission));
    }
    sheet.text(Style::TEXT, &format!("{}: {local} (UTC{hours:+03}:{minutes:02})", say("Оплачено", "Paid")));
    sheet.text(Style::TEXT, &format!("{}: {}", say("Номер платежа", "Payment number"), payment.id.uuid().simple()));
    let state = match payment.status {
        PaymentStatus::Refunded => say("возвращён полностью", "refunded in full"),
        PaymentStatus::PartiallyRefunded => say("возвращён частично", "refunded in part"),
        _ => say("исполнен", "done"),
    };
    sheet.text(Style::TEXT, &format!("{}: {state}", say("Состояние", "State")));
    sheet.rule();
    if let Some(payee) = Payee::of(terms, &provider.row.name) {
        sheet.text(Style::HEADING, say("Получатель", "Payee"));
        lay_out_payee(sheet, locale, &payee);
    }
    sheet.space(8);
    sheet.text(Style::SMALL, say("Это не кассовый чек.", "This is no fiscal receipt of a cash register."));
}
