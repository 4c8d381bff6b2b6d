//! Every way in which exports say no.

use crate::identity::error::StepUpRefusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportRefusal {
    NotConfirmed,
    StepUp(StepUpRefusal),
    /// One is being made.
    Running,
    /// As many as a day allows.
    TooMany {
        seconds: i64,
    },
}
