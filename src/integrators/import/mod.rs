//! Loads registers into the database.
//!
//! Promises: a file is taken whole or not at all, twice is as good as once, and a run that was cut off goes on where it was.
//! Memory holds a chunk of rows, whatever the size of the files. Tables: those of the registers, and `import_files`.

pub(in crate::integrators) mod context;
mod difference;
mod importer;
pub(in crate::integrators) mod kinds;
pub(in crate::integrators) mod plan;
pub(in crate::integrators) mod posted;
mod progress;
mod report;
mod run;
pub(in crate::integrators) mod store;

pub use difference::Difference;
pub use importer::{ImportEvent, Importer, Mode, Step};
pub use report::{Fate, FileReport, ImportReport, Outcome, Tally};
pub(in crate::integrators) use run::tell_in;

#[cfg(test)]
mod tests;
