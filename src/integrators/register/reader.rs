//! Reads a register row by row and gathers what is wrong with it.

use std::io::Read;

use csv::ByteRecord;

use super::cells::{CellError, Cells, Layout};
use super::error::{Problem, Problems};
use super::manifest::FileEntry;
use super::rows::Row;
use super::source::Source;

/// A row and its line in the file, from 1, the header included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered<R> {
    pub line: u64,
    pub row: R,
}

/// A stream of the good rows of a file. Bad rows become problems; [`RowReader::finish`] hands them out together with a
/// wrong number of rows, control total or checksum.
pub struct RowReader<R: Row> {
    csv: csv::Reader<Source>,
    entry: FileEntry,
    record: ByteRecord,
    /// `None` once reading cannot go on.
    layout: Option<Layout>,
    last_key: Option<R::Key>,
    rows: u64,
    bad_rows: u64,
    control: Option<i64>,
    reached_end: bool,
    problems: Problems,
}

impl<R: Row> std::fmt::Debug for RowReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowReader").field("file", &self.entry.name).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<R: Row> RowReader<R> {
    pub fn new(entry: &FileEntry, input: impl Read + Send + 'static) -> Self {
        let csv = csv::ReaderBuilder::new()
            .delimiter(entry.separator.byte())
            // The usual terminator takes a carriage return for the end and counts the line one row late.
            .terminator(csv::Terminator::Any(b'\n'))
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(Source::new(Box::new(input), entry.encoding));
        let mut reader = Self {
            csv,
            entry: entry.clone(),
            record: ByteRecord::new(),
            layout: None,
            last_key: None,
            rows: 0,
            bad_rows: 0,
            control: Some(0),
            reached_end: false,
            problems: Problems::default(),
        };
        reader.read_header();
        reader
    }

    fn read_header(&mut self) {
        if !self.read_record() {
            if self.reached_end {
                self.problems.push(Problem::of_file(&self.entry.name, "empty: not even a header"));
            }
            return;
        }
        match Layout::of_header(&self.record, R::NAMES, R::OPTIONAL, self.entry.encoding) {
            Ok(layout) => self.layout = Some(layout),
            Err(fault) => self.report(1, fault),
        }
    }

    /// False at the end, and when the bytes cannot be read any further.
    fn read_record(&mut self) -> bool {
        loop {
            match self.csv.read_byte_record(&mut self.record) {
                Ok(true) => {
                    self.csv.get_mut().row_ended();
                    // Empty lines that end with a carriage return; the parser skips the others.
                    if self.record.len() != 1 || self.record.get(0) != Some(b"\r") {
                        return true;
                    }
                }
                Ok(false) => {
                    self.reached_end = true;
                    return false;
                }
                Err(error) => {
                    self.layout = None;
                    self.bad_rows += 1;
                    let line = Some(self.csv.position().line());
                    self.problems.push(Problem { line, ..Problem::of_file(&self.entry.name, error.to_string()) });
                    return false;
                }
            }
        }
    }

    /// The next good row; `None` at the end.
    pub fn next_row(&mut self) -> Option<Numbered<R>> {
        while self.layout.is_some() && self.read_record() {
            self.rows += 1;
            let line = self.record.position().map_or(0, csv::Position::line);
            match self.parse() {
                Ok(row) => return Some(Numbered { line, row }),
                Err(fault) => {
                    self.bad_rows += 1;
                    self.report(line, fault);
                }
            }
        }
        None
    }

    fn parse(&mut self) -> Result<R, CellError> {
        let Some(layout) = &self.layout else { return Err(CellError::new("header", "unusable")) };
        if self.record.len() != layout.width {
            let reason = format!("{} columns, the header has {}", self.record.len(), layout.width);
            return Err(CellError::new("row", reason));
        }
        let row = R::read(&mut Cells::new(&self.record, layout, R::NAMES))?;
        let key = row.key();
        if self.last_key.as_ref().is_some_and(|last| *last >= key) {
            return Err(CellError::new(R::ORDER, "repeated, or not sorted"));
        }
        self.last_key = Some(key);
        row.check()?;
        self.control = self.control.and_then(|sum| sum.checked_add(row.control()));
        Ok(row)
    }

    /// Adds a fault that the caller found in a row.
    pub fn report(&mut self, line: u64, fault: CellError) {
        let CellError { column, reason, .. } = fault;
        let column = Some(column).filter(|column| !matches!(*column, "row" | "header")).map(str::to_owned);
        self.problems.push(Problem { file: self.entry.name.clone(), line: Some(line), column, reason });
    }

    /// Rows read so far, good and bad.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows that this reader itself refused.
    pub fn bad_rows(&self) -> u64 {
        self.bad_rows
    }

    /// SHA-256 of every byte that the rows so far came from, and of those read ahead.
    pub fn digest(&self) -> [u8; 32] {
        self.csv.get_ref().digest()
    }

    pub fn entry(&self) -> &FileEntry {
        &self.entry
    }

    pub fn problems(&self) -> &Problems {
        &self.problems
    }

    /// Reads to the end and compares with the manifest.
    pub fn finish(mut self) -> Problems {
        while self.next_row().is_some() {}
        if !self.reached_end {
            return self.problems;
        }
        let whole = |reason: String| Problem::of_file(&self.entry.name, reason);
        if self.rows != self.entry.rows {
            let reason =
                format!("{} rows, the manifest says {}: truncated or not its file", self.rows, self.entry.rows);
            self.problems.push(whole(reason));
        }
        // With bad rows left out the sum is wrong anyway: one fault, one message.
        if let Some(total) = self.entry.total.as_ref().filter(|_| self.bad_rows == 0)
            && (self.control.is_none() || R::KIND.total_units(total).ok() != self.control)
        {
            let sum = self.control.map_or_else(|| "too large".into(), |units| R::KIND.total_text(units));
            self.problems.push(whole(format!("control total is {sum}, the manifest says {total}")));
        }
        let source = self.csv.into_inner();
        if source.is_utf8_after_all() {
            // The first to be told: faults of rows may only follow from it.
            let reason = format!("its bytes are UTF-8, the manifest says {}", self.entry.encoding.word());
            let rest = std::mem::replace(&mut self.problems, Problem::of_file(&self.entry.name, reason).into());
            self.problems.append(rest);
        }
        if let Err(problem) = self.entry.check_sha256(&source.into_sha256()) {
            self.problems.push(problem);
        }
        self.problems
    }
}
