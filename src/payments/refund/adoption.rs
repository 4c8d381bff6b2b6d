//! Refunds that the acquirer has made by itself, or somebody in its cabinet: the money is gone, so it is entered here too.

use chrono::TimeDelta;
use entity::enums::{IncidentKind, PaymentStatus, RefundStatus};
use entity::exact::Money;
use entity::ids::RefundId;
use entity::{payment, refund};

use super::state::News;
use super::store;
use crate::kernel::{Failure, Fault};
use crate::payments::Payments;
use crate::payments::acquirer::{RefundSeen, RefundStanding};
use crate::payments::event::CheckPayment;
use crate::platform::db::Tx;
use crate::platform::wakeups::Wake;

/// Who asked for such a refund.
pub const BY_ACQUIRER: &str = "acquirer";
/// When a refund that does not fit beside those under way is looked at again.
const AGAIN: TimeDelta = TimeDelta::minutes(15);

/// What became of a refund that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Adopted {
    Entered,
    Known,
    /// Refunds of ours that are under way leave no room for it: one of them will come to nothing.
    Later,
    /// More than the payment ever was.
    Impossible,
}

impl Payments {
    /// Enters what the acquirer has given back of the payment and nobody here has asked for; each once.
    pub(in crate::payments) async fn adopt_refunds(&self, payment: &payment::Model) -> Result<(), Fault> {
        let Some(name) = payment.acquirer_payment_id.as_deref() else { return Ok(()) };
        let seen = self.acquirer(&payment.acquirer)?.refunds_of(name).await.map_err(Fault::unavailable)?;
        let strangers =
            seen.iter().filter(|refund| refund.refund_id.is_none() && refund.standing == RefundStanding::Succeeded);
        for stranger in strangers {
            let id: RefundId = self.entropy.id(&self.clock)?;
            let adopted = self.db.transaction(|tx| async move {
                Ok::<_, Failure<std::convert::Infallible>>(self.adopt_in(&tx, payment, id, stranger).await?)
            });
            if adopted.await? == Adopted::Entered {
                tracing::warn!(payment = %payment.id.0, amount = %stranger.amount, "the acquirer has given money back");
                self.wakeups.wake(Wake::Row(payment.id.0));
                self.wakeups.wake(Wake::Row(payment.personal_account_id.0));
            }
        }
        Ok(())
    }

    async fn adopt_in(
        &self,
        tx: &Tx,
        payment: &payment::Model,
        id: RefundId,
        stranger: &RefundSeen,
    ) -> Result<Adopted, Fault> {
        let payment = crate::payments::store::lock_payment_in(tx, payment.id).await?;
        let known = store::list_in(tx, payment.id).await?;
        if known.iter().any(|refund| refund.acquirer_refund_id.as_deref() == Some(&stranger.id)) {
            return Ok(Adopted::Known);
        }
        let paid = matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyRefunded);
        let live: Money =
            known.iter().filter(|refund| refund.status != RefundStatus::Canceled).map(|refund| refund.amount).sum();
        if !paid || stranger.amount > payment.amount - payment.refunded {
            let details = format!("the acquirer gave back {} of {}", stranger.amount, payment.amount);
            self.open_in(tx, IncidentKind::AmountDiffers, stranger.id.clone(), Some(payment.id), &details).await?;
            return Ok(Adopted::Impossible);
        }
        if stranger.amount > payment.amount - live {
            let again = self.clock.now() + AGAIN;
            self.outbox.enqueue_at_in(tx, &CheckPayment { payment_id: payment.id }, again).await?;
            return Ok(Adopted::Later);
        }
        let row = refund::Model {
            id,
            payment_id: payment.id,
            amount: stranger.amount,
            status: RefundStatus::Created,
            acquirer_refund_id: None,
            reason: String::new(),
            requested_by: BY_ACQUIRER.to_owned(),
            failure: None,
            created_at: self.clock.now(),
            finished_at: None,
            called_at: None,
        };
        store::insert_in(tx, row.clone()).await?;
        self.move_refund_in(tx, &payment, row, &(News::Succeeded, Some(stranger.id.clone()))).await?;
        Ok(Adopted::Entered)
    }
}
