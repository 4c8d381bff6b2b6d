//! Starts a payment: the intent is committed first, then the acquirer is asked.

use std::collections::BTreeMap;

use entity::enums::{AuditEventKind, PaymentMethod, PaymentStatus, ReadingSource};
use entity::exact::Money;
use entity::ids::{PaymentId, PersonalAccountId};
use entity::payment;
use serde::Serialize;

use super::error::CheckoutRefusal;
use super::event::SettlePayment;
use super::order::utilities;
use super::settlement::FIRST_CHECK;
use super::terms::{PaymentTerms, commission};
use super::together::MOST;
use super::{Payments, store};
use crate::accounts::AccountAccess;
use crate::accounts::error::AccessRefusal;
use crate::identity::audit::{Act, Origin};
use crate::kernel::{EmailAddress, Failure, Fault, Person};
use crate::metering::error::SubmissionRefusal;
use crate::metering::reading::{GivenReading, Submission};
use crate::platform::db::Tx;
use crate::platform::idempotency::{self, Keyed};

#[derive(Clone, Copy, Debug, Serialize)]
pub enum Amount {
    /// What is owed at the moment of the start.
    CurrentDebt,
    Custom(Money),
}

/// An account and how much of it is paid.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    pub personal_account_id: PersonalAccountId,
    pub amount: Amount,
}

#[derive(Clone, Debug, Serialize)]
pub struct Checkout {
    pub personal_account_id: PersonalAccountId,
    pub amount: Amount,
    pub readings: Vec<GivenReading>,
    pub return_url: Option<String>,
    pub receipt_email: Option<EmailAddress>,
    /// Left out of the key's fingerprint where nothing was chosen, as keys from before there was a choice have it.
    #[serde(skip_serializing_if = "is_any")]
    pub method: PaymentMethod,
    /// The payer lets the acquirer keep what they pay with.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub save_method: bool,
    /// Other accounts of the same provider that are paid at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Part>,
}

/// What is paid of an account, which may be reached.
struct Line {
    id: PaymentId,
    access: AccountAccess,
    amount: Amount,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_any(method: &PaymentMethod) -> bool {
    *method == PaymentMethod::Any
}

/// A payment, and whether the key was used before, so that nothing was done now.
#[derive(Clone, Debug)]
pub struct Started {
    pub payment: payment::Model,
    pub replayed: bool,
}

type Result<T> = std::result::Result<T, Failure<CheckoutRefusal>>;

impl Payments {
    /// Starts a payment, with the readings or not at all. The same key gives the same payment again.
    ///
    /// When the acquirer does not answer, the payment has no confirmation URL yet; a job goes on trying.
    pub async fn start_payment(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        checkout: Checkout,
        key: &str,
    ) -> Result<Started> {
        if key.is_empty() || key.len() > idempotency::LONGEST_KEY {
            return Err(Failure::Refused(CheckoutRefusal::KeyMalformed));
        }
        if checkout.return_url.as_deref().is_some_and(|url| !is_web_address(url)) {
            return Err(Failure::Refused(CheckoutRefusal::ReturnUrlMalformed));
        }
        let keyed = Keyed::new(person.user_id, "startPayment", key, &checkout)?;
        // Before anything else is looked at: the account may be detached by now.
        let first: Option<PaymentId> = idempotency::find_outcome(self.db.read(), &keyed)
            .await
            .map_err(|failure| failure.map(CheckoutRefusal::from))?;
        if let Some(first) = first {
            // Not there only for an app that may not see it.
            let payment = self.find_payment(person, first).await?;
            let payment = payment.ok_or(Failure::Refused(CheckoutRefusal::AccountNotFound))?;
            return Ok(self.placed(Started { payment, replayed: true }).await);
        }
        let access = self
            .accounts
            .access(person, checkout.personal_account_id)
            .await
            .map_err(|failure| failure.map(refused_access))?;
        if !access.may_pay() {
            return Err(Failure::Refused(CheckoutRefusal::NotShared));
        }
        let terms = &self.terms_of(access.provider_id()).await?;
        if terms.utilities && !self.is_payable(&access).await? {
            return Err(Failure::Refused(CheckoutRefusal::ProviderNotPayable));
        }
        let lines = &self.lines(person, access, &checkout, terms).await?;
        let submission = self.prepare_readings(person, &checkout).await?;
        let (keyed, checkout, submission) = (&keyed, &checkout, submission.as_ref());
        let origin = &origin.into();
        let committed = self.db.transaction(|tx| async move {
            let first: Option<PaymentId> = idempotency::first_outcome_in(&tx, keyed, self.clock.now())
                .await
                .map_err(|failure| failure.map(CheckoutRefusal::from))?;
            if let Some(first) = first {
                let payment = store::find_payment(&*tx, first).await?;
                let payment = payment.ok_or_else(|| Fault::internal("a payment vanished"))?;
                return Ok(Started { payment, replayed: true });
            }
            let (payment, amount) = self.intend_in(&tx, lines, (checkout, terms), submission).await?;
            let started = Act::new(AuditEventKind::PaymentStarted).about(payment.id).with("amount", &amount);
            self.audit.append_in(&tx, person.user_id, origin.clone(), started).await?;
            idempotency::record_in(&tx, keyed, &payment.id).await?;
            Ok(Started { payment, replayed: false })
        });
        Ok(self.placed(committed.await?).await)
    }

    /// With the acquirer's word on it, or as it is when the acquirer does not answer.
    async fn placed(&self, started: Started) -> Started {
        let Started { payment, replayed } = started;
        let placed = if replayed { self.await_call(payment.clone()).await } else { self.create(&payment).await };
        let payment = placed.unwrap_or_else(|fault| {
            tracing::warn!(payment = %payment.id.0, %fault, "the acquirer did not take a payment yet");
            payment
        });
        Started { payment, replayed }
    }

    async fn prepare_readings(&self, person: &Person, checkout: &Checkout) -> Result<Option<Submission>> {
        if checkout.readings.is_empty() {
            return Ok(None);
        }
        let prepared =
            self.metering.prepare(&self.accounts, person, checkout.readings.clone(), ReadingSource::Payment).await;
        prepared.map(Some).map_err(|failure| failure.map(CheckoutRefusal::Readings))
    }

    /// Every account that is to be paid, the first one first. All are of one provider, and none is named twice.
    async fn lines(
        &self,
        person: &Person,
        first: AccountAccess,
        checkout: &Checkout,
        terms: &PaymentTerms,
    ) -> Result<Vec<Line>> {
        let wanted: Vec<PersonalAccountId> = checkout.others.iter().map(|part| part.personal_account_id).collect();
        let mut found = if wanted.is_empty() {
            Vec::new()
        } else {
            let found = self.accounts.access_to(person, &wanted).await;
            found.map_err(|failure| failure.map(refused_access))?
        };
        let mut lines = vec![Line { id: self.entropy.id(&self.clock)?, access: first, amount: checkout.amount }];
        for (place, part) in checkout.others.iter().enumerate() {
            let refused = |refusal| Err(Failure::Refused(CheckoutRefusal::Other { place, refusal: Box::new(refusal) }));
            let known = lines.iter().any(|line| line.access.id() == part.personal_account_id);
            // An acquirer that is told whose money it is hears of one account only.
            if known || terms.utilities || lines.len() >= MOST {
                return refused(CheckoutRefusal::NotTogether);
            }
            let Some(number) = found.iter().position(|access| access.id() == part.personal_account_id) else {
                return refused(CheckoutRefusal::AccountNotFound);
            };
            let access = found.swap_remove(number);
            if !access.may_pay() {
                return refused(CheckoutRefusal::NotShared);
            }
            if lines.iter().any(|line| line.access.provider_id() != access.provider_id()) {
                return refused(CheckoutRefusal::NotTogether);
            }
            lines.push(Line { id: self.entropy.id(&self.clock)?, access, amount: part.amount });
        }
        Ok(lines)
    }

    /// What each account gets, with all of them locked.
    async fn sums_in(&self, tx: &Tx, lines: &[Line]) -> Result<Vec<Money>> {
        // The accounts first, as everywhere, in the order of their ids: a row is the clock of its ledger.
        let mut accounts: Vec<PersonalAccountId> = lines.iter().map(|line| line.access.id()).collect();
        accounts.sort();
        let mut owed = BTreeMap::new();
        for id in accounts {
            owed.insert(id, self.billing.lock_account_in(tx, id).await?.balance);
        }
        let (least, most) = (self.config.payments.minimum, self.config.payments.maximum);
        let (mut sums, mut total) = (Vec::with_capacity(lines.len()), Money::ZERO);
        for (place, line) in lines.iter().enumerate() {
            let amount = match line.amount {
                Amount::CurrentDebt => owed.get(&line.access.id()).copied().unwrap_or_default(),
                Amount::Custom(amount) => amount,
            };
            let nothing = matches!(line.amount, Amount::CurrentDebt) && amount <= Money::ZERO;
            let refusal = if nothing {
                CheckoutRefusal::NothingOwed
            } else if amount < least || amount > most - total {
                CheckoutRefusal::AmountOutOfRange { least, most }
            } else {
                total += amount;
                sums.push(amount);
                continue;
            };
            return Err(Failure::Refused(match place.checked_sub(1) {
                None => refusal,
                Some(place) => CheckoutRefusal::Other { place, refusal: Box::new(refusal) },
            }));
        }
        Ok(sums)
    }

    /// The first payment, and what goes to the provider in all.
    async fn intend_in(
        &self,
        tx: &Tx,
        lines: &[Line],
        (checkout, terms): (&Checkout, &PaymentTerms),
        submission: Option<&Submission>,
    ) -> Result<(payment::Model, Money)> {
        let sums = self.sums_in(tx, lines).await?;
        let (total, now): (Money, _) = (sums.iter().copied().sum(), self.clock.now());
        let rows = lines.iter().zip(sums).map(|(line, amount)| self.intent(line, amount, checkout));
        let mut rows: Vec<payment::Model> = rows.collect();
        let mut first = rows.remove(0);
        if !rows.is_empty() {
            first.together_id = Some(first.id);
        }
        // One payment, one commission: the first bears it.
        first.commission = commission(terms, total);
        first.saves_method = checkout.save_method;
        for row in &mut rows {
            row.together_id = Some(first.id);
        }
        store::insert_payments_in(tx, [first.clone()].into_iter().chain(rows)).await?;
        if let Some(submission) = submission {
            let stored = self.metering.store_in(tx, submission, Some(first.id)).await;
            stored.map_err(|failure| {
                failure.map(|refused| CheckoutRefusal::Readings(SubmissionRefusal::Readings(refused)))
            })?;
        }
        self.outbox.enqueue_at_in(tx, &SettlePayment { payment_id: first.id }, now + FIRST_CHECK).await?;
        Ok((first, total))
    }

    fn intent(&self, line: &Line, amount: Money, checkout: &Checkout) -> payment::Model {
        let now = self.clock.now();
        payment::Model {
            id: line.id,
            personal_account_id: line.access.id(),
            user_id: line.access.user_id(),
            amount,
            commission: Money::ZERO,
            status: PaymentStatus::Created,
            acquirer: self.config.payments.acquirer.clone(),
            acquirer_payment_id: None,
            confirmation_url: None,
            return_url: checkout.return_url.clone(),
            receipt_email: checkout.receipt_email.as_ref().map(ToString::to_string),
            failure: None,
            created_at: now,
            paid_at: None,
            checks: 0,
            // Whoever commits the intent makes the first call.
            called_at: Some(now),
            refunded: Money::ZERO,
            method: checkout.method,
            qr_payload: None,
            receipt_status: None,
            receipt_at: None,
            sent_at: None,
            posted_at: None,
            register_id: None,
            saves_method: false,
            saved_method_id: None,
            together_id: None,
        }
    }
}

impl Payments {
    /// Whether the acquirer can be told all that it must know about the provider.
    pub(super) async fn is_payable(&self, access: &AccountAccess) -> std::result::Result<bool, Fault> {
        let provider = self.accounts.find_provider(access.provider_id()).await?;
        Ok(provider
            .is_some_and(|provider| utilities(&provider, self.accounts.today_at(&provider), access.number()).is_some()))
    }
}

fn refused_access(refusal: AccessRefusal) -> CheckoutRefusal {
    match refusal {
        AccessRefusal::NotConfirmed => CheckoutRefusal::NotConfirmed,
        AccessRefusal::NotFound => CheckoutRefusal::AccountNotFound,
    }
}

/// Absolute, http or https: the bank's page links to it.
fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && url.len() <= 2048
        && !url.contains(char::is_whitespace)
}
