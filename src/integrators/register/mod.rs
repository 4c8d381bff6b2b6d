//! The format of registers, `docs/registers.md`: no database, no clock.
//!
//! Every register is sorted by its key, so uniqueness, references and chains of months are checked by walking files side by
//! side, in memory that does not grow with them.

pub mod bills;
pub mod cells;
pub mod check;
pub mod cursor;
pub mod error;
pub mod export;
pub mod kind;
pub mod manifest;
pub mod reader;
pub mod rows;
pub mod dated;
pub mod settings;
mod source;
pub mod writer;

pub use bills::{Bill, BillReader};
pub use dated::DatedSettings;
pub use error::{Problem, Problems};
pub use export::Export;
pub use kind::Kind;
pub use manifest::{Encoding, FileEntry, Manifest, Separator};
pub use reader::{Numbered, RowReader};
pub use rows::Row;
pub use settings::ProviderSettings;
pub(in crate::integrators) use source::{Source, Utf8Watch};
