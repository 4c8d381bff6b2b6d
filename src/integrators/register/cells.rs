//! Cells of a row: text in the file, exact values here.

use std::borrow::Cow;
use std::fmt::Display;

use chrono::{DateTime, NaiveDate, SecondsFormat, SubsecRound, Utc};
use csv::ByteRecord;
use entity::enums::{ChargeBasis, Register, ServiceChangeKind, Unit};
use entity::exact::{Coefficient, Money, Price, Quantity, YearMonth};
use serde::{Deserialize, Serialize};

use super::manifest::Encoding;

/// Characters in a text; longer ones are a fault of the export.
pub const LONGEST_TEXT: usize = 500;

/// What is wrong with a row, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowCode {
    /// A value is none, or does not go with the others of its row.
    Malformed,
    /// An earlier row has the same key.
    Repeated,
    NumberPattern,
    AccountUnknown,
    MeterUnknown,
    RegistersDiffer,
    TooManyDigits,
    DoesNotAddUp,
    OtherFigures,
    OlderThanNewest,
    BreaksTheChain,
    LedgerDiffers,
    HasLater,
    Corrected,
    ReadingUnknown,
    DecisionImpossible,
    PaymentUnknown,
    AmountDiffers,
}

/// A fault of one cell, or of the row as seen from that column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellError {
    pub code: RowCode,
    pub column: &'static str,
    pub reason: String,
}

impl CellError {
    pub fn new(column: &'static str, reason: impl Into<String>) -> Self {
        Self::coded(RowCode::Malformed, column, reason)
    }

    pub fn coded(code: RowCode, column: &'static str, reason: impl Into<String>) -> Self {
        Self { code, column, reason: reason.into() }
    }
}

/// A value that a cell can hold.
pub trait Cell: Sized {
    /// Whether the column may be left out of the file.
    const OPTIONAL: bool = false;

    /// The reason for a person when `text` (trimmed) is no such value.
    fn read(text: &str) -> Result<Self, String>;

    fn write(&self) -> Cow<'_, str>;
}

/// Where the columns of a row type are in a file.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Per column of the type, its place in the file.
    places: Vec<Option<usize>>,
    pub width: usize,
    pub encoding: Encoding,
}

impl Layout {
    /// `optional` says of each of `names` whether it may be absent.
    pub fn of_header(
        header: &ByteRecord,
        names: &[&'static str],
        optional: &[bool],
        encoding: Encoding,
    ) -> Result<Self, CellError> {
        let mut places = vec![None; names.len()];
        for (place, title) in header.iter().enumerate() {
            let title = String::from_utf8_lossy(title.trim_ascii()).into_owned();
            let Some(slot) = names.iter().position(|name| *name == title).and_then(|found| places.get_mut(found))
            else {
                return Err(CellError::new(
                    "header",
                    format!("unknown column {title:?}, known are {}", names.join(", ")),
                ));
            };
            if slot.replace(place).is_some() {
                return Err(CellError::new("header", format!("column {title} comes twice")));
            }
        }
        for ((name, place), optional) in names.iter().zip(&places).zip(optional) {
            if place.is_none() && !optional {
                return Err(CellError::new("header", format!("column {name} is missing")));
            }
        }
        Ok(Self { places, width: header.len(), encoding })
    }
}

/// Hands the cells of a record to a row type, in the order of its columns.
#[derive(Debug)]
pub struct Cells<'a> {
    record: &'a ByteRecord,
    layout: &'a Layout,
    names: &'static [&'static str],
    at: usize,
}

impl<'a> Cells<'a> {
    pub fn new(record: &'a ByteRecord, layout: &'a Layout, names: &'static [&'static str]) -> Self {
        Self { record, layout, names, at: 0 }
    }

    pub fn take<T: Cell>(&mut self) -> Result<T, CellError> {
        let column = self.names.get(self.at).copied().unwrap_or("row");
        let place = self.layout.places.get(self.at).copied().flatten();
        self.at += 1;
        let bytes = place.and_then(|place| self.record.get(place)).unwrap_or_default();
        let text = decode(bytes, self.layout.encoding).map_err(|reason| CellError::new(column, reason))?;
        T::read(text.trim()).map_err(|reason| CellError::new(column, reason))
    }
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, str>, String> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| "not UTF-8".into()),
        Encoding::Windows1251 | Encoding::Cp866 => encoding
            .codec()
            .decode_without_bom_handling_and_without_replacement(bytes)
            .ok_or_else(|| format!("not {}", encoding.word())),
    }
}

impl Cell for String {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty".into());
        }
        if text.chars().any(char::is_control) {
            return Err("a control character".into());
        }
        if text.chars().count() > LONGEST_TEXT {
            return Err(format!("longer than {LONGEST_TEXT} characters"));
        }
        Ok(text.to_owned())
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl<T: Cell> Cell for Option<T> {
    const OPTIONAL: bool = true;

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }

    fn write(&self) -> Cow<'_, str> {
        self.as_ref().map_or(Cow::Borrowed(""), Cell::write)
    }
}

/// `1` or `0`.
impl Cell for bool {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "1" => Ok(true),
            "0" => Ok(false),
            _ => Err("neither 1 nor 0".into()),
        }
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "1" } else { "0" })
    }
}

impl Cell for i16 {
    fn read(text: &str) -> Result<Self, String> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or_else(|| "not a whole number from 0 to 32767".into())
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

/// `2026-06-30`. Chrono alone would also take `2026-6-3`.
impl Cell for NaiveDate {
    fn read(text: &str) -> Result<Self, String> {
        let date = Some(text).filter(|text| text.len() == 10).and_then(|text| text.parse::<Self>().ok());
        date.ok_or_else(|| "not a date like 2026-06-30".into())
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

/// RFC 3339 with its offset; kept to the microsecond, as the databases do.
impl Cell for DateTime<Utc> {
    fn read(text: &str) -> Result<Self, String> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| "not a time like 2026-07-01T06:00:00+03:00")?;
        Ok(time.to_utc().trunc_subsecs(6))
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// Comma-separated; in a file with comma separators the cell is quoted.
impl Cell for Vec<Register> {
    fn read(text: &str) -> Result<Self, String> {
        let registers: Option<Self> = text.split(',').map(|word| Register::from_word(word.trim())).collect();
        registers.ok_or_else(|| one_of(Register::ALL.iter().map(|register| register.word())))
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(self.iter().map(|register| register.word()).collect::<Vec<_>>().join(","))
    }
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("not among {}", words.collect::<Vec<_>>().join(", "))
}

fn written(value: impl Display) -> Cow<'static, str> {
    Cow::Owned(value.to_string())
}

macro_rules! exact_cells {
    ($($type:ty),+) => {$(
        impl Cell for $type {
            fn read(text: &str) -> Result<Self, String> {
                text.parse().map_err(|reason: entity::exact::NotExact| reason.to_string())
            }

            fn write(&self) -> Cow<'_, str> {
                written(self)
            }
        }
    )+};
}

macro_rules! word_cells {
    ($($type:ty),+) => {$(
        impl Cell for $type {
            fn read(text: &str) -> Result<Self, String> {
                Self::from_word(text).ok_or_else(|| one_of(Self::ALL.iter().map(|value| value.word())))
            }

            fn write(&self) -> Cow<'_, str> {
                Cow::Borrowed(self.word())
            }
        }
    )+};
}

exact_cells!(Money, Quantity, Price, Coefficient, YearMonth);
word_cells!(Unit, ServiceChangeKind, ChargeBasis);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_survives_the_way_through_text() {
        fn same<T: Cell + PartialEq + std::fmt::Debug>(texts: &[&str]) {
            for text in texts {
                assert_eq!(T::read(text).unwrap().write(), *text);
            }
        }
        same::<String>(&["007", "Ёлкина, «Заря»"]);
        same::<Option<Money>>(&["", "-12.30"]);
        same::<bool>(&["1", "0"]);
        same::<i16>(&["0", "32767"]);
        same::<NaiveDate>(&["2024-02-29"]);
        same::<DateTime<Utc>>(&["2026-07-01T03:00:00Z"]);
        same::<Vec<Register>>(&["SINGLE", "DAY,NIGHT"]);
        same::<Unit>(&["CUBIC_METRE"]);
        same::<YearMonth>(&["2026-06"]);
    }

    #[test]
    fn what_is_no_such_value_is_refused() {
        assert!(
            String::read("").is_err() && String::read("a\u{7}b").is_err() && String::read(&"ы".repeat(501)).is_err()
        );
        assert!(bool::read("true").is_err() && i16::read("-1").is_err() && i16::read("32768").is_err());
        assert!(NaiveDate::read("2026-6-30").is_err() && NaiveDate::read("2026-02-30").is_err());
        assert!(<DateTime<Utc>>::read("2026-07-01 03:00").is_err());
        assert!(Unit::read("m3").unwrap_err().contains("CUBIC_METRE"));
    }

    #[test]
    fn a_header_may_reorder_columns_and_leave_optional_ones_out() {
        let names = &["number", "pin"];
        let layout = |titles: &[&str], optional: &[bool]| {
            Layout::of_header(&ByteRecord::from(titles.to_vec()), names, optional, Encoding::Utf8)
        };
        let reordered = layout(&["pin", "number"], &[false, true]).unwrap();
        let record = ByteRecord::from(vec!["1234", " 007 "]);
        let mut cells = Cells::new(&record, &reordered, names);
        assert_eq!((cells.take::<String>().unwrap(), cells.take::<String>().unwrap()), ("007".into(), "1234".into()));

        assert!(layout(&["number"], &[false, true]).is_ok());
        assert!(layout(&["pin"], &[false, true]).unwrap_err().reason.contains("number is missing"));
        assert!(layout(&["number", "PIN"], &[false, true]).unwrap_err().reason.contains("unknown column"));
        assert!(layout(&["number", "number"], &[false, true]).unwrap_err().reason.contains("twice"));
    }
}
