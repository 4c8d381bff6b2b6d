//! The one way by which a payment moves: forward, by what a call to its acquirer has told.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{IncidentKind, LedgerEntryKind, PaymentStatus, ReceiptStatus};
use entity::ids::{PaymentId, PersonalAccountId, UserId};
use entity::payment;

use super::acquirer::{SavedMethodSeen, Seen};
use super::event::{SendPaymentSucceeded, WatchPayment};
use super::state::{News, Verdict, is_open, judge};
use super::together::due;
use super::{Payments, store};
use crate::accounts::AccountAccess;
use crate::billing::event::BalanceChanged;
use crate::billing::ledger::Change;
use crate::kernel::{Failure, Fault, Page, Person, Slice};
use crate::platform::db::Tx;
use crate::platform::wakeups::Wake;

/// When the promises of a payment are looked at first.
const FIRST_WATCH: TimeDelta = TimeDelta::minutes(1);

/// What a call has told about a payment.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub news: News,
    pub placed: Option<Placed>,
}

/// What the acquirer has said of its object, besides how it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// The acquirer's name for it.
    pub id: String,
    pub confirmation_url: Option<String>,
    pub qr_payload: Option<String>,
    pub receipt: Option<ReceiptStatus>,
    pub saved_method: Option<SavedMethodSeen>,
}

impl Heard {
    pub fn only(news: News) -> Self {
        Self { news, placed: None }
    }

    /// Of an object that is another payment's, another shop's or in another currency nothing is believed.
    pub fn of(id: PaymentId, seen: Seen) -> Self {
        if !seen.ours || seen.payment_id != Some(id) {
            return Self::only(News::Foreign);
        }
        let Seen { id, confirmation_url, qr_payload, receipt, saved_method, standing, .. } = seen;
        Self { news: standing.into(), placed: Some(Placed { id, confirmation_url, qr_payload, receipt, saved_method }) }
    }
}

/// What becomes of the wish to get a receipt again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Sent,
    NotPaid,
    /// Five times in a day are enough.
    TooOften,
}

/// Which payments of a history; what is not given holds for all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub accounts: Option<Vec<PersonalAccountId>>,
    pub statuses: Option<Vec<PaymentStatus>>,
    /// Started then or later, and before then.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    /// No further than who asks reaches.
    fn within(mut self, person: &Person) -> Self {
        if let Some(only) = person.only() {
            let wanted = self.accounts.take().unwrap_or_else(|| only.to_vec());
            self.accounts = Some(wanted.into_iter().filter(|account| only.contains(account)).collect());
        }
        self.from = self.from.max(person.since().moment());
        self
    }
}

impl Payments {
    /// Moves a payment by what was heard: webhook, poll, look and job all come here. Repeated or late news changes nothing.
    pub(super) async fn apply(&self, id: PaymentId, heard: &Heard) -> Result<payment::Model, Fault> {
        let moved = self.db.transaction(|tx| async move {
            let payment = store::lock_payment_in(&tx, id).await?;
            let others = self.lock_others_in(&tx, &payment).await?;
            let before = payment.status;
            let after = self.move_in(&tx, payment, &others, heard).await?;
            Ok::<_, Failure<std::convert::Infallible>>((before, after, others))
        });
        let (before, after, others) = moved.await?;
        if before != after.status {
            for payment in others.iter().chain([&after]) {
                self.wakeups.wake(Wake::Row(payment.id.0));
                if after.status == PaymentStatus::Succeeded {
                    self.wakeups.wake(Wake::Row(payment.personal_account_id.0));
                }
            }
        }
        Ok(after)
    }

    /// `others` are paid at once with it and go where it goes.
    async fn move_in(
        &self,
        tx: &Tx,
        mut payment: payment::Model,
        others: &[payment::Model],
        heard: &Heard,
    ) -> Result<payment::Model, Fault> {
        let receipt_before = payment.receipt_status;
        if let Some(Placed { id, confirmation_url, qr_payload, receipt, .. }) = &heard.placed {
            match &payment.acquirer_payment_id {
                None => {
                    payment.acquirer_payment_id = Some(id.clone());
                    payment.confirmation_url = confirmation_url.clone().or(payment.confirmation_url);
                    payment.qr_payload = qr_payload.clone().or(payment.qr_payload);
                }
                // Two objects for one payment: the one that is recorded counts, people look at the other.
                Some(known) if known != id => {
                    let details = format!("the acquirer has {known} and {id} for one payment");
                    self.open_incident_in(tx, IncidentKind::Foreign, payment.id, &details).await?;
                    return Ok(payment);
                }
                Some(_) => {}
            }
            payment.receipt_status = receipt.or(payment.receipt_status);
            if payment.receipt_status == Some(ReceiptStatus::Succeeded) {
                payment.receipt_at = payment.receipt_at.or_else(|| Some(self.clock.now()));
            }
        }
        let mut change = store::Change {
            acquirer_payment_id: payment.acquirer_payment_id.clone(),
            confirmation_url: payment.confirmation_url.clone(),
            qr_payload: payment.qr_payload.clone(),
            receipt_status: payment.receipt_status,
            receipt_at: payment.receipt_at,
            call_ended: !matches!(heard.news, News::Pending | News::WaitingForCapture { .. }),
            ..Default::default()
        };
        let due = payment.amount + payment.commission + due(others);
        match judge(payment.status, due, &heard.news) {
            Verdict::Stay => {}
            Verdict::Move(status) => {
                payment.status = status;
                payment.paid_at = (status == PaymentStatus::Succeeded).then(|| self.clock.now());
                (change.status, change.paid_at) = (Some(status), payment.paid_at);
            }
            Verdict::Cancel { reason } => {
                (payment.status, payment.failure) = (PaymentStatus::Canceled, Some(reason));
                (change.status, change.failure) = (Some(payment.status), payment.failure.clone());
            }
            Verdict::Incident(kind) => {
                let details = format!("{} of {due}, the acquirer says {:?}", payment.status.word(), heard.news);
                self.open_incident_in(tx, kind, payment.id, &details).await?;
            }
        }
        let succeeded = change.status == Some(PaymentStatus::Succeeded);
        if is_open(payment.status) || change.status.is_some() || payment.receipt_status != receipt_before {
            store::update_payment_in(tx, &payment, change.clone()).await?;
            if !others.is_empty() {
                store::update_others_in(tx, &payment, change).await?;
            }
        }
        if succeeded {
            // Accounts in the order in which whoever locks several of them does it.
            let mut all: Vec<&payment::Model> = others.iter().chain([&payment]).collect();
            all.sort_by_key(|payment| payment.personal_account_id);
            for payment in all {
                self.succeed_in(tx, payment).await?;
            }
            let kept = heard.placed.as_ref().and_then(|placed| placed.saved_method.as_ref());
            if let Some(kept) = kept.filter(|_| payment.saves_method) {
                self.keep_method_in(tx, &payment, kept).await?;
            }
        }
        Ok(payment)
    }

    /// The money enters ledger and journal in the same transaction: all or nothing.
    async fn succeed_in(&self, tx: &Tx, payment: &payment::Model) -> Result<(), Fault> {
        let account = self.billing.lock_account_in(tx, payment.personal_account_id).await?;
        self.post_payment_in(tx, payment, account.provider_id).await?;
        let change = Change {
            kind: LedgerEntryKind::Payment,
            amount: -payment.amount,
            occurred_at: self.clock.now(),
            payment_id: Some(payment.id),
            in_transit: payment.amount,
        };
        self.billing.append_in(tx, payment.personal_account_id, change).await?;
        let news = Some((payment.id, PaymentStatus::Succeeded));
        let moved = BalanceChanged { personal_account_id: payment.personal_account_id, payment: news };
        self.outbox.enqueue_in(tx, &moved).await?;
        self.outbox.enqueue_in(tx, &SendPaymentSucceeded { payment_id: payment.id }).await?;
        let watched = self.clock.now() + FIRST_WATCH;
        self.outbox.enqueue_at_in(tx, &WatchPayment { payment_id: payment.id }, watched).await
    }

    /// Of a person who is erased payments stay, and to where their receipts went does not; how many there were.
    pub async fn forget_receipt_addresses_in(&self, tx: &Tx, user_id: UserId) -> Result<u64, Fault> {
        store::clear_receipt_emails_in(tx, user_id).await
    }

    /// A payment of the person's own.
    pub async fn find_payment(&self, person: &Person, id: PaymentId) -> Result<Option<payment::Model>, Fault> {
        let payment = store::find_payment(self.db.read(), id).await?;
        Ok(payment.filter(|payment| is_shown(payment, person)))
    }

    /// The letter of a paid payment goes out again, to where it went before.
    pub async fn send_receipt_again(&self, payment: &payment::Model) -> Result<Again, Fault> {
        if payment.paid_at.is_none() {
            return Ok(Again::NotPaid);
        }
        if !self.receipts_again.take(&payment.id.0.to_string()).await? {
            return Ok(Again::TooOften);
        }
        let job = &SendPaymentSucceeded { payment_id: payment.id };
        let sent = self.db.transaction(|tx| async move {
            self.outbox.enqueue_in(&tx, job).await?;
            Ok::<_, Failure<std::convert::Infallible>>(())
        });
        sent.await?;
        Ok(Again::Sent)
    }

    /// Those of the payments that the person made.
    pub async fn find_payments(&self, person: &Person, ids: &[PaymentId]) -> Result<Vec<payment::Model>, Fault> {
        let payments = store::find_payments(self.db.read(), ids).await?;
        Ok(payments.into_iter().filter(|payment| is_shown(payment, person)).collect())
    }

    /// Payments by their ids, whoever made them: for whoever shows access by other means.
    pub async fn rows(&self, ids: &[PaymentId]) -> Result<Vec<payment::Model>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        store::find_payments(self.db.read(), ids).await
    }

    /// What the person paid here, for whatever account, newest first.
    pub async fn list_paid_by(
        &self,
        person: &Person,
        filter: Filter,
        page: Page<PaymentId>,
    ) -> Result<Slice<payment::Model>, Fault> {
        let rows = store::page_paid_by(self.db.read(), person.user_id, filter.within(person), &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// What this person paid for the account, newest first.
    pub async fn list_payments(
        &self,
        access: &AccountAccess,
        page: Page<PaymentId>,
    ) -> Result<Slice<payment::Model>, Fault> {
        let rows = store::page_payments(self.db.read(), access.key(), access.user_id(), &page).await?;
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

    /// Payments that are open for longer than any acquirer lets a payer wait.
    pub async fn count_stuck(&self) -> Result<u64, Fault> {
        store::count_open(self.db.read(), self.clock.now() - super::settlement::ALARM_AFTER).await
    }
}

/// What a person made, they see; an app that acts for them sees what it was let see.
fn is_shown(payment: &payment::Model, person: &Person) -> bool {
    payment.user_id == person.user_id
        && person.reaches(payment.personal_account_id)
        && person.since().shows_moment(payment.created_at)
}

/// When to look at an open payment of that age again; the janitor's timetable.
pub fn next_look(created_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let age = now - created_at;
    let due = LOOKS.iter().map(|seconds| TimeDelta::seconds(*seconds)).find(|due| *due > age);
    match due {
        Some(due) => created_at + due,
        None if age < super::settlement::ALARM_AFTER => now + TimeDelta::hours(1),
        None => now + TimeDelta::hours(6),
    }
}

/// Seconds of age: 10 s, then pauses of 30 s, 1 min, 5 min, 15 min, 1 h; every hour later, every six after the alarm.
const LOOKS: [i64; 6] = [10, 40, 100, 400, 1_300, 4_900];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_between_looks_grow_and_never_end() {
        let start: DateTime<Utc> = "2026-06-20T09:00:00Z".parse().unwrap();
        let (mut now, mut pauses) = (start, Vec::new());
        for _ in 0..34 {
            let next = next_look(start, now);
            pauses.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!(pauses[..8], [10, 30, 60, 300, 900, 3_600, 3_600, 3_600]);
        assert_eq!(pauses[33], 6 * 3_600);
    }
}
