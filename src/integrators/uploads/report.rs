//! What is told of an export that was carried out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use entity::import_file;
use serde::{Deserialize, Serialize};

use crate::integrators::import::{Difference, FileReport, ImportReport, Outcome};
use crate::integrators::register::{Problem, Problems};
use crate::integrators::undo::{Became, Undone, UndoneFile};
use crate::kernel::{Fault, type_id};

/// Values that a report tells of a file.
const MOST_DIFFERENCES: usize = 50;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub files: Vec<FileLine>,
    /// Of no file.
    pub problems: Vec<ProblemLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileLine {
    pub name: String,
    /// TypeID of what was loaded, for whoever takes it back.
    #[serde(default)]
    pub import_id: Option<String>,
    /// `LOADED`, `ALREADY_LOADED`, `REFUSED`; `UNDONE` of statements that were taken back.
    pub outcome: String,
    pub rows: u64,
    pub new_count: u64,
    pub changed_count: u64,
    pub unchanged_count: u64,
    /// Statements that stand no more.
    #[serde(default)]
    pub withdrawn_count: u64,
    /// Statements that gave their places back to earlier issues.
    #[serde(default)]
    pub restored_count: u64,
    pub problem_count: u64,
    /// The first of them.
    pub problems: Vec<ProblemLine>,
    /// What the first rows that are known with other values change, or would in a dry run.
    #[serde(default)]
    pub differences: Vec<DifferenceLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceLine {
    /// From 1, the header included.
    pub line: u64,
    #[serde(flatten)]
    pub difference: Difference,
}

/// What rows change, by file: the first of them.
#[derive(Debug, Default)]
pub struct Changed(Mutex<HashMap<String, Vec<DifferenceLine>>>);

impl Changed {
    pub fn note(&self, file: &str, rows: &[(u64, Vec<Difference>)]) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = files.entry(file.to_owned()).or_default();
        let values = rows.iter().flat_map(|(line, values)| values.iter().map(|value| (*line, value)));
        let first = values.take(MOST_DIFFERENCES.saturating_sub(noted.len()));
        noted.extend(first.map(|(line, value)| DifferenceLine { line, difference: value.clone() }));
    }

    pub fn told_in(self, mut report: Report) -> Report {
        let mut files = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        for file in &mut report.files {
            file.differences = files.remove(&file.name).unwrap_or_default();
        }
        report
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemLine {
    /// From 1, the header included; none: of the whole file.
    pub line: Option<u64>,
    pub column: Option<String>,
    pub reason: String,
}

impl From<&Problem> for ProblemLine {
    fn from(Problem { line, column, reason, .. }: &Problem) -> Self {
        Self { line: *line, column: column.clone(), reason: reason.clone() }
    }
}

fn lines(problems: &Problems) -> Vec<ProblemLine> {
    problems.kept().iter().map(Into::into).collect()
}

impl From<&ImportReport> for Report {
    fn from(report: &ImportReport) -> Self {
        Self { files: report.files.iter().map(Into::into).collect(), problems: lines(&report.problems) }
    }
}

impl From<&FileReport> for FileLine {
    fn from(report: &FileReport) -> Self {
        let outcome = match report.outcome {
            Outcome::Loaded => "LOADED",
            Outcome::AlreadyLoaded => "ALREADY_LOADED",
            Outcome::Refused => "REFUSED",
            Outcome::Interrupted => "INTERRUPTED",
        };
        Self {
            name: report.file.clone(),
            import_id: report.import.map(type_id::encode),
            outcome: outcome.to_owned(),
            rows: report.rows,
            new_count: report.tally.new,
            changed_count: report.tally.changed,
            unchanged_count: report.tally.unchanged,
            withdrawn_count: 0,
            restored_count: 0,
            problem_count: report.problems.count(),
            problems: lines(&report.problems),
            differences: Vec::new(),
        }
    }
}

impl FileLine {
    /// Of a file whose statements were taken back.
    pub fn undone(file: &import_file::Model, done: &UndoneFile) -> Self {
        let problem = |one: &Undone| match &one.became {
            Became::Refused(refusal) => Some(ProblemLine {
                line: None,
                column: Some(refusal.column.to_owned()),
                reason: format!("{} of {}: {}", one.period, one.account, refusal.reason),
            }),
            _ => None,
        };
        Self {
            name: file.name.clone(),
            import_id: Some(type_id::encode(file.id)),
            outcome: if done.refused > 0 { "REFUSED" } else { "UNDONE" }.to_owned(),
            rows: done.withdrawn + done.restored + done.already + done.refused,
            new_count: 0,
            changed_count: 0,
            unchanged_count: done.already,
            withdrawn_count: done.withdrawn,
            restored_count: done.restored,
            problem_count: done.refused,
            problems: done.reasons.iter().filter_map(problem).collect(),
            differences: Vec::new(),
        }
    }

    fn named(&self) -> impl Iterator<Item = (&str, &ProblemLine)> {
        self.problems.iter().map(|problem| (self.name.as_str(), problem))
    }
}

impl Report {
    /// A row for each problem that is kept: file, line, column, reason. UTF-8, commas.
    ///
    /// # Errors
    /// Writing into memory does not fail.
    pub fn csv(&self) -> Result<Vec<u8>, Fault> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["file", "line", "column", "reason"]).map_err(Fault::internal)?;
        let whole = self.problems.iter().map(|problem| ("", problem));
        let of_files = self.files.iter().flat_map(FileLine::named);
        for (file, ProblemLine { line, column, reason }) in whole.chain(of_files) {
            let line = line.map(|line| line.to_string()).unwrap_or_default();
            let record = [file, line.as_str(), column.as_deref().unwrap_or_default(), reason.as_str()];
            csv.write_record(record).map_err(Fault::internal)?;
        }
        csv.into_inner().map_err(Fault::internal)
    }
}
