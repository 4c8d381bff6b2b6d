//! What a file of an export holds.

use std::fmt;

use entity::exact::{Money, NotExact, Price, Quantity};
use serde::{Deserialize, Serialize};

/// In the order of import: a later kind refers to earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Settings,
    Tariffs,
    Accounts,
    Services,
    ServiceChanges,
    Meters,
    Replacements,
    Readings,
    Statements,
    /// Part of the statements of the same period, never imported alone.
    StatementLines,
}

impl Kind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Tariffs => "tariffs",
            Self::Accounts => "accounts",
            Self::Services => "services",
            Self::ServiceChanges => "service_changes",
            Self::Meters => "meters",
            Self::Replacements => "replacements",
            Self::Readings => "readings",
            Self::Statements => "statements",
            Self::StatementLines => "statement_lines",
        }
    }

    /// One file per billing period instead of one per export.
    pub const fn is_monthly(self) -> bool {
        matches!(self, Self::Statements | Self::StatementLines)
    }

    /// The column whose sum is the control total; `None` where no column is worth summing.
    pub const fn totalled_column(self) -> Option<&'static str> {
        match self {
            Self::Tariffs => Some("price"),
            Self::Readings => Some("value_single, value_day, value_night, value_peak"),
            Self::Replacements => Some("all values of closing and opening"),
            Self::Statements => Some("closing"),
            Self::StatementLines => Some("amount"),
            Self::Settings | Self::Accounts | Self::Services | Self::ServiceChanges | Self::Meters => None,
        }
    }

    /// A control total in the smallest unit of the totalled column.
    pub fn total_units(self, text: &str) -> Result<i64, NotExact> {
        match self {
            Self::Tariffs => text.parse().map(|Price(units)| units),
            Self::Readings | Self::Replacements => text.parse().map(|Quantity(units)| units),
            _ => text.parse().map(|Money(units)| units),
        }
    }

    pub fn total_text(self, units: i64) -> String {
        match self {
            Self::Tariffs => Price(units).to_string(),
            Self::Readings | Self::Replacements => Quantity(units).to_string(),
            _ => Money(units).to_string(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
