//! A row of a batch as the loaders of registers take it.

use std::borrow::Cow;

use crate::integrators::register::bills::{MOST_LINES, check_sum};
use crate::integrators::register::cells::CellError;
use crate::integrators::register::rows::Columns;
use crate::integrators::register::{Bill, Numbered, Row};

pub trait Item: Sized {
    /// Without its place in the batch.
    type Given;
    type Key: Ord;

    fn numbered(line: u64, given: Self::Given) -> Self;
    fn key(&self) -> Self::Key;
    /// The rules that cells alone cannot hold.
    fn check(given: &Self::Given) -> Result<(), CellError>;
    /// As they would stand in a register.
    fn cells(given: &Self::Given) -> Vec<String>;
}

impl<R: Row> Item for Numbered<R> {
    type Given = R;
    type Key = R::Key;

    fn numbered(line: u64, row: R) -> Self {
        Self { line, row }
    }

    fn key(&self) -> R::Key {
        self.row.key()
    }

    fn check(row: &R) -> Result<(), CellError> {
        row.check()
    }

    fn cells(row: &R) -> Vec<String> {
        row.write().into_iter().map(Cow::into_owned).collect()
    }
}

impl Item for Bill {
    type Given = Self;
    type Key = String;

    fn numbered(line: u64, bill: Self) -> Self {
        Self { line, ..bill }
    }

    fn key(&self) -> String {
        self.statement.account.clone()
    }

    fn check(bill: &Self) -> Result<(), CellError> {
        bill.statement.check()?;
        bill.lines.iter().try_for_each(Row::check)?;
        if bill.lines.len() > MOST_LINES {
            return Err(CellError::new("lines", format!("more than {MOST_LINES} lines")));
        }
        check_sum(&bill.statement, &bill.lines)
    }

    fn cells(bill: &Self) -> Vec<String> {
        let lines = bill.lines.iter().flat_map(Columns::write);
        bill.statement.write().into_iter().chain(lines).map(Cow::into_owned).collect()
    }
}
