//! What an import did.

use std::time::Duration;

use entity::ids::ImportFileId;

use crate::integrators::register::{Problem, Problems};

/// What becomes of a good row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    New,
    Changed,
    Unchanged,
}

/// Rows by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
    }
}

impl FromIterator<Fate> for Tally {
    fn from_iter<I: IntoIterator<Item = Fate>>(fates: I) -> Self {
        let mut tally = Self::default();
        for fate in fates {
            match fate {
                Fate::New => tally.new += 1,
                Fate::Changed => tally.changed += 1,
                Fate::Unchanged => tally.unchanged += 1,
            }
        }
        tally
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written; in a dry run: would be.
    Loaded,
    /// The same file was loaded before and nothing of its kind since.
    AlreadyLoaded,
    Refused,
    /// Stopped on request; the next run goes on from here.
    Interrupted,
}

#[derive(Clone, Debug)]
pub struct FileReport {
    pub provider: String,
    pub file: String,
    /// What the file is known by here, once something of it was loaded.
    pub import: Option<ImportFileId>,
    pub outcome: Outcome,
    /// By the manifest.
    pub rows: u64,
    /// All zero when refused.
    pub tally: Tally,
    pub problems: Problems,
    pub elapsed: Duration,
}

impl FileReport {
    pub fn rows_per_second(&self) -> u64 {
        let millis = self.elapsed.as_millis().max(1);
        u64::try_from(u128::from(self.rows) * 1000 / millis).unwrap_or(u64::MAX)
    }
}

#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    pub files: Vec<FileReport>,
    /// Folders that are no export.
    pub problems: Problems,
}

impl ImportReport {
    pub fn refused(&self) -> bool {
        !self.problems.is_empty() || self.files.iter().any(|file| file.outcome == Outcome::Refused)
    }

    pub fn interrupted(&self) -> bool {
        self.files.iter().any(|file| file.outcome == Outcome::Interrupted)
    }
}

impl From<Problem> for ImportReport {
    fn from(problem: Problem) -> Self {
        Self { files: Vec::new(), problems: problem.into() }
    }
}
