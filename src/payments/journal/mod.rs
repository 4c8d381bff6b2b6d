//! Movements of money in double entry, under the ledger that persons see.
//!
//! Above zero is owed to kabinet, below zero by it. `ACQUIRER`: taken from payers and not handed over. `PROVIDER`: owed to
//! the provider. `ACCOUNT`: what personal accounts were credited. `CLEARING`: credited, and not yet passed on; it is always
//! the mirror of `PROVIDER`. `COMMISSION`: what payers paid on top. Each movement sums to zero, and so do all of them.
//! Charges are the provider's and no money: they stand in the ledger only.

mod store;

use entity::enums::{Book, JournalKind};
use entity::exact::Money;
use entity::ids::ProviderId;
use entity::{journal_posting, journal_transaction, payment};

use super::Payments;
use crate::kernel::Fault;
use crate::platform::db::Tx;

pub use store::Sum;

/// The sides of a payment's success.
pub fn of_payment(amount: Money, commission: Money) -> Vec<(Book, Money)> {
    let sides = [
        (Book::Account, -amount),
        (Book::Clearing, amount),
        (Book::Acquirer, amount + commission),
        (Book::Provider, -amount),
        (Book::Commission, -commission),
    ];
    sides.into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
}

/// A refund is a payment the other way round. We give no commission back; an acquirer may.
pub fn of_refund(amount: Money, commission: Money) -> Vec<(Book, Money)> {
    of_payment(-amount, -commission)
}

impl Payments {
    /// The money of a payment, once: its id is a unique reference.
    pub(super) async fn post_payment_in(
        &self,
        tx: &Tx,
        payment: &payment::Model,
        provider_id: ProviderId,
    ) -> Result<(), Fault> {
        let transaction = journal_transaction::Model {
            id: self.entropy.id(&self.clock)?,
            kind: JournalKind::Payment,
            reference: payment.id.0.simple().to_string(),
            payment_id: Some(payment.id),
            personal_account_id: Some(payment.personal_account_id),
            provider_id,
            acquirer: Some(payment.acquirer.clone()),
            occurred_at: self.clock.now(),
            recorded_at: self.clock.now(),
        };
        post_in(tx, transaction, of_payment(payment.amount, payment.commission)).await
    }

    /// What each book holds; the sum of all is zero.
    pub async fn trial_balance(&self) -> Result<Vec<Sum>, Fault> {
        store::sums(self.db.read()).await
    }

    /// How many payments have another sum in the journal than in the ledger, or stand in one only.
    pub async fn journal_differences(&self) -> Result<u64, Fault> {
        store::count_differences(self.db.read(), self.db.engine()).await
    }
}

pub(super) async fn post_in(
    tx: &Tx,
    transaction: journal_transaction::Model,
    sides: Vec<(Book, Money)>,
) -> Result<(), Fault> {
    let id = transaction.id;
    let postings = sides.into_iter().map(|(book, amount)| journal_posting::Model { transaction_id: id, book, amount });
    Ok(store::insert_in(tx, transaction, postings.collect()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_movement_sums_to_zero(amount in 1..100_000_000_i64, commission in 0..1_000_000_i64) {
            for sides in [of_payment(Money(amount), Money(commission)), of_refund(Money(amount), Money(commission))] {
                prop_assert_eq!(sides.iter().map(|(_, amount)| amount.0).sum::<i64>(), 0);
                prop_assert!(sides.iter().all(|(_, amount)| !amount.is_zero()));
            }
        }
    }

    #[test]
    fn a_refund_undoes_a_payment_without_its_commission() {
        let mut left = of_payment(Money(100), Money(3));
        left.extend(of_refund(Money(100), Money::ZERO));
        let sum = |book| left.iter().filter(|(found, _)| *found == book).map(|(_, amount)| amount.0).sum::<i64>();
        assert_eq!(Book::ALL.iter().map(|book| sum(*book)).collect::<Vec<_>>(), [0, 0, 3, 0, -3]);
        left.extend(of_refund(Money::ZERO, Money(3)));
        assert_eq!(left.iter().map(|(_, amount)| amount.0).sum::<i64>(), 0);
    }
}
