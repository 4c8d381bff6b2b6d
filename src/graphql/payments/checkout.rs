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
use crate::payments::checkout::{Amount, Checkout, Part, Started};
use crate::payments::error::CheckoutRefusal;

/// How much to pay: give one.
#[derive(Clone, Debug, OneofObject)]
pub enum PaymentAmountInput {
    /// True: what is owed at the moment of the start.
    CurrentDebt(bool),
    /// A sum of one's own, roubles.
    Custom(Decimal),
}

/// Another account that is paid at once.
#[derive(Clone, Debug, InputObject)]
pub struct OtherAccountInput {
    /// Id of an attached account of the same provider.
    pub personal_account_id: ID,
    /// How much of it.
    pub amount: PaymentAmountInput,
}

/// A payment to start.
#[derive(Clone, Debug, InputObject)]
pub struct StartPaymentInput {
    /// Id of an attached account.
    pub personal_account_id: ID,
    /// How much.
    pub amount: PaymentAmountInput,
    /// Other accounts of the same provider, to be paid at once: up to nine. Each gets a payment of its own, and there is one page at the
    /// bank, one commission and one fiscal receipt. Not where the acquirer must be told of each account (utilities).
    pub other_accounts: Option<Vec<OtherAccountInput>>,
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
    /// The payment: send the payer to its `confirmationUrl`. Of several accounts that of the first; `paidTogether` are the others.
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
        // What a payer keeps is their own to give: an app cannot even see it.
        let save_method = checkout.save_method && person.limits.is_none();
        let checkout = Checkout { save_method, ..checkout };
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
    let amount = amount(input.amount, None, locale)?;
    let others = others(input.other_accounts.unwrap_or_default(), locale)?;
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
        others,
    };
    Ok((checkout, input.idempotency_key))
}

fn others(inputs: Vec<OtherAccountInput>, locale: Locale) -> Result<Vec<Part>, Vec<UserError>> {
    let part = |(place, input): (usize, OtherAccountInput)| {
        let field = at(Some(place), &["personalAccountId"]);
        let account = ids::decode(&input.personal_account_id);
        let personal_account_id =
            account.ok_or_else(|| vec![UserError::basic(ErrorCode::AccountNotFound, field, locale)])?;
        Ok(Part { personal_account_id, amount: amount(input.amount, Some(place), locale)? })
    };
    inputs.into_iter().enumerate().map(part).collect()
}

fn amount(input: PaymentAmountInput, place: Option<usize>, locale: Locale) -> Result<Amount, Vec<UserError>> {
    let one = |code, parts: &[&str]| vec![UserError::basic(code, at(place, parts), locale)];
    match input {
        PaymentAmountInput::CurrentDebt(true) => Ok(Amount::CurrentDebt),
        PaymentAmountInput::CurrentDebt(false) => Err(one(ErrorCode::AmountMissing, &["amount"])),
        PaymentAmountInput::Custom(Decimal(sum)) => {
            let sum = sum.parse().map_err(|_| one(ErrorCode::NumberMalformed, &["amount", "custom"]))?;
            Ok(Amount::Custom(sum))
        }
    }
}

/// A path into the input, or into one of the other accounts.
#[expect(clippy::unnecessary_wraps, reason = "where it goes there may be none")]
fn at(place: Option<usize>, parts: &[&str]) -> Option<Vec<String>> {
    let place = place.map(|place| ["otherAccounts".to_owned(), place.to_string()]);
    Some(place.into_iter().flatten().chain(parts.iter().map(|part| (*part).to_owned())).collect())
}

fn checkout_errors(refusal: CheckoutRefusal, locale: Locale) -> Vec<UserError> {
    let (place, refusal) = match refusal {
        CheckoutRefusal::Other { place, refusal } => (Some(place), *refusal),
        refusal => (None, refusal),
    };
    let one = |code, parts: &[&str]| vec![UserError::basic(code, at(place, parts), locale)];
    match refusal {
        CheckoutRefusal::NotConfirmed => vec![UserError::basic(ErrorCode::EmailNotConfirmed, None, locale)],
        CheckoutRefusal::AccountNotFound => one(ErrorCode::AccountNotFound, &["personalAccountId"]),
        CheckoutRefusal::NotShared => one(ErrorCode::NotShared, &["personalAccountId"]),
        CheckoutRefusal::NotTogether | CheckoutRefusal::Other { .. } => {
            one(ErrorCode::AccountsNotPayableTogether, &["personalAccountId"])
        }
        CheckoutRefusal::NothingOwed => one(ErrorCode::NothingOwed, &["amount", "currentDebt"]),
        CheckoutRefusal::AmountOutOfRange { least, most } => vec![UserError::AmountOutOfRange(AmountOutOfRangeError {
            code: ErrorCode::AmountOutOfRange,
            field: at(place, &["amount"]),
            message: ErrorCode::AmountOutOfRange.message(locale).to_owned(),
            least: least.into(),
            most: most.into(),
        })],
        CheckoutRefusal::ProviderNotPayable => one(ErrorCode::ProviderNotPayable, &["personalAccountId"]),
        CheckoutRefusal::ReturnUrlMalformed => one(ErrorCode::ReturnUrlMalformed, &["returnUrl"]),
        CheckoutRefusal::KeyMalformed => one(ErrorCode::IdempotencyKeyMalformed, &["idempotencyKey"]),
        CheckoutRefusal::KeyReused => one(ErrorCode::IdempotencyKeyReused, &["idempotencyKey"]),
        CheckoutRefusal::KeyRunning => one(ErrorCode::IdempotencyKeyRunning, &["idempotencyKey"]),
        CheckoutRefusal::Readings(refusal) => submission_errors(&refusal, locale),
    }
}
