//! Payments.

mod cancellation;
mod checkout;
mod receipt;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::enums::Locale;
use entity::{payment, refund};

use super::accounts::{Money, PersonalAccount};
use super::billing::download_url;
use super::context::Find;
use super::enums::{PaymentMethod, PaymentStatus, ReceiptMode, RefundStatus};
use super::error::TopError;
use super::ids;
use super::metering::MeterReading;
use super::scalars::DateTime;
use crate::kernel::Fault;
use crate::papers::is_paid;
use crate::payments::payment::Filter;
use crate::payments::promises::{Step, StepKind, steps};
use crate::payments::state::{ENDED_BY_OPERATOR, NEVER_ARRIVED, is_open};
use crate::payments::terms::Offer;
use crate::payments::together::due;
use crate::platform::qr::svg;

pub use cancellation::CancellationMutation;
pub use checkout::CheckoutMutation;
pub use receipt::ReceiptMutation;

/// Why a payment was cancelled.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentFailure {
    /// The acquirer's reason, such as `insufficient_funds`.
    pub reason: String,
    /// What to do, for the person.
    pub message: String,
}

/// Money given back of a payment.
#[derive(Clone, Debug, SimpleObject)]
pub struct Refund {
    /// How much of the payment's amount.
    pub amount: Money,
    /// How much of its commission beside it: the acquirer has given it back by itself.
    pub commission: Money,
    /// How far it has come.
    pub status: RefundStatus,
    /// When it was asked for.
    pub created_at: DateTime,
    /// When it ended, either way.
    pub finished_at: Option<DateTime>,
}

impl From<refund::Model> for Refund {
    fn from(refund: refund::Model) -> Self {
        Self {
            amount: refund.amount.into(),
            commission: refund.commission.into(),
            status: refund.status.into(),
            created_at: DateTime(refund.created_at),
            finished_at: refund.finished_at.map(DateTime),
        }
    }
}

/// A step of a payment after its money has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentStepKind {
    /// The money has come.
    Paid,
    /// The acquirer has made the receipt of 54-FZ.
    FiscalReceipt,
    /// A register has told the provider.
    SentToProvider,
    /// The provider shows it.
    Posted,
}

/// A step, and whether the promise was kept.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentStep {
    /// Which one.
    pub kind: PaymentStepKind,
    /// When it was done; null while it is not.
    pub done_at: Option<DateTime>,
    /// By when it is to be done.
    pub promised_by: Option<DateTime>,
    /// Whether the promise was missed: we look into it by ourselves.
    pub late: bool,
}

impl PaymentStep {
    fn of(step: &Step, now: chrono::DateTime<chrono::Utc>) -> Self {
        let kind = match step.kind {
            StepKind::Paid => PaymentStepKind::Paid,
            StepKind::FiscalReceipt => PaymentStepKind::FiscalReceipt,
            StepKind::SentToProvider => PaymentStepKind::SentToProvider,
            StepKind::Posted => PaymentStepKind::Posted,
        };
        Self {
            kind,
            done_at: step.at.map(DateTime),
            promised_by: step.promised_by.map(DateTime),
            late: step.is_late(now),
        }
    }
}

/// What paying would cost, before it is begun.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentOffer {
    /// What goes to the provider: the sum asked about, or the current debt.
    pub amount: Money,
    /// What the payer pays on top.
    pub commission: Money,
    /// Both together.
    pub total: Money,
    /// The least sum that can be paid at once.
    pub least: Money,
    /// The greatest.
    pub most: Money,
    /// Who makes the fiscal receipt.
    pub receipt: ReceiptMode,
}

impl From<Offer> for PaymentOffer {
    fn from(offer: Offer) -> Self {
        Self {
            amount: offer.amount.into(),
            commission: offer.commission.into(),
            total: (offer.amount + offer.commission).into(),
            least: offer.least.into(),
            most: offer.most.into(),
            receipt: offer.receipt.into(),
        }
    }
}

/// Which payments of a history; what is left out holds for all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PaymentFilterInput {
    /// Ids of accounts: at most 50.
    pub personal_account_ids: Option<Vec<ID>>,
    /// How far they have come.
    pub statuses: Option<Vec<PaymentStatus>>,
    /// Started then or later.
    pub from: Option<DateTime>,
    /// Started before then.
    pub to: Option<DateTime>,
}

impl PaymentFilterInput {
    /// # Errors
    /// BAD_INPUT: too many accounts. An id that is none of an account's finds nothing.
    pub fn read(self) -> Result<Filter, TopError> {
        if self.personal_account_ids.as_ref().is_some_and(|ids| ids.len() > 50) {
            return Err(TopError::BadInput("A filter has at most 50 accounts.".to_owned()));
        }
        let accounts = self.personal_account_ids.map(|ids| ids.iter().filter_map(|id| ids::decode(id)).collect());
        let statuses =
            self.statuses.map(|statuses| statuses.into_iter().flat_map(PaymentStatus::kept).copied().collect());
        Ok(Filter { accounts, statuses, from: self.from.map(|at| at.0), to: self.to.map(|at| at.0) })
    }
}

/// A QR code of СБП: the payer's telephone reads it, or opens what it holds.
#[derive(Clone, Debug, SimpleObject)]
pub struct SbpQr {
    /// What the code holds: an address that a bank's application opens.
    pub payload: String,
    /// The code as a picture: an `<svg>` element.
    pub svg: String,
}

/// One attempt to pay.
#[derive(Clone, Debug)]
pub struct Payment(pub payment::Model);

/// One attempt to pay. It only ever moves forward.
#[Object]
impl Payment {
    /// TypeID with the prefix `payment`.
    pub async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// The account that it is for; null when the viewer has detached it.
    async fn personal_account(&self, ctx: &Context<'_>) -> Result<Option<PersonalAccount>, TopError> {
        Ok(ctx.loaders()?.access.load(self.0.personal_account_id).await?.map(PersonalAccount))
    }

    /// What goes to the provider.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }

    /// What the payer pays on top.
    async fn commission(&self) -> Money {
        self.0.commission.into()
    }

    /// All that the payer pays at once: this payment with its commission, and those that are paid together with it. An app
    /// that acts for a person sees the sum of those that it was granted.
    async fn total(&self, ctx: &Context<'_>) -> Result<Money, TopError> {
        let (mut all, person) = (self.together(ctx).await?, ctx.person()?);
        all.retain(|payment| person.reaches(payment.personal_account_id));
        Ok(due(&all).into())
    }

    /// Payments for other accounts of the provider that are paid at once with this one: on one page of the bank, with one
    /// commission and one fiscal receipt, and given up together. Empty for a payment of one account.
    async fn paid_together(&self, ctx: &Context<'_>) -> Result<Vec<Payment>, TopError> {
        let (all, person) = (self.together(ctx).await?, ctx.person()?);
        let others = all.into_iter().filter(|payment| payment.id != self.0.id);
        Ok(others.filter(|payment| person.reaches(payment.personal_account_id)).map(Payment).collect())
    }

    /// How far it has come.
    async fn status(&self) -> PaymentStatus {
        self.0.status.into()
    }

    /// Where to pay; null for the moment in which the acquirer has not answered yet: ask again.
    async fn confirmation_url(&self) -> Option<&str> {
        self.0.confirmation_url.as_deref()
    }

    /// How the payer means to pay.
    async fn method(&self) -> PaymentMethod {
        self.0.method.into()
    }

    /// Of a payment by `SBP_QR` that waits to be paid: what the code holds, and the code.
    async fn sbp_qr(&self) -> Result<Option<SbpQr>, TopError> {
        let waiting = is_open(self.0.status).then_some(self.0.qr_payload.as_deref()).flatten();
        Ok(waiting
            .map(|payload| Ok::<_, Fault>(SbpQr { payload: payload.to_owned(), svg: svg(payload)? }))
            .transpose()?)
    }

    /// When it was started.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When the money came.
    async fn paid_at(&self) -> Option<DateTime> {
        self.0.paid_at.map(DateTime)
    }

    /// Why it was cancelled.
    async fn failure(&self, ctx: &Context<'_>) -> Result<Option<PaymentFailure>, TopError> {
        let locale = ctx.actor()?.locale;
        let failure = |reason: &String| PaymentFailure {
            reason: reason.clone(),
            message: failure_message(reason, locale).to_owned(),
        };
        Ok(self.0.failure.as_ref().map(failure))
    }

    /// What was promised after the money has come, in order; empty before.
    async fn steps(&self, ctx: &Context<'_>) -> Result<Vec<PaymentStep>, TopError> {
        let terms = ctx.loaders()?.payment_terms.load(self.0.personal_account_id).await?;
        let services = ctx.services()?;
        let (now, promises) = (services.clock.now(), &services.config.payments.promises);
        Ok(steps(&self.0, terms.as_ref(), promises).iter().map(|step| PaymentStep::of(step, now)).collect())
    }

    /// What was given back of it, oldest first.
    async fn refunds(&self, ctx: &Context<'_>) -> Result<Vec<Refund>, TopError> {
        let refunds = ctx.loaders()?.payment_refunds.load(self.0.id).await?.unwrap_or_default();
        Ok(refunds.into_iter().map(Refund::from).collect())
    }

    /// What shows that it was paid here, as PDF: fetched with the session. Null until the money has come. The fiscal receipt
    /// is another paper.
    async fn receipt_url(&self, ctx: &Context<'_>) -> Result<Option<String>, TopError> {
        let path = format!("payments/{}.pdf", ids::encode(self.0.id).as_str());
        let url = download_url(&ctx.services()?.config, &path);
        Ok(is_paid(self.0.status).then_some(url))
    }

    /// Readings that were sent along.
    async fn readings(&self, ctx: &Context<'_>) -> Result<Vec<MeterReading>, TopError> {
        let readings = ctx.loaders()?.payment_readings.load(self.0.id).await?.unwrap_or_default();
        Ok(readings.into_iter().map(|reading| MeterReading { reading, meter: None }).collect())
    }
}

impl Payment {
    /// All that are paid at once.
    async fn together(&self, ctx: &Context<'_>) -> Result<Vec<payment::Model>, TopError> {
        let Some(first) = self.0.together_id else { return Ok(vec![self.0.clone()]) };
        Ok(ctx.loaders()?.payments_together.load(first).await?.unwrap_or_default())
    }
}

fn failure_message(reason: &str, locale: Locale) -> &'static str {
    let (ru, en) = match reason {
        "insufficient_funds" => ("На карте не хватает денег.", "There is not enough money on the card."),
        "3d_secure_failed" => ("Проверка 3-D Secure не пройдена.", "The 3-D Secure check failed."),
        NEVER_ARRIVED => {
            ("Банк не получил платёж. Деньги не списаны.", "The bank did not get the payment. No money was taken.")
        }
        "canceled_by_merchant" => {
            ("Платёж отменён. Деньги не списаны.", "The payment was given up. No money was taken.")
        }
        ENDED_BY_OPERATOR => (
            "От банка нет ответа, и платёж закрыт. Если деньги списаны, напишите нам.",
            "The bank did not answer, and the payment was closed. If money was taken, write to us.",
        ),
        "expired_on_confirmation" => {
            ("Время на оплату истекло. Начните новый платёж.", "The time to pay has run out. Start a new payment.")
        }
        _ => ("Банк отказал в платеже. Деньги не списаны.", "The bank refused the payment. No money was taken."),
    };
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}
