//! Foreign files translated into registers (ADR 0055): what a settlement centre or a bank sends becomes an export as
//! `docs/registers.md` describes it, and everything after that is `kabinet import`.
//!
//! Promises: a file is read row by row and sorted on disk, so memory does not grow with it; nothing is guessed: a cell that a
//! template does not explain is a fault; a folder has a manifest only when all went well. Refuses to know: the database.
//! Tests: beside the rules, and `tests/it/process/import.rs`.

mod cell;
mod name;
mod read;
mod rules;
mod sort;
mod translate;

pub use rules::Template;
pub use translate::{Refused, Translated, Translation, translate};

#[cfg(test)]
mod tests;
