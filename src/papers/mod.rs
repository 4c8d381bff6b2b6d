//! What a person takes along: statements and payment receipts as PDF, use and bills as CSV.
//!
//! Promises: a document shows what its owner may see and nothing else; what is not the person's does not exist. Papers
//! are made when they are asked for, from what is stored. Refuses to know: how sums come about. No tables, no events.
//! HTTP: `http/downloads.rs`. Tests: `tests/it/papers/`.

mod receipt;
mod statement;
mod table;
mod words;

pub use receipt::is_paid;

use std::sync::Arc;

use entity::enums::Locale;
use entity::exact::YearMonth;
use entity::ids::{PaymentId, PersonalAccountId, StatementId};

use crate::accounts::error::AccessRefusal;
use crate::accounts::{AccountAccess, Accounts};
use crate::billing::Billing;
use crate::kernel::{Clock, Failure, Fault, Person};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::platform::pdf::Press;

/// Months of a table when none are named, the present one included; at most 36 are served.
const MONTHS: i32 = 36;

/// The slices that papers are made from.
pub type Sources = (Arc<Accounts>, Arc<Metering>, Arc<Billing>, Arc<Payments>);

#[derive(Debug)]
pub struct Papers {
    accounts: Arc<Accounts>,
    metering: Arc<Metering>,
    billing: Arc<Billing>,
    payments: Arc<Payments>,
    clock: Clock,
    press: Press,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Statement(StatementId),
    /// Of a payment that succeeded.
    Receipt(PaymentId),
    Table(Table, PersonalAccountId),
}

/// A table in CSV: UTF-8, RFC 4180, with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A row for each month and meter.
    Usage,
    /// A row for each statement.
    Statements,
    /// A row for each line of a statement.
    Charges,
}

/// A file.
#[derive(Clone, Debug)]
pub struct Paper {
    /// Latin letters, digits, `-` and one point.
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

const PDF: &str = "application/pdf";

impl Papers {
    pub fn new((accounts, metering, billing, payments): Sources, clock: Clock) -> Self {
        Self { accounts, metering, billing, payments, clock, press: Press::default() }
    }

    /// None of what does not exist, or is none of the person's business: the same.
    pub async fn make(&self, person: &Person, wanted: Wanted, locale: Locale) -> Result<Option<Paper>, Fault> {
        match wanted {
            Wanted::Statement(id) => self.statement(person, id, locale).await,
            Wanted::Receipt(id) => self.receipt(person, id, locale).await,
            Wanted::Table(table, id) => self.table(person, table, id).await,
        }
    }

    async fn full_access(&self, person: &Person, id: PersonalAccountId) -> Result<Option<AccountAccess>, Fault> {
        match self.accounts.access(person, id).await {
            Ok(access) => Ok(Some(access).filter(AccountAccess::is_full)),
            Err(Failure::Refused(AccessRefusal::NotConfirmed | AccessRefusal::NotFound)) => Ok(None),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    /// The newest month and the first of those that a table shows.
    fn months(&self) -> (YearMonth, YearMonth) {
        let last = YearMonth::of(self.clock.now().date_naive());
        let first = std::iter::successors(Some(last), |month| Some(month.previous()));
        (first.take(usize::try_from(MONTHS).unwrap_or(1)).last().unwrap_or(last), last)
    }
}
