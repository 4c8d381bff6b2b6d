//! What is wrong with a register, and where.

use std::fmt;

/// One fault: of a cell (line and column), a row (line), or the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1, the header included.
    pub line: Option<u64>,
    pub column: Option<String>,
    pub reason: String,
}

impl Problem {
    pub fn of_file(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for Problem {}

/// The first [`Problems::KEPT`] faults and the number of all: a file where every row is wrong must not fill the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<Problem>,
    count: u64,
}

impl Problems {
    pub const KEPT: usize = 20;

    pub fn push(&mut self, problem: Problem) {
        self.count += 1;
        if self.kept.len() < Self::KEPT {
            self.kept.push(problem);
        }
    }

    pub fn append(&mut self, other: Self) {
        let dropped = other.count - other.kept.len() as u64;
        other.kept.into_iter().for_each(|problem| self.push(problem));
        self.count += dropped;
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn kept(&self) -> &[Problem] {
        &self.kept
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self { kept: vec![problem], count: 1 }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.kept {
            writeln!(f, "{problem}")?;
        }
        match self.count - self.kept.len() as u64 {
            0 => Ok(()),
            more => writeln!(f, "… and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_file_line_column_and_reason() {
        let problem = Problem {
            file: "accounts.csv".into(),
            line: Some(17),
            column: Some("residents".into()),
            reason: "not a whole number".into(),
        };
        assert_eq!(problem.to_string(), "accounts.csv, line 17, column residents: not a whole number");
    }

    #[test]
    fn only_the_first_faults_are_kept_and_the_rest_counted() {
        let mut problems = Problems::default();
        for line in 0..25 {
            problems.push(Problem { line: Some(line), ..Problem::of_file("a.csv", "x") });
        }
        let mut all = Problems::from(Problem::of_file("b.csv", "y"));
        all.append(problems);
        assert_eq!((all.count(), all.kept().len()), (26, 20));
        assert!(all.to_string().ends_with("… and 6 more\n"));
    }
}
