//! One meter in the place of another.

use async_graphql::{Context, Object, SimpleObject};
use entity::{meter, meter_replacement};

use super::super::context::Find;
use super::super::error::TopError;
use super::super::scalars::Date;
use super::{Meter, MeterReading};
use crate::accounts::AccountKey;
use crate::kernel::Fault;

/// What keeps a meter shut.
#[derive(Clone, Debug, SimpleObject)]
pub struct MeterSeal {
    /// Printed on the seal.
    pub number: Option<String>,
    /// The day it was put on.
    pub sealed_on: Option<Date>,
    /// The day it was found broken or missing: from then on the provider may reckon as if there were no meter.
    pub broken_on: Option<Date>,
}

impl MeterSeal {
    /// None of a meter of whose seal nothing is known.
    pub fn of(meter: &meter::Model) -> Option<Self> {
        let seal = Self {
            number: meter.seal_number.clone(),
            sealed_on: meter.sealed_on.map(Date),
            broken_on: meter.seal_broken_on.map(Date),
        };
        let known = seal.number.is_some() || seal.sealed_on.is_some() || seal.broken_on.is_some();
        known.then_some(seal)
    }
}

/// A replacement of a meter, with what the old one showed last and the new one first.
#[derive(Clone, Debug)]
pub struct MeterReplacement {
    pub replacement: meter_replacement::Model,
    pub account: AccountKey,
}

/// A replacement of a meter, with what the old one showed last and the new one first.
#[Object]
impl MeterReplacement {
    /// The day.
    async fn replaced_on(&self) -> Date {
        Date(self.replacement.replaced_on)
    }

    /// The meter that was taken away.
    async fn old_meter(&self, ctx: &Context<'_>) -> Result<Meter, TopError> {
        self.meter(ctx, self.replacement.old_meter_id).await
    }

    /// The meter in its place.
    async fn new_meter(&self, ctx: &Context<'_>) -> Result<Meter, TopError> {
        self.meter(ctx, self.replacement.new_meter_id).await
    }

    /// The last reading of the old meter; null with LIMITED access.
    async fn closing(&self, ctx: &Context<'_>) -> Result<Option<MeterReading>, TopError> {
        self.reading(ctx, self.replacement.closing_reading_id).await
    }

    /// The first reading of the new meter; null with LIMITED access.
    async fn opening(&self, ctx: &Context<'_>) -> Result<Option<MeterReading>, TopError> {
        self.reading(ctx, self.replacement.opening_reading_id).await
    }
}

impl MeterReplacement {
    async fn meter(&self, ctx: &Context<'_>, id: entity::ids::MeterId) -> Result<Meter, TopError> {
        let meter = ctx.loaders()?.meter.load(id).await?.ok_or_else(|| Fault::internal("a meter vanished"))?;
        Ok(Meter { meter, account: self.account })
    }

    async fn reading(
        &self,
        ctx: &Context<'_>,
        id: entity::ids::MeterReadingId,
    ) -> Result<Option<MeterReading>, TopError> {
        if !self.account.is_full() {
            return Ok(None);
        }
        let reading = ctx.loaders()?.reading.load(id).await?;
        let reading = reading.filter(|reading| self.account.since().shows_day(reading.taken_on));
        Ok(reading.map(|reading| MeterReading { reading, meter: None }))
    }
}
