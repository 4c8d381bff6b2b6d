//! The one way by which a payment moves: forward, after asking its acquirer.

use chrono::TimeDelta;
use entity::enums::{LedgerEntryKind, PaymentStatus};
use entity::ids::{PaymentId, UserId};
use entity::payment;

use super::acquirer::Standing;
use super::event::SendPaymentSucceeded;
use super::{Payments, store};
use crate::accounts::AccountAccess;
use crate::billing::event::BalanceChanged;
use crate::billing::ledger::Change;
use crate::kernel::{Failure, Fault, Page, Person, Slice};
use crate::platform::db::Tx;
use crate::platform::wakeups::Wake;

/// How long a person normally takes to pay.
pub const FIRST_CHECK: TimeDelta = TimeDelta::seconds(10);
/// Pauses before the following checks; the last one repeats.
const PAUSES: [TimeDelta; 6] = [
    TimeDelta::seconds(30),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::minutes(30),
    TimeDelta::hours(1),
];
/// A payment that is pending for longer is for people to look at.
const ALARM_AFTER: TimeDelta = TimeDelta::hours(25);

impl Payments {
    /// Asks the acquirer and moves the payment; repeated or late news changes nothing.
    pub async fn settle(&self, id: PaymentId) -> Result<payment::Model, Fault> {
        let payment = self.place(id).await?;
        if payment.status != PaymentStatus::Pending {
            return Ok(payment);
        }
        let acquirer_payment_id = payment.acquirer_payment_id.as_deref().unwrap_or_default();
        let standing = self.acquirer(&payment.acquirer)?.standing(acquirer_payment_id).await?;
        let standing = &standing;
        let moved = self.db.transaction(|tx| async move {
            let payment = store::lock_payment_in(&tx, id).await?;
            self.move_in(&tx, &payment, standing).await?;
            Ok::<_, Failure<std::convert::Infallible>>(store::lock_payment_in(&tx, id).await?)
        });
        let moved = moved.await?;
        if moved.status != PaymentStatus::Pending {
            self.wakeups.wake(Wake::Row(id.0));
            self.wakeups.wake(Wake::Row(moved.personal_account_id.0));
        }
        Ok(moved)
    }

    /// Of a person who is erased payments stay, and to where their receipts went does not; how many there were.
    pub async fn forget_receipt_addresses_in(&self, tx: &Tx, user_id: UserId) -> Result<u64, Fault> {
        store::clear_receipt_emails_in(tx, user_id).await
    }

    async fn move_in(&self, tx: &Tx, payment: &payment::Model, standing: &Standing) -> Result<(), Fault> {
        match (payment.status, standing) {
            (PaymentStatus::Pending, Standing::Pending) => {
                Ok(store::update_checks_in(tx, payment.id, payment.checks + 1).await?)
            }
            (PaymentStatus::Pending, Standing::Succeeded { amount }) if *amount == payment.amount => {
                self.succeed_in(tx, payment).await
            }
            (PaymentStatus::Pending, Standing::Succeeded { amount }) => Err(Fault::internal(format!(
                "payment {}: {} was to be paid, {amount} was",
                payment.id.0, payment.amount
            ))),
            (PaymentStatus::Pending, Standing::Canceled { reason }) => {
                Ok(store::update_canceled_in(tx, payment.id, reason).await?)
            }
            // Final states never change.
            _ => Ok(()),
        }
    }

    /// The money enters the ledger in the same transaction: both or neither.
    async fn succeed_in(&self, tx: &Tx, payment: &payment::Model) -> Result<(), Fault> {
        let now = self.clock.now();
        store::update_succeeded_in(tx, payment.id, now).await?;
        let change = Change {
            kind: LedgerEntryKind::Payment,
            amount: -payment.amount,
            occurred_at: now,
            payment_id: Some(payment.id),
            in_transit: payment.amount,
        };
        self.billing.append_in(tx, payment.personal_account_id, change).await?;
        self.outbox.enqueue_in(tx, &BalanceChanged { personal_account_id: payment.personal_account_id }).await?;
        self.outbox.enqueue_in(tx, &SendPaymentSucceeded { payment_id: payment.id }).await
    }

    /// When to ask again about a payment that is still pending; none when it is final or too old.
    pub fn next_check(&self, payment: &payment::Model) -> Option<chrono::DateTime<chrono::Utc>> {
        let now = self.clock.now();
        if payment.status != PaymentStatus::Pending {
            return None;
        }
        if now - payment.created_at > ALARM_AFTER {
            tracing::error!(payment = %payment.id.0, "a payment is pending for more than a day");
            return None;
        }
        let pause = usize::try_from(payment.checks - 1).ok().and_then(|index| PAUSES.get(index)).or(PAUSES.last());
        pause.map(|pause| now + *pause)
    }

    /// A payment of the person's own.
    pub async fn find_payment(&self, person: &Person, id: PaymentId) -> Result<Option<payment::Model>, Fault> {
        let payment = store::find_payment(self.db.read(), id).await?;
        Ok(payment.filter(|payment| payment.user_id == person.user_id))
    }

    /// Those of the payments that the person made.
    pub async fn find_payments(&self, user: UserId, ids: &[PaymentId]) -> Result<Vec<payment::Model>, Fault> {
        let payments = store::find_payments(self.db.read(), ids).await?;
        Ok(payments.into_iter().filter(|payment| payment.user_id == user).collect())
    }

    /// What the person paid here, for whatever account, newest first.
    pub async fn list_paid_by(&self, user: UserId, page: Page<PaymentId>) -> Result<Slice<payment::Model>, Fault> {
        let rows = store::page_paid_by(self.db.read(), user, &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// What this person paid for the account, newest first.
    pub async fn list_payments(
        &self,
        access: &AccountAccess,
        page: Page<PaymentId>,
    ) -> Result<Slice<payment::Model>, Fault> {
        let rows = store::page_payments(self.db.read(), access.id(), access.user_id(), &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// Number of the account and name of its provider.
    pub async fn name_of(&self, payment: &payment::Model) -> Result<(String, String), Fault> {
        self.accounts.name_of(payment.personal_account_id).await
    }

    /// For letters, which are written without a person asking.
    pub async fn payment_of_job(&self, id: PaymentId) -> Result<Option<payment::Model>, Fault> {
        store::find_payment(self.db.read(), id).await
    }
}
