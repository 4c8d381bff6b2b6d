//! Refunds that the acquirer has made by itself, or somebody in its cabinet: the money is gone, so it is entered here too.

use std::convert::Infallible;

use chrono::TimeDelta;
use entity::enums::{IncidentKind, PaymentStatus, RefundStatus};
use entity::exact::Money;
use entity::{payment, refund};

use super::state::{News, is_open};
use super::{Told, store};
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
    /// Enters what the acquirer has given back of the payment, and of those that were paid at once with it, and nobody here has
    /// asked for; each once.
    pub(in crate::payments) async fn adopt_refunds(&self, payment: &payment::Model) -> Result<(), Fault> {
        let Some(name) = payment.acquirer_payment_id.as_deref() else { return Ok(()) };
        let seen = self.acquirer(&payment.acquirer)?.refunds_of(name).await.map_err(Fault::unavailable)?;
        self.contradict(payment, &seen).await?;
        let strangers =
            seen.iter().filter(|refund| refund.refund_id.is_none() && refund.standing == RefundStanding::Succeeded);
        let mut later = false;
        for stranger in strangers {
            let adopted = self.db.transaction(|tx| async move {
                Ok::<_, Failure<Infallible>>(self.adopt_in(&tx, payment, stranger).await?)
            });
            let adopted = adopted.await?;
            later |= adopted == Adopted::Later;
            if adopted == Adopted::Entered {
                tracing::warn!(payment = %payment.id.0, amount = %stranger.amount, "the acquirer has given money back");
                for payment in self.all_of(payment).await? {
                    self.wakeups.wake(Wake::Row(payment.id.0));
                    self.wakeups.wake(Wake::Row(payment.personal_account_id.0));
                }
            }
        }
        // Once for all of them: a look that asks for two others would double itself every time.
        if later {
            let (look, again) = (&CheckPayment { payment_id: payment.id, named: None }, self.clock.now() + AGAIN);
            let asked = self.db.transaction(|tx| async move {
                Ok::<_, Failure<Infallible>>(self.outbox.enqueue_at_in(&tx, look, again).await?)
            });
            asked.await?;
        }
        Ok(())
    }

    /// Refunds of ours that have come to nothing here, and the acquirer has paid them out all the same: for people to look at.
    async fn contradict(&self, payment: &payment::Model, seen: &[RefundSeen]) -> Result<(), Fault> {
        let all: Vec<_> = self.all_of(payment).await?.iter().map(|payment| payment.id).collect();
        for refund in self.list_refunds(&all).await? {
            let paid_out =
                |seen: &&RefundSeen| seen.refund_id == Some(refund.id) && seen.standing == RefundStanding::Succeeded;
            if refund.status != RefundStatus::Canceled || !seen.iter().any(|seen| paid_out(&seen)) {
                continue;
            }
            let (subject, about) = (&refund.id.0.to_string(), refund.payment_id);
            let details = &format!("refund {} of {}: CANCELED here, paid out there", refund.id.0, refund.amount);
            let opened = self.db.transaction(|tx| async move {
                Ok::<_, Failure<Infallible>>(
                    self.open_in(&tx, IncidentKind::RefundPaidOut, subject.clone(), Some(about), details).await?,
                )
            });
            opened.await?;
        }
        Ok(())
    }

    async fn adopt_in(&self, tx: &Tx, payment: &payment::Model, stranger: &RefundSeen) -> Result<Adopted, Fault> {
        let first = crate::payments::store::lock_payment_in(tx, payment.id).await?;
        let mut all = vec![first];
        all.extend(self.lock_others_in(tx, payment).await?);
        let ids: Vec<_> = all.iter().map(|payment| payment.id).collect();
        let known = store::list_in(tx, &ids).await?;
        if known.iter().any(|refund| refund.acquirer_refund_id.as_deref() == Some(&stranger.id)) {
            return Ok(Adopted::Known);
        }
        let left: Money = all.iter().filter(|payment| is_given(payment)).map(|one| one.amount - one.refunded).sum();
        let commission = commission_left(&all, &known);
        if stranger.amount > left + commission {
            let paid: Money = all.iter().map(|payment| payment.amount + payment.commission).sum();
            let details = format!("the acquirer gave back {} of {paid}", stranger.amount);
            self.open_in(tx, IncidentKind::AmountDiffers, stranger.id.clone(), Some(payment.id), &details).await?;
            return Ok(Adopted::Impossible);
        }
        let rooms: Vec<Money> = all.iter().map(|payment| room(payment, &known)).collect();
        // While refunds of ours are under way, what does not fit may be theirs to make room for.
        let commission = if known.iter().any(|refund| is_open(refund.status)) { Money::ZERO } else { commission };
        let Some((parts, mut commission)) = divide(stranger.amount, &rooms, commission) else {
            return Ok(Adopted::Later);
        };
        // The first bears the commission.
        let parts = all.iter().zip(parts).map(|(payment, part)| (payment, part, std::mem::take(&mut commission)));
        let mut given: Vec<_> = parts.filter(|(_, part, commission)| *part + *commission > Money::ZERO).collect();
        // By account, as whoever locks several of them does it.
        given.sort_by_key(|(payment, ..)| payment.personal_account_id);
        for (payment, amount, commission) in given {
            let row = self.adopted(payment, amount, commission)?;
            store::insert_in(tx, row.clone()).await?;
            self.move_refund_in(tx, payment, row, &(News::Succeeded, Some(stranger.id.clone())), Told::Nobody).await?;
        }
        Ok(Adopted::Entered)
    }

    fn adopted(&self, payment: &payment::Model, amount: Money, commission: Money) -> Result<refund::Model, Fault> {
        Ok(refund::Model {
            id: self.entropy.id(&self.clock)?,
            payment_id: payment.id,
            amount,
            commission,
            status: RefundStatus::Created,
            acquirer_refund_id: None,
            reason: String::new(),
            requested_by: BY_ACQUIRER.to_owned(),
            request_key: None,
            failure: None,
            created_at: self.clock.now(),
            finished_at: None,
            called_at: None,
            sent_at: None,
            posted_at: None,
            register_id: None,
        })
    }
}

/// Something can be given back of it.
fn is_given(payment: &payment::Model) -> bool {
    matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyRefunded)
}

/// What can still be given back of it, beside refunds that are under way.
fn room(payment: &payment::Model, known: &[refund::Model]) -> Money {
    let live = known.iter().filter(|refund| refund.payment_id == payment.id && refund.status != RefundStatus::Canceled);
    if is_given(payment) { payment.amount - live.map(|refund| refund.amount).sum::<Money>() } else { Money::ZERO }
}

/// What is left of the commission, which the first of them bears.
fn commission_left(all: &[payment::Model], known: &[refund::Model]) -> Money {
    let paid = |payment: &&payment::Model| is_given(payment) || payment.status == PaymentStatus::Refunded;
    let taken: Money = all.first().filter(paid).map(|first| first.commission).into_iter().sum();
    let given_back = known.iter().filter(|refund| refund.status != RefundStatus::Canceled);
    taken - given_back.map(|refund| refund.commission).sum::<Money>()
}

/// The acquirer does not say which account it was for: from the first on, as much as there is room for; and of the commission what
/// is left then. None: there is no room.
fn divide(amount: Money, rooms: &[Money], commission: Money) -> Option<(Vec<Money>, Money)> {
    let mut rest = amount;
    let parts = rooms.iter().map(|room| {
        let part = (*room).min(rest);
        rest -= part;
        part
    });
    let parts: Vec<Money> = parts.collect();
    (rest <= commission).then_some((parts, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_bank_gives_back_is_divided_from_the_first_on_and_never_above_what_is_left() {
        let parts = |amount, rooms: &[i64]| {
            let rooms: Vec<Money> = rooms.iter().copied().map(Money).collect();
            let (parts, _) = divide(Money(amount), &rooms, Money::ZERO)?;
            Some(parts.into_iter().map(|part| part.0).collect::<Vec<_>>())
        };
        assert_eq!(parts(30, &[100, 50]), Some(vec![30, 0]));
        assert_eq!(parts(120, &[100, 50]), Some(vec![100, 20]));
        assert_eq!(parts(150, &[100, 50]), Some(vec![100, 50]));
        assert_eq!(parts(70, &[20, 50]), Some(vec![20, 50]), "beside a refund that is under way");
        assert_eq!(parts(71, &[20, 50]), None);
        assert_eq!(divide(Money(71), &[Money(70)], Money(3)), Some((vec![Money(70)], Money(1))), "of the commission");
        assert_eq!(divide(Money(74), &[Money(70)], Money(3)), None);
    }
}
