//! A payment is started.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};
use entity::enums::Locale;

use super::Payment;
use crate::graphql::context::Find;
use crate::graphql::enums::PaymentMethod;
use crate::graphql::error::{AmountOutOfRangeError, ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::graphql::metering::{MeterReadingInput, given_readings, submission_errors};
use crate::graphql::scalars::{Decimal, EmailAddress};
use crate::kernel::Failure;
use crate::payments::checkout::{Amount, Checkout, Started};
use crate::payments::error::CheckoutRefusal;

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

#[derive(Default)]
pub struct CheckoutMutation;

#[Object]
impl CheckoutMutation {
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
        CheckoutRefusal::NotShared => one(ErrorCode::NotShared, path(["personalAccountId"])),
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
