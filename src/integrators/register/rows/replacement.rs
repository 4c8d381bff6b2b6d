use chrono::NaiveDate;
use entity::exact::Quantity;

use super::{ReadingRow, Row, register_row};
use crate::integrators::register::cells::CellError;

register_row! {
    /// One meter in the place of another, with what the old one showed last and the new one first.
    ReplacementRow: Replacements {
        account: String,
        /// Serial numbers.
        old_meter: String,
        new_meter: String,
        replaced_on: NaiveDate,
        closing_single: Option<Quantity>,
        closing_day: Option<Quantity>,
        closing_night: Option<Quantity>,
        closing_peak: Option<Quantity>,
        /// Of the old meter since its reading before, over all registers, before the coefficient.
        closing_consumption: Option<Quantity>,
        opening_single: Option<Quantity>,
        opening_day: Option<Quantity>,
        opening_night: Option<Quantity>,
        opening_peak: Option<Quantity>,
    }
}

impl ReplacementRow {
    /// The last reading of the old meter.
    pub fn closing(&self) -> ReadingRow {
        ReadingRow {
            account: self.account.clone(),
            meter: self.old_meter.clone(),
            taken_on: self.replaced_on,
            value_single: self.closing_single,
            value_day: self.closing_day,
            value_night: self.closing_night,
            value_peak: self.closing_peak,
            consumption: self.closing_consumption,
        }
    }

    /// The first reading of the new meter.
    pub fn opening(&self) -> ReadingRow {
        ReadingRow {
            account: self.account.clone(),
            meter: self.new_meter.clone(),
            taken_on: self.replaced_on,
            value_single: self.opening_single,
            value_day: self.opening_day,
            value_night: self.opening_night,
            value_peak: self.opening_peak,
            consumption: None,
        }
    }
}

/// The column of a replacement that a column of one of its readings comes from.
pub fn column_of(column: &'static str, closing: bool) -> &'static str {
    match (column, closing) {
        ("value_single", true) => "closing_single",
        ("value_day", true) => "closing_day",
        ("value_night", true) => "closing_night",
        ("value_peak", true) => "closing_peak",
        ("consumption", _) => "closing_consumption",
        ("value_single", false) => "opening_single",
        ("value_day", false) => "opening_day",
        ("value_night", false) => "opening_night",
        ("value_peak", false) => "opening_peak",
        (other, _) => other,
    }
}

impl Row for ReplacementRow {
    type Key = (String, String);
    const ORDER: &'static str = "account, old_meter";

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.old_meter.clone())
    }

    fn control(&self) -> i64 {
        self.closing().control() + self.opening().control()
    }

    fn check(&self) -> Result<(), CellError> {
        if self.old_meter == self.new_meter {
            return Err(CellError::new("new_meter", "is the old one"));
        }
        for (reading, closing) in [(self.closing(), true), (self.opening(), false)] {
            reading.check().map_err(|fault| CellError::new(column_of(fault.column, closing), fault.reason))?;
        }
        Ok(())
    }
}
