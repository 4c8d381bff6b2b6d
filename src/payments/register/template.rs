//! How a register looks: data, not code. Templates lie beside this file; docs/payments.md tells what may stand in one.

use serde::Deserialize;

use crate::kernel::Fault;

const TEMPLATES: [(&str, &str); 5] = [
    ("csv", include_str!("templates/csv.toml")),
    ("gis", include_str!("templates/gis.toml")),
    ("gorod", include_str!("templates/gorod.toml")),
    ("sberbank", include_str!("templates/sberbank.toml")),
    ("settlement", include_str!("templates/settlement.toml")),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1251")]
    Windows1251,
    Cp866,
    #[serde(rename = "koi8-r")]
    Koi8R,
}

impl Encoding {
    pub fn codec(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Windows1251 => encoding_rs::WINDOWS_1251,
            Self::Cp866 => encoding_rs::IBM866,
            Self::Koi8R => encoding_rs::KOI8_R,
        }
    }
}

/// A cell of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// Number of the personal account.
    Account,
    Amount,
    /// Of the payment, at the provider.
    Date,
    Time,
    Month,
    Year,
    /// Id of the payment, by which postings come back.
    Payment,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub encoding: Encoding,
    pub separator: String,
    pub line_end: String,
    pub file_name: String,
    pub decimal_point: String,
    /// As `strftime` has it.
    pub date: String,
    /// Lines before the rows, with `{words}`.
    pub head: Vec<String>,
    pub row: Vec<Cell>,
    /// Lines after them.
    pub tail: Vec<String>,
}

/// None when there is none of that name.
pub fn find(name: &str) -> Result<Option<Template>, Fault> {
    let Some((_, text)) = TEMPLATES.iter().find(|(known, _)| *known == name) else { return Ok(None) };
    toml::from_str(text).map(Some).map_err(Fault::internal)
}

pub fn names() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(name, _)| *name)
}
