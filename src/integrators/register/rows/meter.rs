use chrono::NaiveDate;
use entity::enums::{Register, Unit};
use entity::exact::{Coefficient, Quantity};

use super::{Row, check_span, register_row};
use crate::integrators::register::cells::CellError;

register_row! {
    /// A meter (прибор учёта) of an account.
    MeterRow: Meters {
        account: String,
        serial_number: String,
        service_code: String,
        name: String,
        model: Option<String>,
        unit: Unit,
        registers: Vec<Register>,
        /// Digits left of the comma: the register rolls over at 10 to this power.
        integer_digits: i16,
        fraction_digits: i16,
        /// Temperature coefficient: volume = difference × coefficient.
        coefficient: Coefficient,
        installed_on: Option<NaiveDate>,
        verification_due_on: Option<NaiveDate>,
        removed_on: Option<NaiveDate>,
        seal_number: Option<String>,
        sealed_on: Option<NaiveDate>,
        /// Found broken or missing.
        seal_broken_on: Option<NaiveDate>,
    }
}

impl Row for MeterRow {
    type Key = (String, String);
    const ORDER: &'static str = "account, serial_number";

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.serial_number.clone())
    }

    fn check(&self) -> Result<(), CellError> {
        let registers = self.registers.as_slice();
        let single = registers == [Register::Single];
        let zones = registers.len() > 1 && !registers.contains(&Register::Single);
        let distinct = registers.iter().enumerate().all(|(at, one)| !registers.iter().take(at).any(|two| two == one));
        if !(single || zones && registers.contains(&Register::Day) && distinct) {
            return Err(CellError::new("registers", "neither SINGLE nor DAY with NIGHT or PEAK"));
        }
        if !(1..=9).contains(&self.integer_digits) {
            return Err(CellError::new("integer_digits", "not from 1 to 9"));
        }
        if u32::try_from(self.fraction_digits).map_or(true, |digits| digits > Quantity::SCALE) {
            return Err(CellError::new("fraction_digits", format!("not from 0 to {}", Quantity::SCALE)));
        }
        if self.coefficient <= Coefficient::ZERO {
            return Err(CellError::new("coefficient", "not above zero"));
        }
        check_span(self.installed_on.unwrap_or(NaiveDate::MIN), self.removed_on, "removed_on")
    }
}
