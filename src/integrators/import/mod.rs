//! Loads registers into the database.
//!
//! Promises: a file is taken whole or not at all, twice is as good as once, and a run that was cut off goes on where it was.
//! Memory holds a chunk of rows, whatever the size of the files. Tables: those of the registers, and `import_files`.

mod context;
mod importer;
mod kinds;
mod plan;
mod progress;
mod report;
mod run;
mod store;

pub use importer::{ImportEvent, Importer, Mode, Step};
pub use report::{FileReport, ImportReport, Outcome, Tally};

#[cfg(test)]
mod tests;
