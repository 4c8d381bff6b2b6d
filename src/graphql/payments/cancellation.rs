//! A payment that nobody has paid is given up.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Payment;
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::kernel::Failure;
use crate::payments::cancellation::CancellationRefusal;

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

#[derive(Default)]
pub struct CancellationMutation;

#[Object]
impl CancellationMutation {
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
}
