//! What is asked of an acquirer for a payment.

use entity::enums::ReceiptMode;
use entity::exact::Money;
use entity::{payment, refund};

use super::acquirer::{Order, Receipt, ReceiptItem, Utilities};
use super::terms::PaymentTerms;
use super::{Payments, store};
use crate::accounts::Provider;
use crate::kernel::{Fault, type_id};

/// Letters of an account's number, as acquirers take it with a payment for utilities.
const LONGEST_NUMBER: usize = 30;
/// Digits. A sole trader has twelve, and cannot be the recipient of a payment for utilities.
const INN_OF_A_COMPANY: usize = 10;

impl Payments {
    pub(super) async fn order_of(&self, payment: &payment::Model) -> Result<Order, Fault> {
        let (number, provider) = self.accounts.number_and_provider(payment.personal_account_id).await?;
        let terms = self.terms_of(provider.id()).await?;
        let lines = self.lines_of(payment, &number).await?;
        let numbers: Vec<&str> = lines.iter().map(|(number, _)| number.as_str()).collect();
        let description = described(&provider, &numbers.join(", "));
        let receipt = match terms.receipt {
            ReceiptMode::None => None,
            ReceiptMode::WithPayment => self.receipt_of(payment, &terms, &provider, &lines).await?,
        };
        let returned = || {
            let id = type_id::encode(payment.id);
            format!("{}/payments/returned?payment={id}", self.config.http.public_url)
        };
        let today = self.accounts.today_at(&provider);
        Ok(Order {
            payment_id: payment.id,
            idempotence_key: payment.id.0.to_string(),
            amount: lines.iter().map(|(_, amount)| *amount).sum::<Money>() + payment.commission,
            description,
            return_url: payment.return_url.clone().unwrap_or_else(returned),
            method: payment.method,
            save_method: payment.saves_method,
            saved_method: self.method_of(payment).await?,
            two_stage: false,
            receipt,
            utilities: if terms.utilities { utilities(&provider, today, &number) } else { None },
        })
    }

    /// 54-ФЗ: of a part of what had a receipt, one of its own; of the whole the acquirer makes it from the payment's.
    pub(super) async fn receipt_of_refund(
        &self,
        refund: &refund::Model,
        first: &payment::Model,
    ) -> Result<Option<Receipt>, Fault> {
        let payment = if first.id == refund.payment_id { first.clone() } else { self.find(refund.payment_id).await? };
        let whole = first.together_id.is_none() && refund.amount == first.amount + first.commission;
        if whole || first.receipt_status.is_none() {
            return Ok(None);
        }
        let (number, provider) = self.accounts.number_and_provider(payment.personal_account_id).await?;
        let terms = self.terms_of(provider.id()).await?;
        let part = payment::Model { commission: Money::ZERO, ..payment };
        self.receipt_of(&part, &terms, &provider, &[(number, refund.amount)]).await
    }

    /// Numbers of the accounts that are paid at once with what goes to each; the payment's own first.
    async fn lines_of(&self, payment: &payment::Model, number: &str) -> Result<Vec<(String, Money)>, Fault> {
        let mut lines = vec![(number.to_owned(), payment.amount)];
        if payment.together_id.is_none() {
            return Ok(lines);
        }
        let all = self.all_of(payment).await?;
        let accounts: Vec<_> = all.iter().map(|payment| payment.personal_account_id).collect();
        let numbers = self.accounts.numbers_of(&accounts).await?;
        for other in all.iter().skip(1) {
            let number = numbers.get(&other.personal_account_id).cloned();
            lines.push((number.ok_or_else(|| Fault::internal("an account vanished"))?, other.amount));
        }
        Ok(lines)
    }

    /// What a payment that is made by itself is paid with.
    async fn method_of(&self, payment: &payment::Model) -> Result<Option<String>, Fault> {
        let Some(id) = payment.saved_method_id else { return Ok(None) };
        let method = super::autopay::find_method(self.db.read(), id).await?;
        // Taken back meanwhile: the acquirer refuses what it does not know.
        Ok(Some(method.map_or_else(|| "removed".to_owned(), |method| method.acquirer_method_id)))
    }

    /// 54-ФЗ: the service for each account, and what was paid on top as a service of its own. To where the payer wants it, or to their address.
    async fn receipt_of(
        &self,
        payment: &payment::Model,
        terms: &PaymentTerms,
        provider: &Provider,
        lines: &[(String, Money)],
    ) -> Result<Option<Receipt>, Fault> {
        let email = match &payment.receipt_email {
            Some(email) => Some(email.clone()),
            None => store::email_of(self.db.read(), payment.user_id).await?,
        };
        let Some(email) = email else { return Ok(None) };
        let item = |description, amount| ReceiptItem { description, amount, vat_code: terms.vat_code };
        let mut items: Vec<_> =
            lines.iter().map(|(number, amount)| item(described(provider, number), *amount)).collect();
        if !payment.commission.is_zero() {
            items.push(item("Комиссия".to_owned(), payment.commission));
        }
        Ok(Some(Receipt { email, tax_system: terms.tax_system, items }))
    }
}

/// As long as an acquirer takes it.
fn described(provider: &Provider, numbers: &str) -> String {
    format!("{}, л/с {numbers}", provider.row.name).chars().take(128).collect()
}

/// None when the provider has not said all of it.
pub(super) fn utilities(provider: &Provider, today: chrono::NaiveDate, number: &str) -> Option<Utilities> {
    let terms = provider.terms_on(today);
    if number.chars().count() > LONGEST_NUMBER {
        return None;
    }
    Some(Utilities {
        name: terms.payee_name.clone().unwrap_or_else(|| provider.row.name.clone()),
        inn: terms.inn.clone().filter(|inn| inn.len() == INN_OF_A_COMPANY)?,
        kpp: terms.kpp.clone()?,
        bank_name: terms.bank_name.clone()?,
        bic: terms.bic.clone()?,
        account: terms.bank_account.clone()?,
        correspondent_account: terms.correspondent_account.clone()?,
        account_number: number.to_owned(),
    })
}
