//! A template as it is written down: TOML, `docs/templates.md`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::integrators::register::Kind;

/// How a foreign file is to be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Code of the provider whose rows these are.
    pub provider: String,
    #[serde(default)]
    pub encoding: Encoding,
    /// One ASCII character between cells.
    #[serde(default = "semicolon")]
    pub separator: char,
    /// Whether the first row names the columns; otherwise they are numbered from 1.
    #[serde(default)]
    pub header: bool,
    /// Whether `"` around a cell belongs to the form and not to the cell.
    #[serde(default = "yes")]
    pub quotes: bool,
    /// The first character of lines that are no rows, such as `#`.
    #[serde(default)]
    pub mark: Option<char>,
    /// What the file's name says, such as `{*}_{*}_{*}_{MMYY}.txt`.
    #[serde(default)]
    pub file_name: Option<String>,
    /// A sum that the file states of itself.
    #[serde(default)]
    pub total: Option<Total>,
    /// What a faulty row does.
    #[serde(default)]
    pub faulty_row: FaultyRow,
    /// Rows that are not wanted.
    #[serde(default)]
    pub skip: Vec<Condition>,
    #[serde(rename = "table")]
    pub tables: Vec<Table>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1251")]
    Windows1251,
    #[serde(rename = "koi8-r")]
    Koi8R,
    #[serde(rename = "cp866")]
    Cp866,
}

impl Encoding {
    pub fn codec(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Windows1251 => encoding_rs::WINDOWS_1251,
            Self::Koi8R => encoding_rs::KOI8_R,
            Self::Cp866 => encoding_rs::IBM866,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultyRow {
    /// The whole file is refused, with its first faults.
    #[default]
    RefusesFile,
    /// It is left out and listed in `faults.csv`.
    IsLeftOut,
}

/// `#FILESUM 1234.56` before the rows: the sum of `column` over every row.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    /// What the line begins with, the mark included; files of several packs state several, which are added up.
    pub line: String,
    pub column: Place,
    #[serde(default = "point")]
    pub decimal: char,
}

/// A column by its number, from 1, or by its name in the header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Place {
    Number(usize),
    Name(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub column: Place,
    pub equals: String,
}

/// The rows of one kind of register, of which every row of the file gives one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub kind: Kind,
    /// Only of rows that fulfil all of these.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// The register's columns (`docs/registers.md`) and where each comes from.
    pub columns: BTreeMap<String, Rule>,
}

/// Where a cell comes from and how it is written there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default)]
    pub column: Option<Place>,
    /// The same for every row.
    #[serde(default)]
    pub value: Option<String>,
    #[serde(default)]
    pub given: Option<Given>,
    /// What an empty cell means.
    #[serde(default)]
    pub default: Option<String>,
    /// Such as `%d.%m.%Y`.
    #[serde(default)]
    pub date: Option<String>,
    /// The decimal mark, when it is no point.
    #[serde(default)]
    pub decimal: Option<char>,
    /// The file counts kopecks, the register roubles.
    #[serde(default)]
    pub kopecks: bool,
    /// Their words and ours; another word is a fault.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
}

/// What is known of the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// `2026-10`.
    Period,
    /// Its last day.
    PeriodEnd,
    /// Of what moment the file is.
    ExportedAt,
}

const fn semicolon() -> char {
    ';'
}

const fn yes() -> bool {
    true
}

const fn point() -> char {
    '.'
}

impl Template {
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let template: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        template.check()?;
        Ok(template)
    }

    fn check(&self) -> Result<(), String> {
        for sign in [Some(self.separator), self.mark].into_iter().flatten() {
            if !sign.is_ascii() || sign == '\n' || sign == '\r' || sign == '"' {
                return Err(format!(
                    "{sign:?}: separator and mark are ASCII, and neither quotation marks nor ends of lines"
                ));
            }
        }
        if self.tables.is_empty() {
            return Err("no table: nothing would be taken from the file".into());
        }
        for (at, table) in self.tables.iter().enumerate() {
            if self.tables.iter().take(at).any(|other| other.kind == table.kind) {
                return Err(format!("{}: a kind has one table", table.kind));
            }
            table.check().map_err(|reason| format!("{}: {reason}", table.kind))?;
        }
        self.places().try_for_each(|place| self.check_place(place))
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        let of_tables = self.tables.iter().flat_map(|table| {
            let rules = table.columns.values().filter_map(|rule| rule.column.as_ref());
            rules.chain(table.when.iter().map(|condition| &condition.column))
        });
        let of_file = self.skip.iter().map(|condition| &condition.column);
        of_tables.chain(of_file).chain(self.total.iter().map(|total| &total.column))
    }

    fn check_place(&self, place: &Place) -> Result<(), String> {
        match place {
            Place::Number(0) => Err("columns are numbered from 1".into()),
            Place::Name(name) if !self.header => Err(format!("column {name:?}: names need `header = true`")),
            _ => Ok(()),
        }
    }
}

impl Table {
    fn check(&self) -> Result<(), String> {
        if self.kind == Kind::Settings {
            return Err("settings are written by hand, as provider.toml".into());
        }
        for (column, rule) in &self.columns {
            let sources = [rule.column.is_some(), rule.value.is_some(), rule.given.is_some()];
            if sources.iter().filter(|given| **given).count() != 1 {
                return Err(format!("{column}: one of `column`, `value` and `given` says where it comes from"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Template::parse(&format!("provider = \"a\"\n{text}")).unwrap_err()
    }

    #[test]
    fn a_template_that_cannot_work_is_refused_with_the_reason() {
        let table = "[[table]]\nkind = \"accounts\"\n[table.columns]\n";
        for (text, reason) in [
            ("separator = \"я\"\ntable = []".to_owned(), "ASCII"),
            ("table = []".to_owned(), "no table"),
            (format!("{table}number = {{ column = 0 }}"), "numbered from 1"),
            (format!("{table}number = {{ column = \"ЛС\" }}"), "header = true"),
            (format!("{table}number = {{ column = 1, value = \"a\" }}"), "one of `column`, `value` and `given`"),
            (format!("{table}number = {{}}"), "one of `column`, `value` and `given`"),
            (format!("{table}number = {{ colunm = 1 }}"), "unknown field"),
            (format!("{table}number = {{ column = 1 }}\n{table}number = {{ column = 1 }}"), "one table"),
            ("[[table]]\nkind = \"settings\"\n[table.columns]".to_owned(), "by hand"),
        ] {
            let found = refusal(&text);
            assert!(found.contains(reason), "{text}\n{found}");
        }
    }
}
