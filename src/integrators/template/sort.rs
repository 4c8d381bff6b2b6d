//! Rows of one kind, in whatever order they come, written as a register: sorted on disk, so that memory holds a chunk of them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use entity::exact::YearMonth;

use super::translate::Fault;
use crate::integrators::register::cells::{CellError, Cells, Layout};
use crate::integrators::register::manifest::Encoding;
use crate::integrators::register::rows::Row;
use crate::integrators::register::writer::RowWriter;
use crate::integrators::register::{FileEntry, Kind, RowReader, Separator};

/// Rows in memory, and in a run on disk.
#[cfg(not(test))]
const CHUNK: usize = 50_000;
#[cfg(test)]
const CHUNK: usize = 3;

const FORM: (Encoding, Separator) = (Encoding::Utf8, Separator::Semicolon);

/// To be told of what is wrong with a row; fails when the disk does.
pub type Tell<'a> = &'a mut dyn FnMut(Fault) -> io::Result<()>;

/// Takes rows of a kind, and at the end writes their register.
pub trait Gather {
    fn kind(&self) -> Kind;

    fn columns(&self) -> &'static [&'static str];

    fn optional(&self) -> &'static [bool];

    /// `cells` in the order of the columns, UTF-8; what is wrong with them is told.
    fn take(&mut self, line: u64, cells: &ByteRecord, tell: Tell<'_>) -> io::Result<()>;

    /// Of two rows of one key that differ the first stays, and the other is told.
    fn finish(&mut self, dir: &Path, name: &str, period: Option<YearMonth>, tell: Tell<'_>) -> io::Result<FileEntry>;
}

pub struct Sorted<R: Row> {
    layout: Layout,
    /// With the line that they came from.
    rows: Vec<(u64, R)>,
    runs: Vec<FileEntry>,
    /// Where the runs are.
    folder: PathBuf,
}

impl<R: Row> Sorted<R> {
    /// # Errors
    /// Never: a type's own columns are a header.
    pub fn new(folder: &Path) -> Result<Self, CellError> {
        let header = ByteRecord::from(R::NAMES.to_vec());
        let layout = Layout::of_header(&header, R::NAMES, R::OPTIONAL, Encoding::Utf8)?;
        Ok(Self { layout, rows: Vec::new(), runs: Vec::new(), folder: folder.to_owned() })
    }

    fn parse(&self, cells: &ByteRecord) -> Result<R, CellError> {
        let row = R::read(&mut Cells::new(cells, &self.layout, R::NAMES))?;
        row.check()?;
        Ok(row)
    }

    /// What is in memory, sorted, as a file of `dir`.
    fn write(&mut self, dir: &Path, name: &str, period: Option<YearMonth>, tell: Tell<'_>) -> io::Result<FileEntry> {
        self.rows.sort_by_cached_key(|(_, row)| row.key());
        let mut writer = Distinct::create(dir, name, period)?;
        for (line, row) in self.rows.drain(..) {
            writer.put(Some(line), row, tell)?;
        }
        writer.writer.finish()
    }

    fn merge(&mut self, mut writer: Distinct<R>, tell: Tell<'_>) -> io::Result<FileEntry> {
        let mut readers = Vec::new();
        for run in &self.runs {
            let mut reader = RowReader::<R>::new(run, File::open(self.folder.join(&run.name))?);
            if let Some(first) = reader.next_row() {
                readers.push((first.row, reader));
            }
        }
        // A run is a chunk, so there are few: the least of their first rows is found by looking at each.
        while let Some(least) = (0..readers.len()).min_by_key(|at| readers.get(*at).map(|(row, _)| row.key())) {
            let (row, mut reader) = readers.swap_remove(least);
            if let Some(next) = reader.next_row() {
                readers.push((next.row, reader));
            } else if let Some(problem) = reader.finish().kept().first() {
                return Err(io::Error::other(problem.to_string()));
            }
            writer.put(None, row, tell)?;
        }
        writer.writer.finish()
    }
}

impl<R: Row> Gather for Sorted<R> {
    fn kind(&self) -> Kind {
        R::KIND
    }

    fn columns(&self) -> &'static [&'static str] {
        R::NAMES
    }

    fn optional(&self) -> &'static [bool] {
        R::OPTIONAL
    }

    fn take(&mut self, line: u64, cells: &ByteRecord, tell: Tell<'_>) -> io::Result<()> {
        match self.parse(cells) {
            Ok(row) => self.rows.push((line, row)),
            Err(error) => tell(Fault { line: Some(line), column: Some(error.column), reason: error.reason })?,
        }
        if self.rows.len() == CHUNK {
            fs::create_dir_all(&self.folder)?;
            let (folder, name) = (self.folder.clone(), format!("{}-{}.csv", R::KIND, self.runs.len()));
            let run = self.write(&folder, &name, None, tell)?;
            self.runs.push(run);
        }
        Ok(())
    }

    fn finish(&mut self, dir: &Path, name: &str, period: Option<YearMonth>, tell: Tell<'_>) -> io::Result<FileEntry> {
        if self.runs.is_empty() {
            return self.write(dir, name, period, tell);
        }
        let (folder, last) = (self.folder.clone(), format!("{}-last.csv", R::KIND));
        let run = self.write(&folder, &last, None, tell)?;
        self.runs.push(run);
        self.merge(Distinct::create(dir, name, period)?, tell)
    }
}

/// Writes each row once: the same thing said twice is said once, as files say it that have a row for each service.
struct Distinct<R: Row> {
    writer: RowWriter<R>,
    last: Option<R>,
}

impl<R: Row> Distinct<R> {
    fn create(dir: &Path, name: &str, period: Option<YearMonth>) -> io::Result<Self> {
        Ok(Self { writer: RowWriter::create(dir, name, period, FORM)?, last: None })
    }

    fn put(&mut self, line: Option<u64>, row: R, tell: Tell<'_>) -> io::Result<()> {
        match &self.last {
            Some(last) if last.key() == row.key() => {
                if last.write() != row.write() {
                    let cells = row.write().join("; ");
                    let reason = format!("another row has the same {} and says something else: {cells}", R::ORDER);
                    tell(Fault { line, column: None, reason })?;
                }
                Ok(())
            }
            _ => {
                self.writer.write(&row)?;
                self.last = Some(row);
                Ok(())
            }
        }
    }
}
