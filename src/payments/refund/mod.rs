//! Money given back, in whole or in parts and never above what was paid: asked for by an operator, carried out as payments
//! are: intent committed → call → outcome committed, with the refund's id as key.

mod adoption;
pub mod state;
mod store;

use entity::enums::{IncidentKind, JournalKind, LedgerEntryKind, PaymentStatus, RefundStatus};
use entity::exact::Money;
use entity::ids::{PaymentId, RefundId, UserId};
use entity::{journal_transaction, payment, refund};

use super::acquirer::{CallError, RefundOrder, RefundSeen, RefundStanding};
use super::event::SettleRefund;
use super::payment::next_look;
use super::settlement::{ALARM_AFTER, CALL, FIRST_CHECK, KEY_DEAD, KEY_REMEMBERED};
use super::{Payments, journal};
use crate::billing::event::BalanceChanged;
use crate::billing::ledger::Change;
use crate::kernel::{Failure, Fault, Page, Slice};
use crate::platform::db::Tx;
use crate::platform::secret::fingerprint;
use crate::platform::wakeups::Wake;
use state::{News, Verdict, is_open, judge};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundRefusal {
    /// There is no such payment, or its money has not come.
    NotPaid,
    /// Zero or less.
    AmountMalformed,
    /// More than is left of the payment, refunds under way included.
    TooMuch { most: Money },
    /// The key is that of a refund of another sum.
    KeyReused,
}

/// What an operator wants given back.
#[derive(Clone, Copy, Debug)]
pub struct RefundWish<'a> {
    /// None: all that is left.
    pub amount: Option<Money>,
    /// For the payer and the acquirer.
    pub reason: &'a str,
    pub by: &'a str,
    /// Whoever does not know whether it was done asks again with the same key, and nothing is given back twice.
    pub key: &'a str,
}

/// Who hears of what becomes of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The operator waits for the answer.
    WhoAsked,
    Nobody,
}

type Result<T> = std::result::Result<T, Failure<RefundRefusal>>;

impl Payments {
    /// Gives back a part of a payment, or all of it that is left. The flag: it was asked for before by that key.
    pub async fn refund(&self, id: PaymentId, wish: RefundWish<'_>) -> Result<(refund::Model, bool)> {
        let RefundWish { amount, reason, by, key } = wish;
        let key = &fingerprint(key);
        let refund_id: RefundId = self.entropy.id(&self.clock)?;
        let committed = self.db.transaction(|tx| async move {
            let payment =
                super::store::find_payment(&*tx, id).await?.ok_or(Failure::Refused(RefundRefusal::NotPaid))?;
            let payment = super::store::lock_payment_in(&tx, payment.id).await?;
            if let Some(first) = store::find_by_key_in(&tx, id, key).await? {
                if amount.is_some_and(|amount| amount != first.amount) {
                    return Err(Failure::Refused(RefundRefusal::KeyReused));
                }
                if first.status != RefundStatus::Canceled {
                    return Ok((first, true));
                }
                // What came to nothing may be asked for again.
                store::release_key_in(&tx, first.id).await?;
            }
            if !matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyRefunded) {
                return Err(Failure::Refused(RefundRefusal::NotPaid));
            }
            let most = payment.amount - store::sum_of_live_in(&tx, id).await?;
            let amount = amount.unwrap_or(most);
            if amount <= Money::ZERO && most > Money::ZERO {
                return Err(Failure::Refused(RefundRefusal::AmountMalformed));
            }
            if amount > most || most <= Money::ZERO {
                return Err(Failure::Refused(RefundRefusal::TooMuch { most }));
            }
            let now = self.clock.now();
            let row = refund::Model {
                id: refund_id,
                payment_id: id,
                amount,
                commission: Money::ZERO,
                status: RefundStatus::Created,
                acquirer_refund_id: None,
                reason: reason.to_owned(),
                requested_by: by.to_owned(),
                request_key: Some(key.clone()),
                failure: None,
                created_at: now,
                finished_at: None,
                called_at: Some(now),
                sent_at: None,
                posted_at: None,
                register_id: None,
            };
            store::insert_in(&tx, row.clone()).await?;
            self.outbox.enqueue_at_in(&tx, &SettleRefund { refund_id }, now + FIRST_CHECK).await?;
            Ok((row, false))
        });
        let (refund, replayed) = committed.await?;
        if replayed {
            return Ok((refund, true));
        }
        let called = self.call_refund(&refund, Told::WhoAsked).await;
        let called = called.unwrap_or_else(|fault| {
            tracing::warn!(refund = %refund.id.0, %fault, "the acquirer did not take a refund yet");
            refund
        });
        Ok((called, false))
    }

    /// Asks the acquirer and moves the refund.
    pub async fn settle_refund(&self, id: RefundId) -> std::result::Result<refund::Model, Fault> {
        let refund = self.find_refund(id).await?;
        if !is_open(refund.status) {
            return Ok(refund);
        }
        let payment = self.paid(&refund).await?;
        let (acquirer, now) = (self.acquirer(&payment.acquirer)?, self.clock.now());
        if let Some(name) = &refund.acquirer_refund_id {
            let seen = acquirer.read_refund(name).await.map_err(Fault::unavailable)?;
            return self.apply_refund(id, &heard(id, refund.amount, seen), Told::Nobody).await;
        }
        let age = now - refund.created_at;
        if age >= KEY_REMEMBERED {
            let name = payment.acquirer_payment_id.as_deref().unwrap_or_default();
            let found = acquirer.find_refund(name, id).await.map_err(Fault::unavailable)?;
            return match found {
                None if age < KEY_DEAD => Ok(refund),
                found => self.apply_refund(id, &heard(id, refund.amount, found), Told::Nobody).await,
            };
        }
        let claimed = self.db.transaction(|tx| async move {
            Ok::<_, Failure<std::convert::Infallible>>(store::claim_call_in(&tx, id, now, now - CALL).await?)
        });
        if claimed.await? { self.call_refund(&refund, Told::Nobody).await } else { Ok(refund) }
    }

    async fn call_refund(&self, refund: &refund::Model, told: Told) -> std::result::Result<refund::Model, Fault> {
        let payment = self.paid(refund).await?;
        let order = RefundOrder {
            refund_id: refund.id,
            acquirer_payment_id: payment.acquirer_payment_id.clone().unwrap_or_default(),
            idempotence_key: refund.id.0.to_string(),
            amount: refund.amount,
            reason: refund.reason.clone(),
            receipt: self.receipt_of_refund(refund, &payment).await?,
        };
        self.db.cross("before_refund").await;
        let called = self.acquirer(&payment.acquirer)?.refund(&order).await;
        self.db.cross("after_refund").await;
        let heard = match called {
            Ok(seen) => heard(refund.id, refund.amount, Some(seen)),
            Err(CallError::Refused { code }) => (News::Refused { reason: code }, None),
            Err(CallError::Lost(_)) => (News::Lost, None),
            // Something of the order has changed since the first call: what became of that one is on the acquirer's list.
            Err(CallError::KeyTaken) => {
                let name = payment.acquirer_payment_id.as_deref().unwrap_or_default();
                let found = self.acquirer(&payment.acquirer)?.find_refund(name, refund.id).await;
                found.ok().flatten().map_or((News::Lost, None), |seen| heard(refund.id, refund.amount, Some(seen)))
            }
            Err(CallError::NotNow(cause)) => {
                self.apply_refund(refund.id, &(News::NotNow, None), told).await?;
                return Err(Fault::unavailable(cause));
            }
        };
        self.apply_refund(refund.id, &heard, told).await
    }

    /// An operator expects nothing of it any more; whether it was open.
    pub(super) async fn give_up_refund(&self, id: RefundId) -> std::result::Result<bool, Fault> {
        if !is_open(self.find_refund(id).await?.status) {
            return Ok(false);
        }
        self.apply_refund(id, &(News::GivenUp, None), Told::WhoAsked).await?;
        Ok(true)
    }

    /// The one way by which a refund moves.
    async fn apply_refund(
        &self,
        id: RefundId,
        heard: &(News, Option<String>),
        told: Told,
    ) -> std::result::Result<refund::Model, Fault> {
        let moved = self.db.transaction(|tx| async move {
            // The payment first: all its refunds wait for one another.
            let payment_id = store::find(&*tx, id).await?.map(|refund| refund.payment_id);
            let payment_id = payment_id.ok_or_else(|| Fault::internal("a refund vanished"))?;
            let payment = super::store::lock_payment_in(&tx, payment_id).await?;
            let refund = store::lock_in(&tx, id).await?;
            let refund = self.move_refund_in(&tx, &payment, refund, heard, told).await?;
            Ok::<_, Failure<std::convert::Infallible>>((payment, refund))
        });
        let (payment, refund) = moved.await?;
        if refund.status == RefundStatus::Succeeded {
            self.wakeups.wake(Wake::Row(payment.id.0));
            self.wakeups.wake(Wake::Row(payment.personal_account_id.0));
        }
        Ok(refund)
    }

    async fn move_refund_in(
        &self,
        tx: &Tx,
        payment: &payment::Model,
        mut refund: refund::Model,
        (news, name): &(News, Option<String>),
        told: Told,
    ) -> std::result::Result<refund::Model, Fault> {
        if !is_open(refund.status) {
            return Ok(refund);
        }
        refund.acquirer_refund_id = refund.acquirer_refund_id.or_else(|| name.clone());
        refund.called_at = None;
        match judge(refund.status, news) {
            Verdict::Stay => {}
            Verdict::Move(status) => refund.status = status,
            Verdict::Cancel { reason } if told == Told::Nobody => {
                let (kind, subject) = (IncidentKind::RefundCanceled, refund.id.0.to_string());
                let details = format!("a refund of {} has come to nothing: {reason}", refund.amount);
                self.open_in(tx, kind, subject, Some(payment.id), &details).await?;
                (refund.status, refund.failure) = (RefundStatus::Canceled, Some(reason));
            }
            Verdict::Cancel { reason } => (refund.status, refund.failure) = (RefundStatus::Canceled, Some(reason)),
            Verdict::Incident(kind) => {
                let details = format!("refund {} of {}: {news:?}", refund.id.0, refund.amount);
                self.open_in(tx, kind, refund.id.0.to_string(), Some(payment.id), &details).await?;
            }
        }
        if !is_open(refund.status) {
            refund.finished_at = Some(self.clock.now());
        }
        store::update_in(tx, &refund).await?;
        if refund.status == RefundStatus::Succeeded {
            self.give_back_in(tx, payment, &refund).await?;
        }
        Ok(refund)
    }

    /// Payment, ledger and journal in one transaction: all or nothing.
    async fn give_back_in(
        &self,
        tx: &Tx,
        payment: &payment::Model,
        refund: &refund::Model,
    ) -> std::result::Result<(), Fault> {
        let account = self.billing.lock_account_in(tx, payment.personal_account_id).await?;
        let transaction = journal_transaction::Model {
            id: self.entropy.id(&self.clock)?,
            // Of a commission alone the provider hears nothing: it never knew of it.
            kind: if refund.amount.is_zero() { JournalKind::Commission } else { JournalKind::Refund },
            reference: refund.id.0.to_string(),
            payment_id: Some(payment.id),
            personal_account_id: Some(payment.personal_account_id),
            provider_id: account.provider_id,
            acquirer: Some(payment.acquirer.clone()),
            occurred_at: self.clock.now(),
            recorded_at: self.clock.now(),
        };
        journal::post_in(tx, transaction, journal::of_refund(refund.amount, refund.commission)).await?;
        if refund.amount.is_zero() {
            // The commission alone: it is no part of what the provider was to have.
            return Ok(());
        }
        let refunded = payment.refunded + refund.amount;
        let whole = refunded == payment.amount;
        let status = if whole { PaymentStatus::Refunded } else { PaymentStatus::PartiallyRefunded };
        super::store::update_refunded_in(tx, payment.id, status, refunded).await?;
        let change = Change {
            kind: LedgerEntryKind::Refund,
            amount: refund.amount,
            occurred_at: self.clock.now(),
            payment_id: Some(payment.id),
            in_transit: -refund.amount,
        };
        self.billing.append_in(tx, payment.personal_account_id, change).await?;
        let (personal_account_id, news) = (payment.personal_account_id, Some((payment.id, status)));
        self.outbox.enqueue_in(tx, &BalanceChanged { personal_account_id, payment: news }).await
    }

    /// When to ask again about a refund that is open, raising the alarm when that has lasted too long; none when it is final.
    pub async fn next_refund_check(
        &self,
        refund: &refund::Model,
    ) -> std::result::Result<Option<chrono::DateTime<chrono::Utc>>, Fault> {
        if !is_open(refund.status) {
            return Ok(None);
        }
        let (now, payment) = (self.clock.now(), refund.payment_id);
        if now - refund.created_at >= ALARM_AFTER {
            let (subject, details) = (&refund.id.0.to_string(), &format!("a refund of {} has no end", refund.amount));
            let opened = self.db.transaction(|tx| async move {
                self.open_in(&tx, IncidentKind::Stuck, subject.clone(), Some(payment), details).await?;
                Ok::<_, Failure<std::convert::Infallible>>(())
            });
            opened.await?;
        }
        Ok(Some(next_look(refund.created_at, now)))
    }

    pub async fn find_refund(&self, id: RefundId) -> std::result::Result<refund::Model, Fault> {
        store::find(self.db.read(), id).await?.ok_or_else(|| Fault::internal("a refund vanished"))
    }

    /// Of payments, oldest first.
    pub async fn list_refunds(&self, payments: &[PaymentId]) -> std::result::Result<Vec<refund::Model>, Fault> {
        store::list(self.db.read(), payments).await
    }

    /// Of what the person paid, newest first.
    pub async fn list_refunds_of(
        &self,
        user: UserId,
        page: Page<RefundId>,
    ) -> std::result::Result<Slice<refund::Model>, Fault> {
        let rows = store::page_of_user(self.db.read(), user, &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// What the acquirer knows of: the first of those that were paid at once.
    async fn paid(&self, refund: &refund::Model) -> std::result::Result<payment::Model, Fault> {
        self.find_first(refund.payment_id).await
    }
}

/// Of a refund that bears another id, or is of another sum, nothing is believed.
fn heard(id: RefundId, amount: Money, seen: Option<RefundSeen>) -> (News, Option<String>) {
    let Some(seen) = seen else { return (News::Absent, None) };
    if seen.refund_id != Some(id) || seen.amount != amount {
        return (News::Foreign, None);
    }
    let news = match seen.standing {
        RefundStanding::Pending => News::Pending,
        RefundStanding::Succeeded => News::Succeeded,
        RefundStanding::Canceled { reason } => News::Canceled { reason },
    };
    (news, Some(seen.id))
}
