//! Values of an input as cells of a register: the same rules, the same words.

use crate::graphql::scalars::{Date, Decimal};
use crate::integrators::register::cells::{Cell, CellError};

pub type Read<T> = Result<T, CellError>;

pub fn cell<T: Cell>(column: &'static str, text: &str) -> Read<T> {
    T::read(text.trim()).map_err(|reason| CellError::new(column, reason))
}

/// None and nothing are the same.
pub fn optional<T: Cell>(column: &'static str, text: Option<&String>) -> Read<Option<T>> {
    text.map_or(Ok(None), |text| cell(column, text))
}

pub fn number<T: Cell>(column: &'static str, number: &Decimal) -> Read<T> {
    cell(column, &number.0)
}

pub fn optional_number<T: Cell>(column: &'static str, number: Option<&Decimal>) -> Read<Option<T>> {
    number.map_or(Ok(None), |number| cell(column, &number.0))
}

pub fn whole(column: &'static str, number: i32) -> Read<i16> {
    let small = i16::try_from(number).ok().filter(|number| *number >= 0);
    small.ok_or_else(|| CellError::new(column, "not a whole number from 0 to 32767"))
}

pub fn day(date: Option<Date>) -> Option<chrono::NaiveDate> {
    date.map(|Date(day)| day)
}

/// A register's column as the input calls it.
pub fn field_of(column: &str) -> String {
    let mut field = String::with_capacity(column.len());
    let mut upper = false;
    for letter in column.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                field.extend(letter.to_uppercase());
                upper = false;
            }
            letter => field.push(letter),
        }
    }
    field
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_called_as_in_the_input() {
        for (column, field) in
            [("account", "account"), ("serial_number", "serialNumber"), ("seal_broken_on", "sealBrokenOn")]
        {
            assert_eq!(super::field_of(column), field);
        }
    }
}
