//! The calls to acquirers. Intent committed → call, outside any transaction → outcome committed: a crash in between leaves
//! a payment that the next look heals, with the same key while the acquirer remembers it, and later only by reading.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{IncidentKind, RefundStatus};
use entity::exact::Money;
use entity::ids::PaymentId;
use entity::payment;

use super::acquirer::CallError;
use super::payment::{Heard, next_look};
use super::state::{News, is_open};
use super::together::led_by;
use super::{Payments, store};
use crate::kernel::{Failure, Fault};
use crate::platform::wakeups::Wake;

/// As long as a call may take; another one waits for it so long.
pub const CALL: TimeDelta = TimeDelta::seconds(9);
/// How long a person normally takes to pay.
pub const FIRST_CHECK: TimeDelta = TimeDelta::seconds(10);
/// A payment that is open for longer is for people to look at.
pub const ALARM_AFTER: TimeDelta = TimeDelta::hours(25);
/// Acquirers remember a key for 24 hours from its first use, which is not before the payment's creation. An hour is left
/// for calls that are still on their way.
pub(super) const KEY_REMEMBERED: TimeDelta = TimeDelta::hours(23);
/// No call with the payment's key can arrive any more.
pub(super) const KEY_DEAD: TimeDelta = TimeDelta::hours(24);
/// An owner who looks makes us ask no oftener.
const LOOK_REST: TimeDelta = TimeDelta::seconds(5);

impl Payments {
    /// Asks the acquirer and moves the payment, or the first of those that are paid at once.
    pub async fn settle(&self, id: PaymentId) -> Result<payment::Model, Fault> {
        let payment = self.find_first(id).await?;
        if !is_open(payment.status) {
            return Ok(payment);
        }
        if payment.acquirer_payment_id.is_some() {
            return self.read(&payment).await;
        }
        let age = self.clock.now() - payment.created_at;
        if age < KEY_REMEMBERED { self.place(payment).await } else { self.search(&payment, age).await }
    }

    /// Asks about a payment of which something was told; a final one as well, so that a contradiction is found. `named`: what the
    /// acquirer is said to call it, where that is not known yet.
    pub async fn check(&self, id: PaymentId, named: Option<&str>) -> Result<payment::Model, Fault> {
        let payment = self.find_first(id).await?;
        if let (Some(name), None) = (named, &payment.acquirer_payment_id) {
            let seen = self.acquirer(&payment.acquirer)?.read(name).await.map_err(Fault::unavailable)?;
            // Whoever makes up a name, or gives another payment's, has told nothing.
            let seen = seen.filter(|seen| seen.payment_id == Some(payment.id));
            if let Some(seen) = seen {
                return self.apply(payment.id, &Heard::of(payment.id, seen)).await;
            }
        }
        if is_open(payment.status) { self.settle(id).await } else { self.read(&payment).await }
    }

    /// What its owner sees: an open payment is asked about, but not at every look.
    pub async fn look(&self, payment: payment::Model) -> payment::Model {
        let Some(first) = led_by(&payment).filter(|_| is_open(payment.status)) else {
            return self.look_at(payment).await;
        };
        let looked = async {
            self.look_at(self.find(first).await?).await;
            self.find(payment.id).await
        };
        looked.await.unwrap_or(payment)
    }

    async fn look_at(&self, payment: payment::Model) -> payment::Model {
        if !is_open(payment.status) || payment.called_at.is_some_and(|at| at > self.clock.now() - LOOK_REST) {
            return payment;
        }
        let looked = match self.claim(payment.id, LOOK_REST).await {
            Ok(true) => self.settle_claimed(&payment).await,
            Ok(false) => return payment,
            Err(fault) => Err(fault),
        };
        looked.unwrap_or_else(|fault| {
            tracing::warn!(payment = %payment.id.0, %fault, "a payment was shown as it was");
            payment
        })
    }

    async fn settle_claimed(&self, payment: &payment::Model) -> Result<payment::Model, Fault> {
        if payment.acquirer_payment_id.is_some() { self.read(payment).await } else { self.create(payment).await }
    }

    /// Makes the payment known to its acquirer. One call at a time: others get the payment as it is.
    pub(super) async fn place(&self, payment: payment::Model) -> Result<payment::Model, Fault> {
        let running = payment.called_at.is_some_and(|at| at > self.clock.now() - CALL);
        if running || payment.acquirer_payment_id.is_some() || !self.claim(payment.id, CALL).await? {
            return Ok(payment);
        }
        self.create(&payment).await
    }

    /// For whoever repeats a start: the call that the first one makes is waited for, a little; when there is none, it is made.
    pub(super) async fn await_call(&self, payment: payment::Model) -> Result<payment::Model, Fault> {
        let id = payment.id;
        let mut listener = self.wakeups.listen();
        let placed = self.place(payment).await?;
        if placed.acquirer_payment_id.is_some() || !is_open(placed.status) {
            return Ok(placed);
        }
        let pause = tokio::time::sleep(self.config.payments.wait_for_call);
        tokio::pin!(pause);
        loop {
            let payment = self.find(id).await?;
            if payment.acquirer_payment_id.is_some() || !is_open(payment.status) {
                return Ok(payment);
            }
            loop {
                tokio::select! {
                    () = &mut pause => return self.call_again(id).await,
                    wake = listener.next() => match wake {
                        Wake::Row(row) if row == id.0 => break,
                        Wake::Everything => break,
                        _ => {}
                    },
                }
            }
        }
    }

    /// The first call takes too long, or its process is gone: one of those who wait makes another, with the same key.
    async fn call_again(&self, id: PaymentId) -> Result<payment::Model, Fault> {
        let payment = self.find(id).await?;
        let rest = TimeDelta::from_std(self.config.payments.wait_for_call).unwrap_or(CALL);
        if payment.acquirer_payment_id.is_some() || !is_open(payment.status) || !self.claim(id, rest).await? {
            return Ok(payment);
        }
        self.create(&payment).await
    }

    async fn claim(&self, id: PaymentId, rest: TimeDelta) -> Result<bool, Fault> {
        let now = self.clock.now();
        let claimed = self.db.transaction(|tx| async move {
            Ok::<_, Failure<std::convert::Infallible>>(store::claim_call_in(&tx, id, now, now - rest).await?)
        });
        Ok(claimed.await?)
    }

    /// The call itself, by whoever has claimed it. The payment's id is the key, so that repeating is harmless.
    pub(super) async fn create(&self, payment: &payment::Model) -> Result<payment::Model, Fault> {
        if self.clock.now() - payment.created_at >= KEY_REMEMBERED {
            return self.search(payment, self.clock.now() - payment.created_at).await;
        }
        let order = self.order_of(payment).await?;
        self.db.cross("before_create").await;
        let created = self.acquirer(&payment.acquirer)?.create(&order).await;
        self.db.cross("after_create").await;
        let heard = match created {
            Ok(seen) => Heard::of(payment.id, seen),
            Err(CallError::Refused { code }) => Heard::only(News::Refused { reason: code }),
            Err(CallError::Lost(cause)) => {
                tracing::warn!(payment = %payment.id.0, cause, "nobody knows whether the acquirer has a payment");
                Heard::only(News::Lost)
            }
            // Something of the order has changed since the first call: what became of that one is on the acquirer's list.
            Err(CallError::KeyTaken) => {
                tracing::warn!(payment = %payment.id.0, "the acquirer knows the key of a payment with another order");
                self.apply(payment.id, &Heard::only(News::Lost)).await?;
                return self.search(payment, self.clock.now() - payment.created_at).await;
            }
            Err(CallError::NotNow(cause)) => return Err(self.not_now(payment, &cause).await),
        };
        self.apply(payment.id, &heard).await
    }

    /// It did not happen: the next call need not wait.
    async fn not_now(&self, payment: &payment::Model, cause: &str) -> Fault {
        let id = payment.id;
        let released = self.db.transaction(|tx| async move {
            Ok::<_, Failure<std::convert::Infallible>>(store::release_call_in(&tx, id).await?)
        });
        if let Err(failure) = released.await {
            tracing::warn!(payment = %id.0, fault = %Fault::from(failure), "a call was not released");
        }
        Fault::unavailable(format!("the acquirer does not take a payment now: {cause}"))
    }

    pub(super) async fn read(&self, payment: &payment::Model) -> Result<payment::Model, Fault> {
        let Some(name) = payment.acquirer_payment_id.as_deref() else { return Ok(payment.clone()) };
        self.db.cross("before_read").await;
        let seen = self.acquirer(&payment.acquirer)?.read(name).await.map_err(Fault::unavailable)?;
        self.db.cross("after_read").await;
        let given_back = seen.as_ref().map_or(Money::ZERO, |seen| seen.refunded);
        let heard = seen.map_or_else(|| Heard::only(News::Absent), |seen| Heard::of(payment.id, seen));
        let payment = self.apply(payment.id, &heard).await?;
        if given_back.is_zero() || is_open(payment.status) || heard.news == News::Foreign {
            return Ok(payment);
        }
        let all = self.all_of(&payment).await?;
        let entered: Money = all.iter().map(|payment| payment.refunded).sum();
        if given_back <= entered {
            return Ok(payment);
        }
        let refunds = self.list_refunds(&all.iter().map(|payment| payment.id).collect::<Vec<_>>()).await?;
        let refunds = refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
        if given_back <= entered + refunds.map(|refund| refund.commission).sum::<Money>() {
            return Ok(payment);
        }
        // What is not entered now is found by the daily comparison at the latest.
        self.adopt_refunds(&payment).await?;
        self.find(payment.id).await
    }

    /// The key may be forgotten, so another call could make a second payment: the acquirer's list says what there is.
    async fn search(&self, payment: &payment::Model, age: TimeDelta) -> Result<payment::Model, Fault> {
        let since = payment.created_at - TimeDelta::hours(1);
        let found = self.acquirer(&payment.acquirer)?.find(payment.id, since).await.map_err(Fault::unavailable)?;
        let heard = match found {
            Some(seen) => Heard::of(payment.id, seen),
            None if age >= KEY_DEAD => Heard::only(News::Absent),
            None => return Ok(payment.clone()),
        };
        self.apply(payment.id, &heard).await
    }

    /// When to ask again about a payment that is open, raising the alarm when that has lasted too long; none when it is final.
    pub async fn next_check(&self, payment: &payment::Model) -> Result<Option<DateTime<Utc>>, Fault> {
        if !is_open(payment.status) {
            return Ok(None);
        }
        let (id, now) = (payment.id, self.clock.now());
        if now - payment.created_at >= ALARM_AFTER {
            let details = format!("{} since {}", payment.status.word(), payment.created_at.to_rfc3339());
            let details = &details;
            let opened = self.db.transaction(|tx| async move {
                self.open_incident_in(&tx, IncidentKind::Stuck, id, details).await?;
                Ok::<_, Failure<std::convert::Infallible>>(())
            });
            opened.await?;
        }
        Ok(Some(next_look(payment.created_at, now)))
    }

    pub(super) async fn find(&self, id: PaymentId) -> Result<payment::Model, Fault> {
        store::find_payment(self.db.read(), id).await?.ok_or_else(|| Fault::internal("a payment vanished"))
    }
}
