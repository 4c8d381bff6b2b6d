//! Starts a payment: the intent is committed first, then the acquirer is asked.

use entity::enums::{AuditEventKind, PaymentStatus, ReadingSource};
use entity::exact::Money;
use entity::ids::{PaymentId, PersonalAccountId};
use entity::payment;
use serde::Serialize;

use super::acquirer::Order;
use super::error::CheckoutRefusal;
use super::event::SettlePayment;
use super::payment::FIRST_CHECK;
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

#[derive(Clone, Debug, Serialize)]
pub struct Checkout {
    pub personal_account_id: PersonalAccountId,
    pub amount: Amount,
    pub readings: Vec<GivenReading>,
    pub return_url: Option<String>,
    pub receipt_email: Option<EmailAddress>,
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
    ) -> Result<payment::Model> {
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
            .map_err(|failure| failure.map(|_| CheckoutRefusal::KeyReused))?;
        if let Some(first) = first {
            let payment = self.find_payment(person, first).await?;
            return Ok(self.placed(payment.ok_or_else(|| Fault::internal("a payment vanished"))?).await);
        }
        let access = self
            .accounts
            .access(person, checkout.personal_account_id)
            .await
            .map_err(|failure| failure.map(refused_access))?;
        let submission = self.prepare_readings(person, &checkout).await?;
        let id = self.entropy.id(&self.clock)?;
        let (keyed, access, checkout, submission) = (&keyed, &access, &checkout, submission.as_ref());
        let origin = &origin.into();
        let committed = self.db.transaction(|tx| async move {
            let first: Option<PaymentId> = idempotency::first_outcome_in(&tx, keyed, self.clock.now())
                .await
                .map_err(|failure| failure.map(|_| CheckoutRefusal::KeyReused))?;
            if let Some(first) = first {
                return Ok(store::find_payment(&*tx, first)
                    .await?
                    .ok_or_else(|| Fault::internal("a payment vanished"))?);
            }
            let payment = self.intend_in(&tx, id, access, checkout, submission).await?;
            let started = Act::new(AuditEventKind::PaymentStarted).about(payment.id).with("amount", &payment.amount);
            self.audit.append_in(&tx, person.user_id, origin.clone(), started).await?;
            idempotency::record_in(&tx, keyed, &payment.id).await?;
            Ok(payment)
        });
        Ok(self.placed(committed.await?).await)
    }

    /// With the acquirer's word on it, or as it is when the acquirer does not answer.
    async fn placed(&self, payment: payment::Model) -> payment::Model {
        match self.place(payment.id).await {
            Ok(placed) => placed,
            Err(fault) => {
                tracing::warn!(payment = %payment.id.0, %fault, "the acquirer did not take a payment yet");
                payment
            }
        }
    }

    async fn prepare_readings(&self, person: &Person, checkout: &Checkout) -> Result<Option<Submission>> {
        if checkout.readings.is_empty() {
            return Ok(None);
        }
        let prepared =
            self.metering.prepare(&self.accounts, person, checkout.readings.clone(), ReadingSource::Payment).await;
        prepared.map(Some).map_err(|failure| failure.map(CheckoutRefusal::Readings))
    }

    async fn intend_in(
        &self,
        tx: &Tx,
        id: PaymentId,
        access: &AccountAccess,
        checkout: &Checkout,
        submission: Option<&Submission>,
    ) -> Result<payment::Model> {
        // The account first, as everywhere: its row is the clock of its ledger.
        let account = self.billing.lock_account_in(tx, access.id()).await?;
        let amount = match checkout.amount {
            Amount::CurrentDebt if account.balance <= Money::ZERO => {
                return Err(Failure::Refused(CheckoutRefusal::NothingOwed));
            }
            Amount::CurrentDebt => account.balance,
            Amount::Custom(amount) => amount,
        };
        let (least, most) = (self.config.payments.minimum, self.config.payments.maximum);
        if amount < least || amount > most {
            return Err(Failure::Refused(CheckoutRefusal::AmountOutOfRange { least, most }));
        }
        let now = self.clock.now();
        let payment = payment::Model {
            id,
            personal_account_id: access.id(),
            user_id: access.user_id(),
            amount,
            commission: Money::ZERO,
            status: PaymentStatus::Pending,
            acquirer: self.config.payments.acquirer.clone(),
            acquirer_payment_id: None,
            confirmation_url: None,
            return_url: checkout.return_url.clone(),
            receipt_email: checkout.receipt_email.as_ref().map(ToString::to_string),
            failure: None,
            created_at: now,
            paid_at: None,
            checks: 0,
        };
        store::insert_payment_in(tx, payment.clone()).await?;
        if let Some(submission) = submission {
            let stored = self.metering.store_in(tx, submission, Some(payment.id)).await;
            stored.map_err(|failure| {
                failure.map(|refused| CheckoutRefusal::Readings(SubmissionRefusal::Readings(refused)))
            })?;
        }
        self.outbox.enqueue_at_in(tx, &SettlePayment { payment_id: payment.id }, now + FIRST_CHECK).await?;
        Ok(payment)
    }

    /// Makes the payment known to its acquirer, once; the payment's id is the key, so a crash between is healed by repeating.
    pub(super) async fn place(&self, id: PaymentId) -> std::result::Result<payment::Model, Fault> {
        let payment =
            store::find_payment(self.db.read(), id).await?.ok_or_else(|| Fault::internal("a payment vanished"))?;
        if payment.acquirer_payment_id.is_some() {
            return Ok(payment);
        }
        let returned = || format!("{}/payments/returned", self.config.http.public_url);
        let order = Order {
            idempotence_key: payment.id.0.to_string(),
            amount: payment.amount,
            description: self.description(&payment).await?,
            return_url: payment.return_url.clone().unwrap_or_else(returned),
        };
        let placed = self.acquirer(&payment.acquirer)?.place(&order).await?;
        let placed = &placed;
        let stored = self.db.transaction(|tx| async move {
            store::update_placed_in(&tx, id, &placed.acquirer_payment_id, &placed.confirmation_url).await?;
            Ok::<_, Failure<std::convert::Infallible>>(store::find_payment(&*tx, id).await?)
        });
        stored.await?.ok_or_else(|| Fault::internal("a payment vanished"))
    }

    /// What the payer reads at the bank.
    async fn description(&self, payment: &payment::Model) -> std::result::Result<String, Fault> {
        let (number, provider) = self.accounts.name_of(payment.personal_account_id).await?;
        Ok(format!("{provider}, л/с {number}").chars().take(128).collect())
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
