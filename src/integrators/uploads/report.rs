//! What is told of an export that was carried out.

use serde::{Deserialize, Serialize};

use crate::integrators::import::{FileReport, ImportReport, Outcome};
use crate::integrators::register::{Problem, Problems};
use crate::kernel::Fault;

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
    /// `LOADED`, `ALREADY_LOADED`, `REFUSED`.
    pub outcome: String,
    pub rows: u64,
    pub new_count: u64,
    pub changed_count: u64,
    pub unchanged_count: u64,
    pub problem_count: u64,
    /// The first of them.
    pub problems: Vec<ProblemLine>,
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
            outcome: outcome.to_owned(),
            rows: report.rows,
            new_count: report.tally.new,
            changed_count: report.tally.changed,
            unchanged_count: report.tally.unchanged,
            problem_count: report.problems.count(),
            problems: lines(&report.problems),
        }
    }
}

impl FileLine {
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
