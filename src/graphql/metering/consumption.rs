//! Consumption month by month, for charts.

use async_graphql::SimpleObject;

use super::super::enums::{ChargeBasis, Unit};
use super::super::scalars::{Decimal, YearMonth};
use super::Meter;
use crate::accounts::AccountKey;
use crate::billing::consumption::MonthUse;

/// What was used in a month.
#[derive(SimpleObject)]
pub struct MonthlyConsumption {
    /// The month.
    pub period: YearMonth,
    /// The meter; null where the provider charged a service that no single meter stands for, such as by the norm.
    pub meter: Option<Meter>,
    /// The provider's code of the service.
    pub service_code: String,
    /// What is counted.
    pub unit: Unit,
    /// With the coefficient, to four digits after the point.
    pub volume: Decimal,
    /// What the volume was reckoned from. An AVERAGE or a NORM is a charge, never a reading.
    pub basis: ChargeBasis,
    /// The volume of the same month a year before; null where it is not known.
    pub year_before: Option<Decimal>,
}

impl MonthlyConsumption {
    pub fn of(account: AccountKey, used: MonthUse) -> Self {
        Self {
            period: YearMonth(used.period),
            meter: used.meter.map(|meter| Meter { meter, account }),
            service_code: used.service_code,
            unit: used.unit.into(),
            volume: used.volume.into(),
            basis: used.basis.into(),
            year_before: used.year_before.map(Decimal::from),
        }
    }
}
