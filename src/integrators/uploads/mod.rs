//! Exports that providers' programs send by HTTP, taken as `kabinet import` takes them from a folder (ADR 0054).
//!
//! Promises: what has arrived stays, on whatever instance, and is added to in its order only; an export is carried out when all
//! of it is there, those of a provider one after the other; it is taken or refused by the rules of every import. Memory holds
//! a piece. Refuses to know: HTTP (`http/imports.rs`), how refusals are worded. Tables: `uploads`, `upload_files`,
//! `upload_chunks`. Tests: `tests/it/integrators/uploads.rs`.

mod receiving;
mod report;
mod running;
mod store;
mod undoing;

use std::sync::Arc;

use chrono::TimeDelta;
use entity::{upload, upload_file};

use crate::accounts::Accounts;
use crate::integrators::undo::Undo;
use crate::platform::Mechanisms;

pub use report::{FileLine, ProblemLine, Report};

/// Exports of a provider that are not carried out yet.
pub const MOST_OPEN: u64 = 10;
/// Files of an export.
pub const MOST_FILES: usize = 500;
/// How long the files of an export may take to arrive.
pub const TIME_TO_ARRIVE: TimeDelta = TimeDelta::hours(24);
/// How long is told what became of it.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// An export with its files, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub row: upload::Model,
    pub files: Vec<upload_file::Model>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadRefusal {
    /// Why the manifest is none.
    Manifest(String),
    /// The manifest is another provider's.
    Foreign,
    /// It has settings, which an operator loads.
    Settings,
    TooMany,
    /// No such export of the provider's, or no such file of it.
    NotFound,
    /// What is to be added begins elsewhere than where the file ends.
    Offset {
        received: i64,
    },
    /// The file is complete.
    Complete {
        received: i64,
    },
    /// All files together are longer than `uploads.max_bytes`.
    TooLarge,
    /// It is being carried out, or was.
    Closed,
    /// It is not carried out yet, was a try, takes another back, or no statements are known that it loaded.
    NotUndoable,
}

#[derive(Debug)]
pub struct Uploads {
    mechanisms: Mechanisms,
    accounts: Arc<Accounts>,
    undo: Arc<Undo>,
}

impl Uploads {
    pub fn new(mechanisms: &Mechanisms, accounts: Arc<Accounts>, undo: Arc<Undo>) -> Self {
        Self { mechanisms: mechanisms.clone(), accounts, undo }
    }
}
