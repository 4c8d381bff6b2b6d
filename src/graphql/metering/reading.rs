//! A reading and its way at the provider.

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::meter_reading;

use super::super::context::Find;
use super::super::enums::{ReadingSource, ReadingStatus, ReadingWarning};
use super::super::error::TopError;
use super::super::ids;
use super::super::scalars::{Date, DateTime, Decimal};
use super::{Meter, RegisterValue};
use crate::kernel::Fault;
use crate::metering::chain;
use crate::metering::reading_rules::values_of;
use crate::metering::withdrawal;

/// A status that a reading came to.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReadingStatusChange {
    /// The status.
    pub status: ReadingStatus,
    /// When it came there.
    pub at: DateTime,
    /// The provider's reason; only REJECTED has one.
    pub reason: Option<String>,
}

impl From<chain::StatusChange> for ReadingStatusChange {
    fn from(change: chain::StatusChange) -> Self {
        Self { status: change.status.into(), at: DateTime(change.at), reason: change.reason }
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
    async fn consumption(&self, ctx: &Context<'_>) -> Result<Option<Decimal>, TopError> {
        let known = self.reading.consumption.map(Decimal::from);
        // It tells what the meter showed before, also to the person who sent this reading without seeing that.
        let shown = known.is_none() || !self.reading.history_withheld || self.is_seen_in_full(ctx).await?;
        Ok(known.filter(|_| shown))
    }

    /// What is remarkable about it.
    async fn warnings(&self) -> Vec<ReadingWarning> {
        entity::enums::ReadingWarning::list(&self.reading.warnings).into_iter().map(Into::into).collect()
    }
    /// Every status that it came to, oldest first: "sent" is not "accepted".
    async fn status_changes(&self, ctx: &Context<'_>) -> Result<Vec<ReadingStatusChange>, TopError> {
        Ok(self.history(ctx).await?.into_iter().map(ReadingStatusChange::from).collect())
    }

    /// The provider's reason for not taking it; null unless REJECTED.
    async fn rejection(&self, ctx: &Context<'_>) -> Result<Option<String>, TopError> {
        if self.reading.status != entity::enums::ReadingStatus::Rejected {
            return Ok(None);
        }
        Ok(self.history(ctx).await?.pop().and_then(|change| change.reason))
    }

    /// A text that shows that it came and when, signed by this service: `verifyReadingReceipt` checks it for anybody who has
    /// it. Null for readings of the provider's own.
    async fn receipt(&self, ctx: &Context<'_>) -> Result<Option<String>, TopError> {
        if self.reading.submitted_by.is_none() {
            return Ok(None);
        }
        let meter = match &self.meter {
            Some(known) => Some(known.meter.clone()),
            None => ctx.loaders()?.meter.load(self.reading.meter_id).await?,
        };
        let meter = meter.ok_or_else(|| Fault::internal("a reading without a meter"))?;
        Ok(Some(ctx.services()?.metering.receipt(&meter, &self.reading)?))
    }

    /// The last day, at the provider, on which the viewer may withdraw it; null when it is not theirs or the provider has
    /// it already. It is the end of the first reading window that ends on or after the day on which it was sent, or the
    /// last day of that month where there is no window.
    async fn withdrawable_until(&self, ctx: &Context<'_>) -> Result<Option<Date>, TopError> {
        let own = self.reading.submitted_by.is_some_and(|sender| ctx.person().is_ok_and(|one| one.user_id == sender));
        if !own || self.reading.status != entity::enums::ReadingStatus::Submitted {
            return Ok(None);
        }
        let loaders = ctx.loaders()?;
        let Some(access) = loaders.access.load(self.reading.personal_account_id).await? else { return Ok(None) };
        let provider = loaders.provider.load(access.provider_id()).await?;
        Ok(provider.map(|provider| Date(withdrawal::last_day(&provider, &self.reading))))
    }
}

impl MeterReading {
    async fn history(&self, ctx: &Context<'_>) -> Result<Vec<chain::StatusChange>, TopError> {
        let moves = ctx.loaders()?.status_changes.load(self.reading.id).await?.unwrap_or_default();
        Ok(chain::history(&self.reading, moves))
    }

    async fn is_seen_in_full(&self, ctx: &Context<'_>) -> Result<bool, TopError> {
        let access = ctx.loaders()?.access.load(self.reading.personal_account_id).await?;
        Ok(access.is_some_and(|access| access.is_full()))
    }
}
