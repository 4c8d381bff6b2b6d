//! Meters and readings.

mod consumption;
mod preview;
mod reading;
mod receipt;
mod replacement;
mod submission;
mod withdrawal;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use chrono::NaiveDate;
use entity::meter;

pub use consumption::MonthlyConsumption;
pub use preview::PreviewMutation;
pub use reading::{MeterReading, ReadingStatusChange};
pub use receipt::ReceiptQuery;
pub use replacement::{MeterReplacement, MeterSeal};
pub use submission::{MeterReadingInput, ReadingMutation, RegisterValueInput, given_readings, submission_errors};
pub use withdrawal::WithdrawalMutation;

use super::accounts::AccountService;
use super::context::Find;
use super::enums::{Register, Unit};
use super::error::TopError;
use super::ids;
use super::page::{Window, connection};
use super::scalars::{Date, Decimal};
use crate::accounts::AccountKey;

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

    /// What keeps it shut; null where nothing is known of it.
    async fn seal(&self) -> Option<MeterSeal> {
        MeterSeal::of(&self.meter)
    }

    /// How it was taken away for another one; null while it stands, or when nothing came in its place.
    async fn replaced_by(&self, ctx: &Context<'_>) -> Result<Option<MeterReplacement>, TopError> {
        let of_meter = ctx.loaders()?.replacements.load(self.meter.id).await?.unwrap_or_default();
        let found = of_meter.into_iter().find(|replacement| replacement.old_meter_id == self.meter.id);
        Ok(found.map(|replacement| MeterReplacement { replacement, account: self.account }))
    }

    /// How it came in the place of another one.
    async fn replaces(&self, ctx: &Context<'_>) -> Result<Option<MeterReplacement>, TopError> {
        let of_meter = ctx.loaders()?.replacements.load(self.meter.id).await?.unwrap_or_default();
        let found = of_meter.into_iter().find(|replacement| replacement.new_meter_id == self.meter.id);
        Ok(found.map(|replacement| MeterReplacement { replacement, account: self.account }))
    }

    /// The newest reading that was neither withdrawn nor rejected; null with LIMITED access, for it is a proof of access.
    async fn last_reading(&self, ctx: &Context<'_>) -> Result<Option<MeterReading>, TopError> {
        let Some(id) = self.meter.last_reading_id.filter(|_| self.account.is_full()) else { return Ok(None) };
        let loaders = ctx.loaders()?;
        let reading = match loaders.overviews.find(|overview| overview.reading(id)) {
            Some(read) => Some(read),
            None => loaders.reading.load(id).await?,
        };
        let reading = reading.filter(|reading| self.account.since().shows_day(reading.taken_on));
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
