//! Documents as PDF: pages of text, rules and squares, with embedded fonts that have Cyrillic letters. Made on threads that
//! may block, so many at a time.

mod fonts;
mod press;
mod sheet;
mod write;

pub use press::Press;
pub use sheet::{Column, Sheet, Style};

use chrono::{DateTime, Utc};

/// What a reader of the file shows about it.
#[derive(Clone, Debug)]
pub struct About {
    pub title: String,
    pub author: String,
    /// BCP 47.
    pub language: &'static str,
    pub made_at: DateTime<Utc>,
}
