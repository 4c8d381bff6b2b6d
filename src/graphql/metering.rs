//! Meters and readings.

mod submission;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use chrono::NaiveDate;
use entity::{meter, meter_reading};

pub use submission::{MeterReadingInput, ReadingMutation, given_readings, submission_errors};

use super::accounts::AccountService;
use super::context::Find;
use super::enums::{ReadingSource, ReadingStatus, ReadingWarning, Register, Unit};
use super::error::TopError;
use super::ids;
use super::page::{Window, connection};
use super::scalars::{Date, DateTime, Decimal};
use crate::accounts::AccountKey;
use crate::kernel::Fault;
use crate::metering::reading_rules::values_of;

/// What a register showed.
#[derive(Clone, Debug, SimpleObject)]
pub struct RegisterValue {
    /// Which register.
    pub register: Register,
    /// In the meter's unit.
    pub value: Decimal,
}

/// A register of a meter.
#[derive(Clone, Debug, SimpleObject)]
pub struct MeterRegister {
    /// Which one.
    pub register: Register,
}

/// Whether a meter may be reckoned by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum VerificationState {
    /// The verification holds.
    Valid,
    /// It ends within 60 days.
    DueSoon,
    /// It has ended: the provider reckons as if there were no meter.
    Expired,
    /// No date is known.
    Unknown,
}

fn verification_state(due: Option<NaiveDate>, today: NaiveDate) -> VerificationState {
    match due.map(|due| (due - today).num_days()) {
        None => VerificationState::Unknown,
        Some(days) if days < 0 => VerificationState::Expired,
        Some(days) if days <= 60 => VerificationState::DueSoon,
        Some(_) => VerificationState::Valid,
    }
}

/// A meter of an account.
#[derive(Clone, Debug)]
pub struct Meter {
    pub meter: meter::Model,
    pub account: AccountKey,
}

/// A meter (прибор учёта) of an account.
#[Object]
impl Meter {
    /// TypeID with the prefix `meter`.
    pub async fn id(&self) -> ID {
        ids::encode(self.meter.id)
    }

    /// As the provider calls it.
    async fn name(&self) -> &str {
        &self.meter.name
    }

    /// Printed on the meter.
    async fn serial_number(&self) -> &str {
        &self.meter.serial_number
    }

    /// Its type.
    async fn model(&self) -> Option<&str> {
        self.meter.model.as_deref()
    }

    /// The service that it measures; null when the account has none of that code any more.
    async fn service(&self, ctx: &Context<'_>) -> Result<Option<AccountService>, TopError> {
        let services = ctx.loaders()?.services.load(self.account).await?.unwrap_or_default();
        Ok(services.into_iter().find(|service| service.code == self.meter.service_code).map(AccountService))
    }

    /// What it counts.
    async fn unit(&self) -> Unit {
        self.meter.unit.into()
    }

    /// Its registers: a reading gives one value for each.
    async fn registers(&self) -> Vec<MeterRegister> {
        let registers = entity::enums::Register::list(&self.meter.registers);
        registers.into_iter().map(|register| MeterRegister { register: register.into() }).collect()
    }

    /// Digits before the point; the counter goes back to zero after the largest number.
    async fn integer_digits(&self) -> i16 {
        self.meter.integer_digits
    }

    /// Digits after the point.
    async fn fraction_digits(&self) -> i16 {
        self.meter.fraction_digits
    }

    /// Temperature coefficient: volume = difference × coefficient.
    async fn coefficient(&self) -> Decimal {
        self.meter.coefficient.into()
    }

    /// The day it was installed.
    async fn installed_on(&self) -> Option<Date> {
        self.meter.installed_on.map(Date)
    }

    /// The last day of its verification.
    async fn verification_due_on(&self) -> Option<Date> {
        self.meter.verification_due_on.map(Date)
    }

    /// Whether it may be reckoned by, today.
    async fn verification_state(&self, ctx: &Context<'_>) -> Result<VerificationState, TopError> {
        let today = ctx.services()?.clock.now().date_naive();
        Ok(verification_state(self.meter.verification_due_on, today))
    }

    /// The day it was taken away.
    async fn removed_on(&self) -> Option<Date> {
        self.meter.removed_on.map(Date)
    }

    /// The newest reading that was neither withdrawn nor rejected; null with LIMITED access, for it is a proof of access.
    async fn last_reading(&self, ctx: &Context<'_>) -> Result<Option<MeterReading>, TopError> {
        let Some(id) = self.meter.last_reading_id.filter(|_| self.account.is_full()) else { return Ok(None) };
        let reading = ctx.loaders()?.reading.load(id).await?;
        Ok(reading.map(|reading| MeterReading { reading, meter: Some(self.clone()) }))
    }

    /// Readings, newest first; none with LIMITED access.
    async fn readings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, MeterReading, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.metering.list_readings(self.account, self.meter.id, page).await?;
        connection(
            slice,
            |reading| (reading.taken_on, reading.id),
            |reading| MeterReading { reading, meter: Some(self.clone()) },
        )
    }
}

/// What the registers of a meter showed on a day.
#[derive(Clone, Debug)]
pub struct MeterReading {
    pub reading: meter_reading::Model,
    /// None where the reading was reached without its meter.
    pub meter: Option<Meter>,
}

/// What the registers of a meter showed on a day.
#[Object]
impl MeterReading {
    /// TypeID with the prefix `reading`.
    pub async fn id(&self) -> ID {
        ids::encode(self.reading.id)
    }

    /// The meter that was read.
    async fn meter(&self, ctx: &Context<'_>) -> Result<Meter, TopError> {
        if let Some(meter) = &self.meter {
            return Ok(meter.clone());
        }
        let detached = || TopError::BadInput("The account of this reading is no longer attached.".to_owned());
        let loaders = ctx.loaders()?;
        let account = loaders.access.load(self.reading.personal_account_id).await?.ok_or_else(detached)?.key();
        let meter = loaders.meter.load(self.reading.meter_id).await?;
        meter.map(|meter| Meter { meter, account }).ok_or_else(|| Fault::internal("a reading without a meter").into())
    }

    /// One value for each register.
    async fn values(&self) -> Vec<RegisterValue> {
        let values = values_of(&self.reading).into_iter();
        values.map(|value| RegisterValue { register: value.register.into(), value: value.value.into() }).collect()
    }

    /// The day the meter showed it.
    async fn taken_on(&self) -> Date {
        Date(self.reading.taken_on)
    }

    /// When it came here.
    async fn submitted_at(&self) -> DateTime {
        DateTime(self.reading.submitted_at)
    }

    /// Who gave it.
    async fn source(&self) -> ReadingSource {
        self.reading.source.into()
    }

    /// How far it has come. SUBMITTED is not ACCEPTED.
    async fn status(&self) -> ReadingStatus {
        self.reading.status.into()
    }

    /// Since the reading before, over all registers, before the coefficient; null for the first, and where the one who
    /// sent it may not see the reading before.
    async fn consumption(&self) -> Option<Decimal> {
        self.reading.consumption.map(Decimal::from)
    }

    /// What is remarkable about it.
    async fn warnings(&self) -> Vec<ReadingWarning> {
        entity::enums::ReadingWarning::list(&self.reading.warnings).into_iter().map(Into::into).collect()
    }
}
