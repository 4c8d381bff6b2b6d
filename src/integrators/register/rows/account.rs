use entity::exact::Quantity;

use super::{Row, check_not_negative, register_row};
use crate::integrators::register::cells::CellError;

register_row! {
    /// A personal account (лицевой счёт).
    AccountRow: Accounts {
        number: String,
        holder_name: Option<String>,
        address: Option<String>,
        /// As printed on the paper receipt.
        pin: Option<String>,
        /// Whether a cabinet may attach it.
        attachable: bool,
        residents: Option<i16>,
        /// Square metres.
        heated_area: Option<Quantity>,
    }
}

/// An account number is looked up by what a person types: longer ones are no numbers.
const LONGEST_NUMBER: usize = 64;

impl Row for AccountRow {
    type Key = String;
    const ORDER: &'static str = "number";

    fn key(&self) -> String {
        self.number.clone()
    }

    fn check(&self) -> Result<(), CellError> {
        if self.number.chars().count() > LONGEST_NUMBER {
            return Err(CellError::new("number", format!("longer than {LONGEST_NUMBER} characters")));
        }
        check_not_negative(self.heated_area.is_some_and(Quantity::is_negative), "heated_area")
    }
}
