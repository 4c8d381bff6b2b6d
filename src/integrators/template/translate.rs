//! A foreign file into an export: every row by every table, sorted, with a manifest at the end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use csv::ByteRecord;
use entity::exact::{Money, YearMonth};

use super::cell::Known;
use super::name;
use super::read::{self, Foreign, Rows};
use super::rules::{FaultyRow, Place, Rule, Table, Template};
use super::sort::{Gather, Sorted, Tell};
use crate::integrators::register::cells::CellError;
use crate::integrators::register::rows::{
    AccountRow, MeterRow, ReadingRow, ReplacementRow, ServiceChangeRow, ServiceRow, StatementLineRow, StatementRow,
    TariffRow,
};
use crate::integrators::register::writer::write_manifest;
use crate::integrators::register::{Kind, Manifest, Problem, Problems, manifest};

/// Rows that were left out, with the reasons.
const FAULTS_FILE: &str = "faults.csv";

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Translation<'a> {
    pub template: &'a Template,
    pub file: &'a Path,
    /// Where the export is to be; it must not be there, or be empty.
    pub dir: &'a Path,
    /// When the file's name does not say it.
    pub period: Option<YearMonth>,
    pub exported_at: DateTime<FixedOffset>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    pub rows: u64,
    pub skipped: u64,
    /// Rows that were left out, and are in `faults.csv`.
    pub faulty: u64,
    /// Rows of each register.
    pub written: Vec<(Kind, u64)>,
}

/// The file gives no export.
#[derive(Debug)]
pub enum Refused {
    Faults(Problems),
    /// The folder cannot be written.
    Disk(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: Option<u64>,
    pub column: Option<&'static str>,
    pub reason: String,
}

/// Reads the file for its encoding, for its control sum where it states one, and then row by row; `advance` hears of the bytes of every row.
pub fn translate(asked: &Translation<'_>, advance: &mut dyn FnMut(u64)) -> Result<Translated, Refused> {
    let file = asked.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let refuse = |reason: String| Refused::Faults(Problem::of_file(&file, reason).into());
    if fs::read_dir(asked.dir).is_ok_and(|mut found| found.next().is_some()) {
        return Err(Refused::Disk(io::Error::other(format!("{} is not empty", asked.dir.display()))));
    }
    let template = asked.template;
    let named = template.file_name.as_ref().map(|pattern| name::period_in(&file, pattern)).transpose();
    let period = asked.period.or(named.map_err(refuse)?.flatten());
    read::check_encoding(asked.file, template.encoding).map_err(refuse)?;
    let stated = read::stated_total(asked.file, template).map_err(refuse)?;
    let mut rows = Rows::open(asked.file, template).map_err(refuse)?;
    fs::create_dir_all(asked.dir)?;
    let mut work = Work::begin(asked, &file, period).map_err(|error| refuse(error.reason))?;
    let mut at = 0;
    loop {
        match rows.next_row() {
            Ok(Some((line, row))) => work.take(line, &row)?,
            Ok(None) => break,
            Err(reason) => return Err(work.refused(Problem::of_file(&file, reason))),
        }
        advance(rows.read_bytes() - at);
        at = rows.read_bytes();
    }
    if let Some(stated) = stated.filter(|stated| *stated != work.sum) {
        let reason = format!("the rows add up to {}, the file says {stated}: truncated or not its rows", work.sum);
        return Err(work.refused(Problem::of_file(&file, reason)));
    }
    work.finish(period)
}

/// A translation under way.
struct Work<'a> {
    asked: &'a Translation<'a>,
    file: &'a str,
    known: Known,
    tables: Vec<Target<'a>>,
    sum: Money,
    done: Translated,
    faults: Faults,
}

/// A table of the template and the register that it fills.
struct Target<'a> {
    table: &'a Table,
    gather: Box<dyn Gather>,
    /// A rule for each column of the register.
    rules: Vec<Option<&'a Rule>>,
}

impl<'a> Work<'a> {
    fn begin(asked: &'a Translation<'a>, file: &'a str, period: Option<YearMonth>) -> Result<Self, CellError> {
        let sorting = sorting(asked.dir);
        let tables = asked.template.tables.iter().map(|table| Target::new(table, &sorting));
        Ok(Self {
            asked,
            file,
            known: Known { period, exported_at: asked.exported_at.to_rfc3339() },
            tables: tables.collect::<Result<_, _>>()?,
            sum: Money(0),
            done: Translated { rows: 0, skipped: 0, faulty: 0, written: Vec::new() },
            faults: Faults::new(asked, file),
        })
    }

    fn take(&mut self, line: u64, row: &Foreign<'_>) -> io::Result<()> {
        self.done.rows += 1;
        if let Err(reason) = self.add_up(row) {
            self.faults.tell(Fault { line: Some(line), column: None, reason })?;
        }
        match row.fulfils(&self.asked.template.skip) {
            Ok(true) if !self.asked.template.skip.is_empty() => self.done.skipped += 1,
            Ok(_) => {
                for target in &mut self.tables {
                    target.take(line, row, &self.known, &mut |fault| self.faults.tell(fault))?;
                }
            }
            Err(reason) => self.faults.tell(Fault { line: Some(line), column: None, reason })?,
        }
        Ok(())
    }

    /// Rows that are skipped, or faulty otherwise, count too: the sum is of the file.
    fn add_up(&mut self, row: &Foreign<'_>) -> Result<(), String> {
        let Some(total) = &self.asked.template.total else { return Ok(()) };
        let text = row.cell(&total.column)?;
        let amount = read::money(&text, total).ok_or_else(|| format!("{text:?} is no sum"))?;
        let sum = self.sum.0.checked_add(amount.0).ok_or("the sum is too large")?;
        self.sum = Money(sum);
        Ok(())
    }

    fn finish(mut self, period: Option<YearMonth>) -> Result<Translated, Refused> {
        let mut files = Vec::new();
        for target in &mut self.tables {
            let kind = target.gather.kind();
            let period = period.filter(|_| kind.is_monthly());
            if kind.is_monthly() && period.is_none() {
                let reason = format!("{kind} are of a period: neither the file's name nor --period says which");
                return Err(self.faults.refused(self.asked.dir, Problem::of_file(self.file, reason)));
            }
            let name = period.map_or_else(|| format!("{kind}.csv"), |period| format!("{kind}-{period}.csv"));
            let entry = target.gather.finish(self.asked.dir, &name, period, &mut |fault| self.faults.tell(fault))?;
            self.done.written.push((kind, entry.rows));
            files.push(entry);
        }
        let _ = fs::remove_dir_all(sorting(self.asked.dir));
        self.done.faulty = self.faults.finish(self.asked.dir)?;
        let manifest = Manifest {
            format: manifest::FORMAT,
            provider: self.asked.template.provider.clone(),
            exported_at: self.asked.exported_at,
            files,
        };
        write_manifest(self.asked.dir, &manifest)?;
        Ok(self.done)
    }

    fn refused(mut self, problem: Problem) -> Refused {
        self.faults.refused(self.asked.dir, problem)
    }
}

fn sorting(dir: &Path) -> PathBuf {
    dir.join("sorting")
}

impl<'a> Target<'a> {
    fn new(table: &'a Table, sorting: &Path) -> Result<Self, CellError> {
        let gather = gather(table.kind, sorting)?;
        for column in table.columns.keys() {
            if !gather.columns().contains(&column.as_str()) {
                let known = gather.columns().join(", ");
                return Err(CellError::new(
                    "table",
                    format!("{}: no column {column:?}, known are {known}", table.kind),
                ));
            }
        }
        let rules: Vec<_> = gather.columns().iter().map(|column| table.columns.get(*column)).collect();
        let missing = |((column, optional), rule): ((&&'static str, &bool), &Option<_>)| {
            (!optional && rule.is_none()).then_some(*column)
        };
        let columns = gather.columns().iter().zip(gather.optional()).zip(&rules);
        if let Some(column) = columns.into_iter().find_map(missing) {
            let reason = format!("{}: the template does not say where {column} comes from", table.kind);
            return Err(CellError::new("table", reason));
        }
        Ok(Self { table, gather, rules })
    }

    fn take(&mut self, line: u64, row: &Foreign<'_>, known: &Known, tell: Tell<'_>) -> io::Result<()> {
        let wanted = row.fulfils(&self.table.when);
        let cells = match wanted {
            Ok(false) => return Ok(()),
            Ok(true) => self.cells(row, known),
            Err(reason) => Err((None, reason)),
        };
        match cells {
            Ok(cells) => self.gather.take(line, &cells, tell),
            Err((column, reason)) => tell(Fault { line: Some(line), column, reason }),
        }
    }

    fn cells(&self, row: &Foreign<'_>, known: &Known) -> Result<ByteRecord, (Option<&'static str>, String)> {
        let mut cells = ByteRecord::new();
        for (rule, column) in self.rules.iter().zip(self.gather.columns()) {
            let translated = rule.map_or(Ok(String::new()), |rule| {
                let text = rule.column.as_ref().map(|place: &Place| row.cell(place)).transpose()?;
                rule.apply(&text.unwrap_or_default(), known)
            });
            cells.push_field(translated.map_err(|reason| (Some(*column), reason))?.as_bytes());
        }
        Ok(cells)
    }
}

fn gather(kind: Kind, sorting: &Path) -> Result<Box<dyn Gather>, CellError> {
    Ok(match kind {
        Kind::Settings => return Err(CellError::new("table", "settings are written by hand")),
        Kind::Tariffs => Box::new(Sorted::<TariffRow>::new(sorting)?),
        Kind::Accounts => Box::new(Sorted::<AccountRow>::new(sorting)?),
        Kind::Services => Box::new(Sorted::<ServiceRow>::new(sorting)?),
        Kind::ServiceChanges => Box::new(Sorted::<ServiceChangeRow>::new(sorting)?),
        Kind::Meters => Box::new(Sorted::<MeterRow>::new(sorting)?),
        Kind::Replacements => Box::new(Sorted::<ReplacementRow>::new(sorting)?),
        Kind::Readings => Box::new(Sorted::<ReadingRow>::new(sorting)?),
        Kind::Statements => Box::new(Sorted::<StatementRow>::new(sorting)?),
        Kind::StatementLines => Box::new(Sorted::<StatementLineRow>::new(sorting)?),
    })
}

/// What is wrong, kept or written down as the template wants it.
struct Faults {
    file: String,
    kept: Problems,
    list: Option<(PathBuf, Option<csv::Writer<fs::File>>)>,
}

impl Faults {
    fn new(asked: &Translation<'_>, file: &str) -> Self {
        let list = asked.template.faulty_row == FaultyRow::IsLeftOut;
        let list = list.then(|| (asked.dir.join(FAULTS_FILE), None));
        Self { file: file.to_owned(), kept: Problems::default(), list }
    }

    fn tell(&mut self, fault: Fault) -> io::Result<()> {
        if let Some((path, list)) = &mut self.list {
            let writer = match list {
                Some(writer) => writer,
                list => {
                    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_path(path)?;
                    writer.write_record(["line", "column", "reason"])?;
                    list.insert(writer)
                }
            };
            let line = fault.line.map(|line| line.to_string()).unwrap_or_default();
            writer.write_record([line.as_str(), fault.column.unwrap_or_default(), fault.reason.as_str()])?;
        }
        let column = fault.column.map(str::to_owned);
        self.kept.push(Problem { file: self.file.clone(), line: fault.line, column, reason: fault.reason });
        Ok(())
    }

    /// How many rows were left out; refused when none may be.
    fn finish(&mut self, dir: &Path) -> Result<u64, Refused> {
        match &mut self.list {
            Some((_, list)) => {
                if let Some(writer) = list {
                    writer.flush()?;
                }
                Ok(self.kept.count())
            }
            None if self.kept.is_empty() => Ok(0),
            None => {
                clear(dir);
                Err(Refused::Faults(std::mem::take(&mut self.kept)))
            }
        }
    }

    /// The file as a whole is no good: that comes first, what is wrong with its rows may only follow from it.
    fn refused(&mut self, dir: &Path, problem: Problem) -> Refused {
        clear(dir);
        let mut problems = Problems::from(problem);
        problems.append(std::mem::take(&mut self.kept));
        Refused::Faults(problems)
    }
}

/// Nothing that looks like an export is left of a file that gave none.
fn clear(dir: &Path) {
    let _ = fs::remove_dir_all(dir);
}
