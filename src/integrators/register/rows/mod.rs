//! The typed rows of the registers, a file per kind.

mod account;
mod meter;
mod reading;
mod replacement;
mod service;
mod service_change;
mod statement;
mod statement_line;
mod tariff;

use std::borrow::Cow;

use super::cells::{CellError, Cells};
use super::kind::Kind;

pub use account::AccountRow;
pub use meter::MeterRow;
pub use reading::ReadingRow;
pub use replacement::{ReplacementRow, column_of};
pub use service::ServiceRow;
pub use service_change::ServiceChangeRow;
pub use statement::StatementRow;
pub use statement_line::StatementLineRow;
pub use tariff::TariffRow;

/// The columns of a row type; made by [`register_row`].
pub trait Columns: Sized {
    const KIND: Kind;
    const NAMES: &'static [&'static str];
    /// Of each column, whether it may be left out of a file.
    const OPTIONAL: &'static [bool];

    fn read(cells: &mut Cells<'_>) -> Result<Self, CellError>;

    fn write(&self) -> Vec<Cow<'_, str>>;
}

/// A row of a register.
pub trait Row: Columns + Send + 'static {
    /// Unique in a file, which is sorted by it: text by Unicode code points.
    type Key: Ord + Clone + Send;

    /// The columns of the key, for people.
    const ORDER: &'static str;

    fn key(&self) -> Self::Key;

    /// What the row adds to the control total, in the smallest unit of the totalled column.
    fn control(&self) -> i64 {
        0
    }

    /// The rules that cells alone cannot hold.
    fn check(&self) -> Result<(), CellError> {
        Ok(())
    }
}

macro_rules! register_row {
    (
        $(#[$doc:meta])*
        $name:ident: $kind:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $crate::integrators::register::rows::Columns for $name {
            const KIND: $crate::integrators::register::kind::Kind = $crate::integrators::register::kind::Kind::$kind;
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];
            const OPTIONAL: &'static [bool] = &[$(<$type as $crate::integrators::register::cells::Cell>::OPTIONAL),+];

            fn read(
                cells: &mut $crate::integrators::register::cells::Cells<'_>,
            ) -> Result<Self, $crate::integrators::register::cells::CellError> {
                Ok(Self { $($field: cells.take()?,)+ })
            }

            fn write(&self) -> Vec<std::borrow::Cow<'_, str>> {
                vec![$($crate::integrators::register::cells::Cell::write(&self.$field)),+]
            }
        }
    };
}

use register_row;

/// `ends_on` of a row is its last day, so it is not before `starts_on`.
fn check_span(
    starts_on: chrono::NaiveDate,
    ends_on: Option<chrono::NaiveDate>,
    column: &'static str,
) -> Result<(), CellError> {
    match ends_on {
        Some(end) if end < starts_on => Err(CellError::new(column, format!("before the start, {starts_on}"))),
        _ => Ok(()),
    }
}

fn check_not_negative(negative: bool, column: &'static str) -> Result<(), CellError> {
    if negative { Err(CellError::new(column, "negative")) } else { Ok(()) }
}
