//! By which terms a provider is paid, and what a payment costs its payer.

use std::collections::HashMap;

use entity::enums::ReceiptMode;
use entity::exact::Money;
use entity::ids::{PersonalAccountId, ProviderId};
use entity::payment_terms;

use super::{Payments, store};
use crate::accounts::AccountAccess;
use crate::kernel::Fault;

pub use entity::payment_terms::Model as PaymentTerms;

/// What paying would cost, before it is begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub amount: Money,
    pub commission: Money,
    pub least: Money,
    pub most: Money,
    pub receipt: ReceiptMode,
}

/// Of a provider that nobody has said anything about.
pub fn usual(provider_id: ProviderId) -> PaymentTerms {
    payment_terms::Model {
        provider_id,
        receipt: ReceiptMode::None,
        vat_code: 1,
        tax_system: None,
        commission_rate: 0,
        commission_least: Money::ZERO,
        utilities: false,
        register_template: None,
    }
}

/// Rounded half up to a kopeck.
pub fn commission(terms: &PaymentTerms, amount: Money) -> Money {
    let part = (i128::from(amount.0) * i128::from(terms.commission_rate) + 5_000) / 10_000;
    let part = Money(i64::try_from(part).unwrap_or(i64::MAX));
    part.max(terms.commission_least)
}

impl Payments {
    pub async fn terms_of(&self, provider_id: ProviderId) -> Result<PaymentTerms, Fault> {
        let found = store::find_terms(self.db.read(), provider_id).await?;
        Ok(found.unwrap_or_else(|| usual(provider_id)))
    }

    /// By account, in one statement; an account whose provider has none is left out.
    pub async fn terms_of_accounts(
        &self,
        accounts: &[PersonalAccountId],
    ) -> Result<HashMap<PersonalAccountId, PaymentTerms>, Fault> {
        store::terms_of_accounts(self.db.read(), accounts).await
    }

    /// Of the sum given, or of the current debt.
    pub async fn offer(&self, access: &AccountAccess, amount: Option<Money>) -> Result<Offer, Fault> {
        let terms = self.terms_of(access.provider_id()).await?;
        let amount = amount.unwrap_or(access.balance().owed);
        Ok(Offer {
            amount,
            commission: if amount > Money::ZERO { commission(&terms, amount) } else { Money::ZERO },
            least: self.config.payments.minimum,
            most: self.config.payments.maximum,
            receipt: terms.receipt,
        })
    }

    /// What an operator says; it holds for payments from now on.
    pub async fn set_terms(&self, terms: PaymentTerms) -> Result<(), Fault> {
        let terms = &terms;
        let kept = self.db.transaction(|tx| async move {
            store::put_terms_in(&tx, terms.clone()).await?;
            Ok::<_, crate::kernel::Failure<std::convert::Infallible>>(())
        });
        Ok(kept.await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commission_is_rounded_half_up_and_has_a_least() {
        let terms = |rate, least| PaymentTerms {
            commission_rate: rate,
            commission_least: Money(least),
            ..usual(ProviderId(uuid::Uuid::nil()))
        };
        for (rate, least, amount, expected) in [
            (0, 0, 10_000, 0),
            (80, 0, 10_000, 80),
            (80, 0, 10_062, 80),
            (80, 0, 10_063, 81),
            (80, 3_000, 10_000, 3_000),
            (300, 0, 70_000_000, 2_100_000),
        ] {
            assert_eq!(commission(&terms(rate, least), Money(amount)), Money(expected), "{rate} of {amount}");
        }
    }
}
