//! Sending readings.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::enums::Locale;
use entity::exact::{NotExact, Quantity};

use super::super::context::Find;
use super::super::enums::Register;
use super::super::error::{
    ErrorCode, OutsideWindowError, ReadingBelowPreviousError, RolloverProposedError, TopError, UnusuallyHighError,
    UserError, path,
};
use super::super::ids;
use super::super::scalars::{Date, Decimal};
use super::MeterReading;
use crate::kernel::Failure;
use crate::metering::error::{ReadingRefusal, SubmissionRefusal};
use crate::metering::reading::{GivenReading, Submitted};

/// What a register shows.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterValueInput {
    /// Which register.
    #[graphql(default_with = "Register::Single")]
    pub register: Register,
    /// In the meter's unit.
    pub value: Decimal,
}

/// A reading of one meter.
#[derive(Clone, Debug, InputObject)]
pub struct MeterReadingInput {
    /// Id of a meter of an attached account.
    pub meter_id: ID,
    /// One value for each register of the meter.
    pub values: Vec<RegisterValueInput>,
    /// The day it was read; by default today, at the provider.
    pub taken_on: Option<Date>,
    /// The person has seen ROLLOVER_PROPOSED, UNUSUALLY_HIGH or ZERO_CONSUMPTION and means it.
    #[graphql(default = false)]
    pub confirm_warnings: bool,
}

/// Readings of one or several meters, of one or several accounts.
#[derive(Clone, Debug, InputObject)]
pub struct SubmitMeterReadingsInput {
    /// 1 to 50; each meter once.
    pub readings: Vec<MeterReadingInput>,
    /// The same key with the same readings gives the first answer again: make one before the first try and keep it.
    pub idempotency_key: Option<String>,
}

/// All readings were taken, or none.
#[derive(Default, SimpleObject)]
pub struct SubmitMeterReadingsPayload {
    /// In the order of the input.
    pub readings: Option<Vec<MeterReading>>,
    /// Whether the key was used before with the same readings: these are those, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; each error's `field` names its reading.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ReadingMutation;

#[Object]
impl ReadingMutation {
    /// Sends readings to the provider: all are taken, or none. With LIMITED access they are not compared with the readings
    /// before, and are the meter's last ones only when the provider has taken them.
    async fn submit_meter_readings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The readings.")] input: SubmitMeterReadingsInput,
    ) -> Result<SubmitMeterReadingsPayload, TopError> {
        let locale = ctx.actor()?.locale;
        let person = ctx.person()?;
        let refused = |user_errors| Ok(SubmitMeterReadingsPayload { user_errors, ..Default::default() });
        let given = match given_readings(input.readings, locale) {
            Ok(given) => given,
            Err(errors) => return refused(errors),
        };
        let services = ctx.services()?;
        let submitted = services
            .metering
            .submit_readings(&services.accounts, person, ctx.actor()?, given, input.idempotency_key.as_deref())
            .await;
        match submitted {
            Ok(Submitted { readings, replayed }) => {
                let readings = readings.into_iter().map(|reading| MeterReading { reading, meter: None }).collect();
                Ok(SubmitMeterReadingsPayload { readings: Some(readings), replayed, user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => refused(submission_errors(&refusal, locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

/// Numbers and ids as the slice takes them, or what is wrong with them.
pub fn given_readings(inputs: Vec<MeterReadingInput>, locale: Locale) -> Result<Vec<GivenReading>, Vec<UserError>> {
    let mut errors = Vec::new();
    let mut given = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        let mut values = Vec::with_capacity(input.values.len());
        for RegisterValueInput { register, value } in input.values {
            match value.0.parse::<Quantity>() {
                Ok(value) => values.push((register.into(), value)),
                Err(cause) => {
                    errors.push(UserError::basic(number_code(cause), reading_path(index, "values"), locale));
                }
            }
        }
        given.push(GivenReading {
            meter_id: ids::decode(&input.meter_id),
            values,
            taken_on: input.taken_on.map(|Date(day)| day),
            confirm_warnings: input.confirm_warnings,
        });
    }
    if errors.is_empty() { Ok(given) } else { Err(errors) }
}

const fn number_code(cause: NotExact) -> ErrorCode {
    match cause {
        NotExact::Malformed => ErrorCode::NumberMalformed,
        NotExact::TooPrecise => ErrorCode::TooManyFractionDigits,
        NotExact::TooLarge => ErrorCode::TooManyDigits,
    }
}

fn reading_path(index: usize, part: &str) -> Option<Vec<String>> {
    path(["readings", &index.to_string(), part])
}

/// Also for readings that come along with a payment: their paths are the same.
pub fn submission_errors(refusal: &SubmissionRefusal, locale: Locale) -> Vec<UserError> {
    let one = |code, field| vec![UserError::basic(code, field, locale)];
    match refusal {
        SubmissionRefusal::NotConfirmed => one(ErrorCode::EmailNotConfirmed, None),
        SubmissionRefusal::Empty => one(ErrorCode::Empty, path(["readings"])),
        SubmissionRefusal::TooMany { .. } => one(ErrorCode::TooMany, path(["readings"])),
        SubmissionRefusal::KeyReused => one(ErrorCode::IdempotencyKeyReused, path(["idempotencyKey"])),
        SubmissionRefusal::KeyRunning => one(ErrorCode::IdempotencyKeyRunning, path(["idempotencyKey"])),
        SubmissionRefusal::KeyMalformed => one(ErrorCode::IdempotencyKeyMalformed, path(["idempotencyKey"])),
        SubmissionRefusal::Readings(refused) => {
            refused.iter().map(|reading| reading_error(reading.index, &reading.refusal, locale)).collect()
        }
    }
}

fn reading_error(index: usize, refusal: &ReadingRefusal, locale: Locale) -> UserError {
    let basic = |code, part| UserError::basic(code, reading_path(index, part), locale);
    let field = reading_path(index, "values");
    match refusal {
        ReadingRefusal::MeterNotFound => basic(ErrorCode::MeterNotFound, "meterId"),
        ReadingRefusal::NotShared => basic(ErrorCode::NotShared, "meterId"),
        ReadingRefusal::MeterRemoved => basic(ErrorCode::MeterRemoved, "meterId"),
        ReadingRefusal::MeterRepeated => basic(ErrorCode::MeterRepeated, "meterId"),
        ReadingRefusal::FutureDate { .. } => basic(ErrorCode::FutureDate, "takenOn"),
        ReadingRefusal::BeforeLastReading { .. } => basic(ErrorCode::BeforeLastReading, "takenOn"),
        ReadingRefusal::RegistersDiffer { .. } => basic(ErrorCode::RegistersDiffer, "values"),
        ReadingRefusal::Negative(_) => basic(ErrorCode::NegativeReading, "values"),
        ReadingRefusal::TooManyDigits { .. } => basic(ErrorCode::TooManyDigits, "values"),
        ReadingRefusal::TooManyFractionDigits { .. } => basic(ErrorCode::TooManyFractionDigits, "values"),
        ReadingRefusal::VerificationExpired { .. } => basic(ErrorCode::VerificationExpired, "meterId"),
        ReadingRefusal::ZeroConsumption => basic(ErrorCode::ZeroConsumption, "values"),
        ReadingRefusal::OutsideWindow { first_day, last_day } => {
            let (code, field) = (ErrorCode::OutsideWindow, reading_path(index, "takenOn"));
            let message = code.message(locale).to_owned();
            let (first_day, last_day) = (*first_day, *last_day);
            UserError::OutsideWindow(OutsideWindowError { code, field, message, first_day, last_day })
        }
        ReadingRefusal::BelowPrevious { register, previous } => {
            let code = ErrorCode::BelowPrevious;
            let message = code.message(locale).to_owned();
            UserError::ReadingBelowPrevious(ReadingBelowPreviousError {
                code,
                field,
                message,
                register: (*register).into(),
                previous: (*previous).into(),
            })
        }
        ReadingRefusal::RolloverProposed { register, previous, consumption } => {
            let code = ErrorCode::RolloverProposed;
            let (previous, consumption) = ((*previous).into(), (*consumption).into());
            UserError::RolloverProposed(RolloverProposedError {
                code,
                field,
                message: code.message(locale).to_owned(),
                register: (*register).into(),
                previous,
                consumption,
            })
        }
        ReadingRefusal::UnusuallyHigh { consumption, usual_most, usual_average } => {
            let code = ErrorCode::UnusuallyHigh;
            let (consumption, usual_most) = ((*consumption).into(), (*usual_most).into());
            UserError::UnusuallyHigh(UnusuallyHighError {
                code,
                field,
                message: code.message(locale).to_owned(),
                consumption,
                usual_most,
                usual_average: usual_average.map(Decimal::from),
            })
        }
    }
}
