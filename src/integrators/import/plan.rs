//! What a chunk of rows would change. The check makes plans and throws them away, the writing carries them out.

use std::collections::HashMap;

use entity::ids::PersonalAccountId;
use entity::personal_account;

use super::context::{Beside, Context};
use super::difference::{Difference, Told, differences};
use super::report::{Fate, Tally};
use super::store::{Reads, Upserts};
use crate::integrators::register::cells::CellError;
use crate::integrators::register::{Bill, BillReader, Export, FileEntry, Numbered, Problem, Problems, Row, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Clone, Debug)]
pub struct Plan<C> {
    pub changes: C,
    /// What becomes of each good row, by line of the file.
    pub fates: Vec<(u64, Fate)>,
    /// What each row that is known with other values changes, by line of the file.
    pub differences: Vec<(u64, Vec<Difference>)>,
    /// By line of the file.
    pub faults: Vec<(u64, CellError)>,
}

impl<C: Default> Default for Plan<C> {
    fn default() -> Self {
        Self { changes: C::default(), fates: Vec::new(), differences: Vec::new(), faults: Vec::new() }
    }
}

impl<M: PartialEq + Told> Plan<Upserts<M>> {
    /// Takes `new` for a row that is stored as `old`.
    pub fn upsert(&mut self, line: u64, old: Option<&M>, new: M) {
        let fate = match old {
            None => {
                self.changes.inserts.push(new);
                Fate::New
            }
            Some(old) if *old == new => Fate::Unchanged,
            Some(old) => {
                self.differences.push((line, differences(old, &new)));
                self.changes.updates.push(new);
                Fate::Changed
            }
        };
        self.fates.push((line, fate));
    }
}

impl<C> Plan<C> {
    pub fn tally(&self) -> Tally {
        self.fates.iter().map(|(_, fate)| *fate).collect()
    }

    /// The account of a row. `None`, with a fault or counted as new, when it is not stored.
    pub fn account<'a>(
        &mut self,
        stored: &'a HashMap<String, personal_account::Model>,
        beside: &mut Beside,
        line: u64,
        number: &String,
    ) -> Option<&'a personal_account::Model> {
        let found = stored.get(number);
        if found.is_none() {
            self.missing(line, beside.require_account(number));
        }
        found
    }

    /// A row that refers to what is not stored: new in a dry run that has it in the export, else a fault.
    pub fn missing(&mut self, line: u64, found: Result<(), CellError>) {
        match found {
            Ok(()) => self.fates.push((line, Fate::New)),
            Err(fault) => self.faults.push((line, fault)),
        }
    }
}

/// Rows of a file as they come.
pub trait Stream {
    type Item;

    fn next(&mut self) -> Option<Self::Item>;
    fn report(&mut self, line: u64, fault: CellError);
    fn finish(self) -> Problems;

    /// Of every byte that the items so far came from.
    fn digest(&self) -> [u8; 32];

    fn next_chunk(&mut self, rows: usize) -> Vec<Self::Item> {
        std::iter::from_fn(|| self.next()).take(rows).collect()
    }

    /// Passes over rows that an earlier run has written; how many there were.
    fn skip_rows(&mut self, rows: i64) -> u64 {
        let rows = usize::try_from(rows).unwrap_or(0);
        std::iter::from_fn(|| self.next()).take(rows).count() as u64
    }
}

impl<R: Row> Stream for RowReader<R> {
    type Item = Numbered<R>;

    fn next(&mut self) -> Option<Numbered<R>> {
        self.next_row()
    }

    fn report(&mut self, line: u64, fault: CellError) {
        Self::report(self, line, fault);
    }

    fn finish(self) -> Problems {
        Self::finish(self)
    }

    fn digest(&self) -> [u8; 32] {
        Self::digest(self)
    }
}

impl Stream for BillReader {
    type Item = Bill;

    fn next(&mut self) -> Option<Bill> {
        self.next_bill()
    }

    fn report(&mut self, line: u64, fault: CellError) {
        Self::report(self, line, fault);
    }

    fn finish(self) -> Problems {
        Self::finish(self)
    }

    fn digest(&self) -> [u8; 32] {
        Self::digest(self)
    }
}

/// How registers of a kind are loaded.
pub trait Loader {
    type Stream: Stream;
    type Changes;

    /// Whether its rows may be new without an account that is locked.
    const ADDS_WITHOUT_ACCOUNT: bool = false;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem>;

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[<Self::Stream as Stream>::Item],
        beside: &mut Beside,
    ) -> Result<Plan<Self::Changes>, Fault>;

    async fn apply(tx: &Tx, changes: &Self::Changes) -> Result<(), Fault>;

    /// Accounts whose balance the changes move.
    fn moved_accounts(_: &Self::Changes) -> Vec<PersonalAccountId> {
        Vec::new()
    }
}
