//! Meters, and readings that the provider's billing has accepted.

use async_graphql::{Context, InputObject, Object};

use super::row::{Read, cell, day, number, optional, optional_number, whole};
use super::{batch_payload, shown};
use crate::graphql::context::Find;
use crate::graphql::enums::{Register, Unit};
use crate::graphql::error::TopError;
use crate::graphql::metering::RegisterValueInput;
use crate::graphql::scalars::{Date, Decimal};
use crate::integrators::batch::Batch;
use crate::integrators::register::cells::CellError;
use crate::integrators::register::rows::{MeterRow, ReadingRow};

/// A meter of an account.
#[derive(Clone, Debug, InputObject)]
pub struct MeterInput {
    /// Number of the personal account. The key, with `serialNumber`.
    pub account: String,
    /// As on the meter.
    pub serial_number: String,
    /// Of the service that it counts.
    pub service_code: String,
    /// As receipts call it.
    pub name: String,
    /// Of its maker.
    pub model: Option<String>,
    /// What is counted.
    pub unit: Unit,
    /// SINGLE alone, or DAY with NIGHT or PEAK or both.
    pub registers: Vec<Register>,
    /// Digits before the point, 1 to 9: a register starts again from zero after 10 to the power of it.
    pub integer_digits: i32,
    /// Digits after the point, 0 to 4.
    pub fraction_digits: i32,
    /// Volume = difference × coefficient; above zero, at most 6 digits after the point.
    pub coefficient: Decimal,
    /// When it was installed; null leaves what a replacement said.
    pub installed_on: Option<Date>,
    /// By when it must be verified again.
    pub verification_due_on: Option<Date>,
    /// When it was removed; null leaves what a replacement said.
    pub removed_on: Option<Date>,
    /// Of its seal.
    pub seal_number: Option<String>,
    /// When it was sealed.
    pub sealed_on: Option<Date>,
    /// When the seal was found broken or missing.
    pub seal_broken_on: Option<Date>,
}

/// Up to 1,000 meters.
#[derive(Clone, Debug, InputObject)]
pub struct ImportMetersInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// 1 to 1,000; each meter once.
    pub meters: Vec<MeterInput>,
}

/// What the registers of a meter showed on a day, as the billing accepted it.
#[derive(Clone, Debug, InputObject)]
pub struct AcceptedReadingInput {
    /// Number of the personal account. The key, with `meter` and `takenOn`.
    pub account: String,
    /// Serial number.
    pub meter: String,
    /// The day it was read.
    pub taken_on: Date,
    /// One value for each register of the meter.
    pub values: Vec<RegisterValueInput>,
    /// Since the reading before, over all registers, before the coefficient; at most 4 digits after the point.
    pub consumption: Option<Decimal>,
}

/// Up to 1,000 readings.
#[derive(Clone, Debug, InputObject)]
pub struct ImportMeterReadingsInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// 1 to 1,000; each meter once a day.
    pub readings: Vec<AcceptedReadingInput>,
}

batch_payload! {
    /// What became of the meters.
    ImportMetersPayload
    /// What became of the readings.
    ImportMeterReadingsPayload
}

#[derive(Default)]
pub struct MeterImportMutation;

#[Object]
impl MeterImportMutation {
    /// Adds meters of personal accounts of the program's provider, or changes them. Scope IMPORT.
    async fn import_meters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meters.")] input: ImportMetersInput,
    ) -> Result<ImportMetersPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let rows = input.meters.iter().map(meter).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.import_meters(provider, batch).await;
        Ok(shown(outcome, "meters", ctx.actor()?.locale)?.into())
    }

    /// Adds readings that the billing of the program's provider has accepted, or changes them. Scope IMPORT. What people sent is
    /// decided about with `reportReadingDecisions`.
    async fn import_meter_readings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The readings.")] input: ImportMeterReadingsInput,
    ) -> Result<ImportMeterReadingsPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let rows = input.readings.iter().map(reading).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.import_readings(provider, batch).await;
        Ok(shown(outcome, "readings", ctx.actor()?.locale)?.into())
    }
}

fn meter(input: &MeterInput) -> Read<MeterRow> {
    Ok(MeterRow {
        account: cell("account", &input.account)?,
        serial_number: cell("serial_number", &input.serial_number)?,
        service_code: cell("service_code", &input.service_code)?,
        name: cell("name", &input.name)?,
        model: optional("model", input.model.as_ref())?,
        unit: input.unit.into(),
        registers: input.registers.iter().map(|register| (*register).into()).collect(),
        integer_digits: whole("integer_digits", input.integer_digits)?,
        fraction_digits: whole("fraction_digits", input.fraction_digits)?,
        coefficient: number("coefficient", &input.coefficient)?,
        installed_on: day(input.installed_on),
        verification_due_on: day(input.verification_due_on),
        removed_on: day(input.removed_on),
        seal_number: optional("seal_number", input.seal_number.as_ref())?,
        sealed_on: day(input.sealed_on),
        seal_broken_on: day(input.seal_broken_on),
    })
}

fn reading(input: &AcceptedReadingInput) -> Read<ReadingRow> {
    let mut row = ReadingRow {
        account: cell("account", &input.account)?,
        meter: cell("meter", &input.meter)?,
        taken_on: input.taken_on.0,
        value_single: None,
        value_day: None,
        value_night: None,
        value_peak: None,
        consumption: optional_number("consumption", input.consumption.as_ref())?,
    };
    for RegisterValueInput { register, value } in &input.values {
        let place = match register {
            Register::Single => &mut row.value_single,
            Register::Day => &mut row.value_day,
            Register::Night => &mut row.value_night,
            Register::Peak => &mut row.value_peak,
        };
        if place.replace(number("values", value)?).is_some() {
            return Err(CellError::new("values", "a register is given twice"));
        }
    }
    Ok(row)
}
