//! What is asked of an acquirer for a payment.

use entity::enums::ReceiptMode;
use entity::payment;

use super::acquirer::{Order, Receipt, ReceiptItem, Utilities};
use super::terms::PaymentTerms;
use super::{Payments, store};
use crate::accounts::Provider;
use crate::kernel::{Fault, type_id};

impl Payments {
    pub(super) async fn order_of(&self, payment: &payment::Model) -> Result<Order, Fault> {
        let (number, provider) = self.accounts.number_and_provider(payment.personal_account_id).await?;
        let terms = self.terms_of(provider.id()).await?;
        let description: String = format!("{}, л/с {number}", provider.row.name).chars().take(128).collect();
        let receipt = match terms.receipt {
            ReceiptMode::None => None,
            ReceiptMode::WithPayment => self.receipt_of(payment, &terms, &description).await?,
        };
        let returned = || {
            let id = type_id::encode(payment.id);
            format!("{}/payments/returned?payment={id}", self.config.http.public_url)
        };
        let today = self.accounts.today_at(&provider);
        Ok(Order {
            payment_id: payment.id,
            idempotence_key: payment.id.0.to_string(),
            amount: payment.amount + payment.commission,
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

    /// What a payment that is made by itself is paid with.
    async fn method_of(&self, payment: &payment::Model) -> Result<Option<String>, Fault> {
        let Some(id) = payment.saved_method_id else { return Ok(None) };
        let method = super::autopay::find_method(self.db.read(), id).await?;
        // Taken back meanwhile: the acquirer refuses what it does not know.
        Ok(Some(method.map_or_else(|| "removed".to_owned(), |method| method.acquirer_method_id)))
    }

    /// 54-ФЗ: the service, and what was paid on top as a service of its own. To where the payer wants it, or to their address.
    async fn receipt_of(
        &self,
        payment: &payment::Model,
        terms: &PaymentTerms,
        description: &str,
    ) -> Result<Option<Receipt>, Fault> {
        let email = match &payment.receipt_email {
            Some(email) => Some(email.clone()),
            None => store::email_of(self.db.read(), payment.user_id).await?,
        };
        let Some(email) = email else { return Ok(None) };
        let item = |description: &str, amount| ReceiptItem {
            description: description.to_owned(),
            amount,
            vat_code: terms.vat_code,
        };
        let mut items = vec![item(description, payment.amount)];
        if !payment.commission.is_zero() {
            items.push(item("Комиссия", payment.commission));
        }
        Ok(Some(Receipt { email, tax_system: terms.tax_system, items }))
    }
}

/// None when the provider has not said all of it.
pub(super) fn utilities(provider: &Provider, today: chrono::NaiveDate, number: &str) -> Option<Utilities> {
    let terms = provider.terms_on(today);
    Some(Utilities {
        name: terms.payee_name.clone().unwrap_or_else(|| provider.row.name.clone()),
        inn: terms.inn.clone()?,
        kpp: terms.kpp.clone()?,
        bank_name: terms.bank_name.clone()?,
        bic: terms.bic.clone()?,
        account: terms.bank_account.clone()?,
        correspondent_account: terms.correspondent_account.clone()?,
        account_number: number.to_owned(),
    })
}
