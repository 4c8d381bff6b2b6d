//! The letter with a payment's receipt, once more.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Payment;
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::payments::payment::Again;

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
pub struct ReceiptMutation;

#[Object]
impl ReceiptMutation {
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
