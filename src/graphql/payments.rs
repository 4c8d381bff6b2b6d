//! Payments.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject, SimpleObject};
use entity::enums::Locale;
use entity::{payment, refund};

use super::accounts::{Money, PersonalAccount};
use super::billing::download_url;
use super::context::Find;
use super::enums::{PaymentMethod, PaymentStatus, ReceiptMode, RefundStatus};
use super::error::{AmountOutOfRangeError, ErrorCode, TopError, UserError, path};
use super::ids;
use super::metering::{MeterReading, MeterReadingInput, given_readings, submission_errors};
use super::scalars::{DateTime, Decimal, EmailAddress};
use crate::kernel::{Failure, Fault};
use crate::papers::is_paid;
use crate::payments::cancellation::CancellationRefusal;
use crate::payments::checkout::{Amount, Checkout, Started};
use crate::payments::error::CheckoutRefusal;
use crate::payments::payment::{Again, Filter};
use crate::payments::promises::{Step, StepKind, steps};
use crate::payments::state::{NEVER_ARRIVED, is_open};
use crate::payments::terms::Offer;
use crate::platform::qr::svg;

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
    /// How much.
    pub amount: Money,
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

fn failure_message(reason: &str, locale: Locale) -> &'static str {
    let (ru, en) = match reason {
        "insufficient_funds" => ("На карте не хватает денег.", "There is not enough money on the card."),
        "3d_secure_failed" => ("Проверка 3-D Secure не пройдена.", "The 3-D Secure check failed."),
        NEVER_ARRIVED => {
            ("Банк не получил платёж. Деньги не списаны.", "The bank did not get the payment. No money was taken.")
        }
        "canceled_by_merchant" => {
            ("Вы отменили платёж. Деньги не списаны.", "You gave the payment up. No money was taken.")
        }
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

/// How much to pay: give one.
#[derive(Clone, Debug, OneofObject)]
pub enum PaymentAmountInput {
    /// True: what is owed at the moment of the start.
    CurrentDebt(bool),
    /// A sum of one's own, roubles.
    Custom(Decimal),
}

/// A payment to start.
#[derive(Clone, Debug, InputObject)]
pub struct StartPaymentInput {
    /// Id of an attached account.
    pub personal_account_id: ID,
    /// How much.
    pub amount: PaymentAmountInput,
    /// Readings to send along: all of it is done, or nothing.
    pub readings: Option<Vec<MeterReadingInput>>,
    /// Where the bank sends the payer back to, http or https.
    pub return_url: Option<String>,
    /// Where the receipt goes; by default the viewer's address.
    pub receipt_email: Option<EmailAddress>,
    /// How to pay; by default it is chosen on the acquirer's page.
    pub method: Option<PaymentMethod>,
    /// Keep what is paid with, so that an autopay may charge it; by default it is not kept.
    #[graphql(default = false)]
    pub save_method: bool,
    /// The same key with the same input gives the same payment: make one before the first try and keep it.
    pub idempotency_key: String,
}

/// What became of the start.
#[derive(Default, SimpleObject)]
pub struct StartPaymentPayload {
    /// The payment: send the payer to its `confirmationUrl`.
    pub payment: Option<Payment>,
    /// Whether the key was used before with the same input: this is that payment, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which payment.
#[derive(Clone, Debug, InputObject)]
pub struct CancelPaymentInput {
    /// Id of a payment that the viewer started.
    pub id: ID,
}

/// The payment is given up, or nothing was done.
#[derive(Default, SimpleObject)]
pub struct CancelPaymentPayload {
    /// The payment, CANCELED.
    pub payment: Option<Payment>,
    /// Whether it was given up before, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which payment.
#[derive(Clone, Debug, InputObject)]
pub struct SendPaymentReceiptInput {
    /// Id of a payment that the viewer made.
    pub id: ID,
}

/// The letter is on its way, or nothing was done.
#[derive(Default, SimpleObject)]
pub struct SendPaymentReceiptPayload {
    /// The payment.
    pub payment: Option<Payment>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct PaymentMutation;

#[Object]
impl PaymentMutation {
    /// Starts a payment of the current debt or of a sum of one's own, with readings or without.
    async fn start_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payment.")] input: StartPaymentInput,
    ) -> Result<StartPaymentPayload, TopError> {
        let actor = ctx.actor()?;
        let (locale, person) = (actor.locale, ctx.person()?);
        let refused = |user_errors| Ok(StartPaymentPayload { user_errors, ..Default::default() });
        let (checkout, key) = match checkout(input, locale) {
            Ok(checkout) => checkout,
            Err(errors) => return refused(errors),
        };
        match ctx.services()?.payments.start_payment(person, actor, checkout, &key).await {
            Ok(Started { payment, replayed }) => {
                Ok(StartPaymentPayload { payment: Some(Payment(payment)), replayed, user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => refused(checkout_errors(refusal, locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Gives up a payment that nobody has paid yet. Repeating it changes nothing.
    async fn cancel_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payment.")] input: CancelPaymentInput,
    ) -> Result<CancelPaymentPayload, TopError> {
        let (actor, person, id) = (ctx.actor()?, ctx.person()?, ids::decode(&input.id));
        let refusal = match ctx.services()?.payments.cancel_payment(person, actor, id).await {
            Ok((payment, replayed)) => {
                let payment = Some(Payment(payment));
                return Ok(CancelPaymentPayload { payment, replayed, user_errors: Vec::new() });
            }
            Err(Failure::Refused(refusal)) => refusal,
            Err(Failure::Fault(fault)) => return Err(fault.into()),
        };
        let code = match refusal {
            CancellationRefusal::NotFound => ErrorCode::PaymentNotFound,
            CancellationRefusal::NotCancelable => ErrorCode::PaymentNotCancelable,
            CancellationRefusal::Unknown => ErrorCode::PaymentUnknown,
        };
        let user_errors = vec![UserError::basic(code, path(["id"]), actor.locale)];
        Ok(CancelPaymentPayload { user_errors, ..Default::default() })
    }

    /// Sends the letter with a payment's receipt again, to where it went before.
    async fn send_payment_receipt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payment.")] input: SendPaymentReceiptInput,
    ) -> Result<SendPaymentReceiptPayload, TopError> {
        let (locale, person, services) = (ctx.actor()?.locale, ctx.person()?, ctx.services()?);
        let refused = |code| {
            let user_errors = vec![UserError::basic(code, path(["id"]), locale)];
            Ok(SendPaymentReceiptPayload { user_errors, ..Default::default() })
        };
        let payment = match ids::decode(&input.id) {
            Some(id) if person.confirmed => services.payments.find_payment(person, id).await?,
            _ => None,
        };
        let Some(payment) = payment else { return refused(ErrorCode::PaymentNotFound) };
        match services.payments.send_receipt_again(&payment).await? {
            Again::Sent => Ok(SendPaymentReceiptPayload { payment: Some(Payment(payment)), user_errors: Vec::new() }),
            Again::NotPaid => refused(ErrorCode::PaymentNotPaid),
            Again::TooOften => refused(ErrorCode::ReceiptSentTooOften),
        }
    }
}

fn checkout(input: StartPaymentInput, locale: Locale) -> Result<(Checkout, String), Vec<UserError>> {
    let one = |code, field| vec![UserError::basic(code, field, locale)];
    let account = ids::decode(&input.personal_account_id);
    let personal_account_id = account.ok_or_else(|| one(ErrorCode::AccountNotFound, path(["personalAccountId"])))?;
    let amount = match input.amount {
        PaymentAmountInput::CurrentDebt(true) => Amount::CurrentDebt,
        PaymentAmountInput::CurrentDebt(false) => return Err(one(ErrorCode::AmountMissing, path(["amount"]))),
        PaymentAmountInput::Custom(Decimal(sum)) => {
            Amount::Custom(sum.parse().map_err(|_| one(ErrorCode::NumberMalformed, path(["amount", "custom"])))?)
        }
    };
    let receipt_email = input.receipt_email.map(|EmailAddress(text)| text.parse());
    let receipt_email =
        receipt_email.transpose().map_err(|_| one(ErrorCode::EmailMalformed, path(["receiptEmail"])))?;
    let readings = given_readings(input.readings.unwrap_or_default(), locale)?;
    let checkout = Checkout {
        personal_account_id,
        amount,
        readings,
        return_url: input.return_url,
        receipt_email,
        method: input.method.unwrap_or_default().into(),
        save_method: input.save_method,
    };
    Ok((checkout, input.idempotency_key))
}

fn checkout_errors(refusal: CheckoutRefusal, locale: Locale) -> Vec<UserError> {
    let one = |code, field| vec![UserError::basic(code, field, locale)];
    match refusal {
        CheckoutRefusal::NotConfirmed => one(ErrorCode::EmailNotConfirmed, None),
        CheckoutRefusal::AccountNotFound => one(ErrorCode::AccountNotFound, path(["personalAccountId"])),
        CheckoutRefusal::NothingOwed => one(ErrorCode::NothingOwed, path(["amount", "currentDebt"])),
        CheckoutRefusal::AmountOutOfRange { least, most } => vec![UserError::AmountOutOfRange(AmountOutOfRangeError {
            code: ErrorCode::AmountOutOfRange,
            field: path(["amount"]),
            message: ErrorCode::AmountOutOfRange.message(locale).to_owned(),
            least: least.into(),
            most: most.into(),
        })],
        CheckoutRefusal::ProviderNotPayable => one(ErrorCode::ProviderNotPayable, path(["personalAccountId"])),
        CheckoutRefusal::ReturnUrlMalformed => one(ErrorCode::ReturnUrlMalformed, path(["returnUrl"])),
        CheckoutRefusal::KeyMalformed => one(ErrorCode::IdempotencyKeyMalformed, path(["idempotencyKey"])),
        CheckoutRefusal::KeyReused => one(ErrorCode::IdempotencyKeyReused, path(["idempotencyKey"])),
        CheckoutRefusal::KeyRunning => one(ErrorCode::IdempotencyKeyRunning, path(["idempotencyKey"])),
        CheckoutRefusal::Readings(refusal) => submission_errors(&refusal, locale),
    }
}
