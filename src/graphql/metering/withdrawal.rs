//! Taking back a reading.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::super::context::Find;
use super::super::error::{ErrorCode, TopError, UserError, path};
use super::super::ids;
use super::MeterReading;
use crate::kernel::Failure;
use crate::metering::error::WithdrawalRefusal;

/// Which reading to take back.
#[derive(Clone, Debug, InputObject)]
pub struct WithdrawMeterReadingInput {
    /// Id of a reading that the viewer sent.
    pub id: ID,
}

/// The reading is withdrawn, or nothing was done.
#[derive(Default, SimpleObject)]
pub struct WithdrawMeterReadingPayload {
    /// The reading, WITHDRAWN.
    pub reading: Option<MeterReading>,
    /// Whether it was withdrawn before, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct WithdrawalMutation;

#[Object]
impl WithdrawalMutation {
    /// Takes back a reading that the viewer sent: until the provider has it, and not after the day that the reading's
    /// `withdrawableUntil` names. The meter's last reading is the one before it again. Repeating it changes nothing.
    async fn withdraw_meter_reading(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reading.")] input: WithdrawMeterReadingInput,
    ) -> Result<WithdrawMeterReadingPayload, TopError> {
        let (actor, services, person, id) = (ctx.actor()?, ctx.services()?, ctx.person()?, ids::decode(&input.id));
        let withdrawn = services.metering.withdraw_reading(&services.accounts, person, actor, id).await;
        let locale = actor.locale;
        let refusal = match withdrawn {
            Ok((reading, replayed)) => {
                let reading = Some(MeterReading { reading, meter: None });
                return Ok(WithdrawMeterReadingPayload { reading, replayed, user_errors: Vec::new() });
            }
            Err(Failure::Refused(refusal)) => refusal,
            Err(Failure::Fault(fault)) => return Err(fault.into()),
        };
        let (code, field) = match refusal {
            WithdrawalRefusal::NotConfirmed => (ErrorCode::EmailNotConfirmed, None),
            WithdrawalRefusal::NotFound => (ErrorCode::ReadingNotFound, path(["id"])),
            WithdrawalRefusal::NotShared => (ErrorCode::NotShared, path(["id"])),
            WithdrawalRefusal::TooLate => (ErrorCode::WithdrawalTooLate, path(["id"])),
        };
        let user_errors = vec![UserError::basic(code, field, locale)];
        Ok(WithdrawMeterReadingPayload { user_errors, ..Default::default() })
    }
}
