//! Statements with their lines: two files that are read side by side.

use entity::exact::{Money, YearMonth};
use sha2::{Digest, Sha256};

use super::cells::{CellError, RowCode};
use super::cursor::Cursor;
use super::error::Problems;
use super::reader::{Numbered, RowReader};
use super::rows::{StatementLineRow, StatementRow};

/// A person's bill has a handful of lines; more are a fault of the export.
pub const MOST_LINES: usize = 200;

/// A statement whose lines add up to what it accrues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub line: u64,
    pub statement: StatementRow,
    pub lines: Vec<StatementLineRow>,
}

/// The lines of a statement add up to what it accrues.
pub fn check_sum(statement: &StatementRow, lines: &[StatementLineRow]) -> Result<(), CellError> {
    let sum: Money = lines.iter().map(|line| line.amount).sum();
    if sum == statement.accrued {
        return Ok(());
    }
    let reason = format!("{} is not the sum of its lines, {sum}", statement.accrued);
    Err(CellError::coded(RowCode::DoesNotAddUp, "accrued", reason))
}

/// A stream of the good bills of a period.
#[derive(Debug)]
pub struct BillReader {
    period: YearMonth,
    statements: RowReader<StatementRow>,
    lines: RowReader<StatementLineRow>,
    waiting: Option<Numbered<StatementLineRow>>,
    /// The statements of the month before, when the export has them.
    before: Option<Cursor<StatementRow>>,
}

impl BillReader {
    pub fn new(
        period: YearMonth,
        statements: RowReader<StatementRow>,
        mut lines: RowReader<StatementLineRow>,
        before: Option<RowReader<StatementRow>>,
    ) -> Self {
        let waiting = lines.next_row();
        Self { period, statements, lines, waiting, before: before.map(Cursor::new) }
    }

    /// Statements read so far, good and bad.
    pub fn rows(&self) -> u64 {
        self.statements.rows()
    }

    /// Of every byte of all files that the bills so far came from.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.statements.digest());
        digest.update(self.lines.digest());
        if let Some(before) = &self.before {
            digest.update(before.digest());
        }
        digest.finalize().into()
    }

    /// Adds a fault that the caller found in a statement.
    pub fn report(&mut self, line: u64, fault: CellError) {
        self.statements.report(line, fault);
    }

    pub fn next_bill(&mut self) -> Option<Bill> {
        loop {
            let Numbered { line, row: statement } = self.statements.next_row()?;
            let bad_lines_before = self.lines.bad_rows();
            let lines = self.lines_of(&statement.account);
            let lines_are_whole = self.lines.bad_rows() == bad_lines_before;
            match self.check(&statement, &lines, lines_are_whole) {
                Ok(()) => return Some(Bill { line, statement, lines }),
                Err(fault) => self.statements.report(line, fault),
            }
        }
    }

    fn lines_of(&mut self, account: &str) -> Vec<StatementLineRow> {
        let mut lines = Vec::new();
        while let Some(next) = self.waiting.take_if(|next| next.row.account.as_str() <= account) {
            if next.row.account != account {
                self.report_orphan(&next);
            } else if lines.len() < MOST_LINES {
                lines.push(next.row);
            } else {
                self.lines.report(next.line, CellError::new("position", format!("more than {MOST_LINES} lines")));
            }
            self.waiting = self.lines.next_row();
        }
        lines
    }

    /// A line without its statement; said only when the statement itself was not refused.
    fn report_orphan(&mut self, line: &Numbered<StatementLineRow>) {
        if self.statements.bad_rows() == 0 {
            let reason = format!("{} has no statement in {}", line.row.account, self.statements.entry().name);
            self.lines.report(line.line, CellError::new("account", reason));
        }
    }

    fn check(
        &mut self,
        statement: &StatementRow,
        lines: &[StatementLineRow],
        lines_are_whole: bool,
    ) -> Result<(), CellError> {
        if statement.period != self.period {
            return Err(CellError::new("period", format!("the file is of {}", self.period)));
        }
        if lines_are_whole {
            check_sum(statement, lines)?;
            let numbered = lines.iter().zip(1..).all(|(line, position)| line.position == position);
            if !numbered {
                return Err(CellError::new("account", "its lines are not numbered 1, 2, 3 …"));
            }
        }
        let before = self.before.as_mut().and_then(|before| before.find(&statement.account));
        match before {
            Some(before) if before.closing != statement.opening => {
                let reason =
                    format!("{} is not the closing of {}, {}", statement.opening, before.period, before.closing);
                Err(CellError::new("opening", reason))
            }
            _ => Ok(()),
        }
    }

    /// Reads to the end and compares both files with the manifest.
    pub fn finish(mut self) -> Problems {
        while self.next_bill().is_some() {}
        while let Some(line) = self.waiting.take() {
            self.report_orphan(&line);
            self.waiting = self.lines.next_row();
        }
        let mut problems = self.statements.finish();
        problems.append(self.lines.finish());
        problems
    }
}
