//! `manifest.toml`: what an export consists of, and how to know that it arrived whole.

use chrono::{DateTime, FixedOffset};
use encoding_rs::{IBM866, UTF_8, WINDOWS_1251};
use entity::exact::YearMonth;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::kind::Kind;

pub const FILE_NAME: &str = "manifest.toml";

/// The version of the format that this program reads and writes.
pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    /// Code of the provider whose billing made the export.
    pub provider: String,
    pub exported_at: DateTime<FixedOffset>,
    #[serde(rename = "file")]
    pub files: Vec<FileEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    pub name: String,
    pub kind: Kind,
    #[serde(default, with = "period_text", skip_serializing_if = "Option::is_none")]
    pub period: Option<YearMonth>,
    #[serde(default)]
    pub encoding: Encoding,
    #[serde(default)]
    pub separator: Separator,
    /// Rows without the header; 1 for settings.
    pub rows: u64,
    /// Exact decimal, see [`Kind::totalled_column`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// Of the bytes of the file, 64 hexadecimal digits.
    pub sha256: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1251")]
    Windows1251,
    /// Of DOS: what older billings write.
    #[serde(rename = "cp866")]
    Cp866,
}

impl Encoding {
    /// As in the manifest.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Windows1251 => "windows-1251",
            Self::Cp866 => "cp866",
        }
    }

    pub fn codec(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Windows1251 => WINDOWS_1251,
            Self::Cp866 => IBM866,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Separator {
    #[default]
    #[serde(rename = ";")]
    Semicolon,
    #[serde(rename = ",")]
    Comma,
    #[serde(rename = "\t")]
    Tab,
    #[serde(rename = "|")]
    Bar,
}

impl Separator {
    pub const fn byte(self) -> u8 {
        match self {
            Self::Semicolon => b';',
            Self::Comma => b',',
            Self::Tab => b'\t',
            Self::Bar => b'|',
        }
    }
}

impl Manifest {
    /// Reads and checks the manifest's own rules; the reason for a person otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if manifest.format != FORMAT {
            return Err(format!("format {} is not {FORMAT}, the one this program reads", manifest.format));
        }
        for (index, entry) in manifest.files.iter().enumerate() {
            entry.check().map_err(|reason| format!("{}: {reason}", entry.name))?;
            let twin = |other: &&FileEntry| {
                other.name == entry.name || (other.kind, other.period) == (entry.kind, entry.period)
            };
            if let Some(other) = manifest.files.iter().take(index).find(twin) {
                return Err(format!("{} and {} hold the same", other.name, entry.name));
            }
        }
        for entry in manifest.files.iter().filter(|entry| entry.kind.is_monthly()) {
            if manifest.companion(entry).is_none() {
                return Err(format!("{}: statements and statement_lines of a period go together", entry.name));
            }
        }
        manifest.files.sort_by_key(|entry| (entry.kind, entry.period));
        Ok(manifest)
    }

    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    pub fn find(&self, kind: Kind, period: Option<YearMonth>) -> Option<&FileEntry> {
        self.files.iter().find(|entry| entry.kind == kind && entry.period == period)
    }

    /// The lines of statements, or the statements of lines.
    pub fn companion(&self, entry: &FileEntry) -> Option<&FileEntry> {
        match entry.kind {
            Kind::Statements => self.find(Kind::StatementLines, entry.period),
            Kind::StatementLines => self.find(Kind::Statements, entry.period),
            _ => None,
        }
    }
}

impl FileEntry {
    /// The problem of a file whose bytes have another checksum.
    pub(super) fn check_sha256(&self, found: &str) -> Result<(), Problem> {
        if found.eq_ignore_ascii_case(&self.sha256) {
            return Ok(());
        }
        let reason = format!("checksum (SHA-256) is {found}, the manifest says {}", self.sha256);
        Err(Problem::of_file(&self.name, reason))
    }

    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.name.starts_with('.') || self.name.is_empty() || !self.name.chars().all(plain) {
            return Err("a file name has Latin letters, digits, '-', '_' and '.' only, and no folder".into());
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("sha256 is not 64 hexadecimal digits".into());
        }
        if self.kind.is_monthly() != self.period.is_some() {
            return Err(format!("a period belongs to statements and statement_lines, this is {}", self.kind));
        }
        match (self.kind.totalled_column(), &self.total) {
            (Some(column), None) => Err(format!("total is missing: the sum of {column}")),
            (None, Some(_)) => Err(format!("{} has no total", self.kind)),
            (Some(_), Some(total)) => {
                self.kind.total_units(total).map(|_| ()).map_err(|reason| format!("total: {reason}"))
            }
            (None, None) => Ok(()),
        }
    }
}

/// A period as `2026-06` in the manifest.
mod period_text {
    use entity::exact::YearMonth;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
    pub fn serialize<S: Serializer>(period: &Option<YearMonth>, serializer: S) -> Result<S::Ok, S::Error> {
        match period {
            Some(period) => serializer.collect_str(period),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<YearMonth>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(|_| D::Error::custom(format!("{text:?} is not a period like 2026-06")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 1\nprovider = \"vrn\"\nexported_at = \"2026-07-01T08:00:00+03:00\"\n";

    fn entry(name: &str, kind: &str, rest: &str) -> String {
        format!("[[file]]\nname = \"{name}\"\nkind = \"{kind}\"\nrows = 2\nsha256 = \"{}\"\n{rest}\n", "a".repeat(64))
    }

    fn reason(files: &[String]) -> String {
        Manifest::parse(&(HEAD.to_owned() + &files.concat())).unwrap_err()
    }

    #[test]
    fn a_manifest_survives_the_way_through_text_and_comes_in_the_order_of_import() {
        let month = "period = \"2026-06\"\ntotal = \"12.50\"";
        let text = HEAD.to_owned()
            + &entry("l.csv", "statement_lines", month)
            + &entry("s.csv", "statements", month)
            + &entry("a.csv", "accounts", "encoding = \"windows-1251\"\nseparator = \",\"");
        let manifest = Manifest::parse(&text).unwrap();
        let kinds: Vec<_> = manifest.files.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [Kind::Accounts, Kind::Statements, Kind::StatementLines]);
        assert_eq!(Manifest::parse(&manifest.to_toml().unwrap()).unwrap(), manifest);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let month = "period = \"2026-06\"\ntotal = \"12.50\"";
        assert!(reason(&[entry("s.csv", "statements", month)]).contains("go together"));
        assert!(reason(&[entry("../a.csv", "accounts", "")]).contains("no folder"));
        assert!(reason(&[entry("a.csv", "accounts", ""), entry("b.csv", "accounts", "")]).contains("hold the same"));
        assert!(reason(&[entry("a.csv", "accounts", "total = \"1\"")]).contains("has no total"));
        assert!(reason(&[entry("r.csv", "readings", "")]).contains("total is missing"));
        assert!(reason(&[entry("r.csv", "readings", "total = \"1e3\"")]).contains("not a number"));
        assert!(reason(&[entry("a.csv", "accounts", month)]).contains("a period belongs"));
        assert!(reason(&[entry("a.csv", "acounts", "")]).contains("unknown variant"));
        assert!(Manifest::parse(&HEAD.replace('1', "7")).is_err());
    }
}
