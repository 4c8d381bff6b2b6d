//! Accounts of one provider that are paid at once: each account has a payment of its own, with its own entry in ledger and
//! journal, its own row in registers and its own refunds. The acquirer knows the first of them alone, with the sum of all; the
//! others go where it goes, in the same transaction.

use entity::exact::Money;
use entity::ids::PaymentId;
use entity::payment;

use super::{Payments, store};
use crate::kernel::Fault;
use crate::platform::db::Tx;

/// Accounts of one payment: a receipt has a hundred rows, a page that a person reads has fewer.
pub const MOST: usize = 10;

/// The payment that the acquirer knows, when that is another one.
pub fn led_by(payment: &payment::Model) -> Option<PaymentId> {
    payment.together_id.filter(|first| *first != payment.id)
}

/// All that the payer pays at once.
pub fn due(payments: &[payment::Model]) -> Money {
    payments.iter().map(|payment| payment.amount + payment.commission).sum()
}

impl Payments {
    /// The first of those that are paid at once, whichever of them is asked for.
    pub(super) async fn find_first(&self, id: PaymentId) -> Result<payment::Model, Fault> {
        let payment = self.find(id).await?;
        match led_by(&payment) {
            Some(first) => self.find(first).await,
            None => Ok(payment),
        }
    }

    /// All that are paid at once with this one, which is the first of them; itself first.
    pub(super) async fn all_of(&self, first: &payment::Model) -> Result<Vec<payment::Model>, Fault> {
        let mut all = vec![first.clone()];
        if first.together_id.is_some() {
            let together = store::list_together(self.db.read(), &[first.id]).await?;
            all.extend(together.into_iter().filter(|payment| payment.id != first.id));
        }
        Ok(all)
    }

    /// The others, in the order in which whoever locks several payments does it: the first is locked already.
    pub(super) async fn lock_others_in(&self, tx: &Tx, first: &payment::Model) -> Result<Vec<payment::Model>, Fault> {
        if first.together_id.is_none() {
            return Ok(Vec::new());
        }
        Ok(store::lock_others_in(tx, first.id).await?)
    }

    /// By their first, in one statement: all that are paid at once with it.
    pub async fn list_together(&self, firsts: &[PaymentId]) -> Result<Vec<payment::Model>, Fault> {
        store::list_together(self.db.read(), firsts).await
    }
}
