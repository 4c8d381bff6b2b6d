//! What becomes of rows.

use entity::ids::ImportBatchId;
use serde::{Deserialize, Serialize};

use crate::integrators::import::{Difference, Fate};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::platform::idempotency::KeyRefusal;

/// Short words: a thousand of them are stored with each batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowAnswer {
    #[serde(rename = "N")]
    New,
    /// Nothing is told of what changes: it is not kept of answers from before, or is of what belongs to the row.
    #[serde(rename = "C")]
    Changed,
    /// From what to what.
    #[serde(rename = "D")]
    Differs(Vec<Difference>),
    #[serde(rename = "U")]
    Unchanged,
    #[serde(rename = "R")]
    Refused(RowRefusal),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRefusal {
    pub code: RowCode,
    /// As registers call it.
    pub column: String,
    /// With the figures, for whoever mends it.
    pub reason: String,
}

impl From<CellError> for RowAnswer {
    fn from(CellError { code, column, reason }: CellError) -> Self {
        Self::Refused(RowRefusal { code, column: column.to_owned(), reason })
    }
}

impl RowAnswer {
    pub fn of(fate: Fate, differences: Vec<Difference>) -> Self {
        match fate {
            Fate::New => Self::New,
            Fate::Changed if differences.is_empty() => Self::Changed,
            Fate::Changed => Self::Differs(differences),
            Fate::Unchanged => Self::Unchanged,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// None of a dry run, which leaves nothing.
    pub id: Option<ImportBatchId>,
    /// In the order of the rows.
    pub rows: Vec<RowAnswer>,
    /// The key was used before with the same rows: these are its answers, and nothing was done now.
    pub replayed: bool,
}

/// Why nothing of a batch was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchRefusal {
    KeyMalformed,
    /// The key was used with other rows before.
    KeyReused,
    /// A batch with this key is being taken just now.
    KeyRunning,
    Empty,
    /// More than [`super::MOST_ROWS`].
    TooMany,
}

impl From<KeyRefusal> for BatchRefusal {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Reused => Self::KeyReused,
            KeyRefusal::Running => Self::KeyRunning,
        }
    }
}
