use chrono::NaiveDate;
use entity::exact::Quantity;

use super::{Row, check_not_negative, register_row};
use crate::integrators::register::cells::CellError;

register_row! {
    /// What the registers of a meter showed on a day, as the billing accepted it.
    ReadingRow: Readings {
        account: String,
        /// Serial number.
        meter: String,
        taken_on: NaiveDate,
        value_single: Option<Quantity>,
        value_day: Option<Quantity>,
        value_night: Option<Quantity>,
        value_peak: Option<Quantity>,
        /// Since the reading before, over all registers, a rollover counted in, before the coefficient.
        consumption: Option<Quantity>,
    }
}

impl ReadingRow {
    pub fn values(&self) -> impl Iterator<Item = (&'static str, Quantity)> {
        let all = [
            ("value_single", self.value_single),
            ("value_day", self.value_day),
            ("value_night", self.value_night),
            ("value_peak", self.value_peak),
        ];
        all.into_iter().filter_map(|(column, value)| value.map(|value| (column, value)))
    }
}

impl Row for ReadingRow {
    type Key = (String, String, NaiveDate);
    const ORDER: &'static str = "account, meter, taken_on";

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.meter.clone(), self.taken_on)
    }

    fn control(&self) -> i64 {
        self.values().map(|(_, value)| value.0).sum()
    }

    fn check(&self) -> Result<(), CellError> {
        for (column, value) in self.values() {
            check_not_negative(value.is_negative(), column)?;
        }
        if self.values().next().is_none() {
            return Err(CellError::new("value_single", "no register has a value"));
        }
        if self.value_single.is_some() && self.values().count() > 1 {
            return Err(CellError::new("value_single", "stands alone or not at all"));
        }
        check_not_negative(self.consumption.is_some_and(Quantity::is_negative), "consumption")
    }
}
