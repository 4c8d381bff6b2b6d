//! The foreign file: its head, and its rows one by one.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use csv::ByteRecord;
use entity::exact::Money;

use super::rules::{Condition, Encoding, Place, Template, Total};
use crate::integrators::register::{Source, Utf8Watch, manifest};

/// Bytes of a line before the rows; a file beyond it is none.
const LONGEST_LINE: usize = 256 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Every file is good Windows-1251, KOI8-R and CP866: names would become gibberish, and nobody would be told.
///
/// # Errors
/// The bytes are UTF-8, and the template says something else; for a person.
pub fn check_encoding(path: &Path, encoding: Encoding) -> Result<(), String> {
    if encoding == Encoding::Utf8 {
        return Ok(());
    }
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let (mut watch, mut piece) = (Utf8Watch::default(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece).map_err(|error| error.to_string())? {
            0 => break,
            read => watch.look_at(piece.get(..read).unwrap_or_default()),
        }
    }
    if watch.is_utf8() { Err("its bytes are UTF-8, the template says something else".into()) } else { Ok(()) }
}

/// The sum that the file states of itself, of all its packs; none when the template knows no total.
///
/// # Errors
/// The line is missing or holds no sum, for a person.
pub fn stated_total(path: &Path, template: &Template) -> Result<Option<Money>, String> {
    let Some(total) = &template.total else { return Ok(None) };
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path).map_err(|error| error.to_string())?);
    let (mut line, mut sum, mut number) = (Vec::new(), None::<Money>, 0);
    loop {
        line.clear();
        let read = read_line(&mut file, &mut line).map_err(|error| error.to_string())?;
        if read == 0 {
            let missing = || format!("no line begins with {:?}: the control sum is missing", total.line);
            return sum.ok_or_else(missing).map(Some);
        }
        number += 1;
        let unmarked = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| number == 1).unwrap_or(&line);
        let Some(rest) = unmarked.strip_prefix(total.line.as_bytes()) else { continue };
        let text = template.encoding.codec().decode_without_bom_handling(rest).0;
        let stated = money(text.trim().trim_matches(template.separator).trim(), total);
        let stated = stated.ok_or_else(|| format!("line {number}: {:?} is no sum", text.trim()))?;
        sum = Some(Money(sum.unwrap_or_default().0.saturating_add(stated.0)));
    }
}

/// A line without bound would be read into memory whole.
fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let mut read = 0;
    loop {
        let bytes = file.fill_buf()?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(bytes.len(), |end| end + 1);
        if line.len() < LONGEST_LINE {
            line.extend_from_slice(bytes.get(..end.unwrap_or(taken)).unwrap_or_default());
        }
        file.consume(taken);
        read += taken;
        if end.is_some() || taken == 0 {
            return Ok(read);
        }
    }
}

pub fn money(text: &str, total: &Total) -> Option<Money> {
    text.replace([' ', '\u{a0}'], "").replace(total.decimal, ".").parse().ok()
}

/// A row as the file has it.
#[derive(Debug)]
pub struct Foreign<'a> {
    record: &'a ByteRecord,
    header: &'a [String],
    encoding: Encoding,
}

impl Foreign<'_> {
    /// The cell, trimmed.
    ///
    /// # Errors
    /// There is no such column, or its bytes are of another encoding.
    pub fn cell(&self, place: &Place) -> Result<Cow<'_, str>, String> {
        let at = match place {
            Place::Number(number) => number.checked_sub(1),
            Place::Name(name) => self.header.iter().position(|title| title == name),
        };
        let bytes = at.and_then(|at| self.record.get(at)).ok_or_else(|| match place {
            Place::Number(number) => format!("has {} columns, none is the {number}th", self.record.len()),
            Place::Name(name) => format!("has no column {name:?}"),
        })?;
        let text = self.encoding.codec().decode_without_bom_handling_and_without_replacement(bytes);
        let text = text.ok_or("bytes that are not of the template's encoding")?;
        Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    }

    /// Whether all conditions hold.
    pub fn fulfils(&self, conditions: &[Condition]) -> Result<bool, String> {
        for condition in conditions {
            if self.cell(&condition.column)? != condition.equals {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The rows of a file, marked lines and empty ones left out.
pub struct Rows {
    csv: csv::Reader<Source>,
    record: ByteRecord,
    header: Vec<String>,
    encoding: Encoding,
}

impl Rows {
    /// # Errors
    /// The file cannot be read, or its header is not in the template's encoding.
    pub fn open(path: &Path, template: &Template) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let csv = csv::ReaderBuilder::new()
            .delimiter(byte(template.separator))
            .comment(template.mark.map(byte))
            .quoting(template.quotes)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(Source::new(Box::new(file), manifest::Encoding::Utf8));
        let mut rows = Self { csv, record: ByteRecord::new(), header: Vec::new(), encoding: template.encoding };
        if template.header && rows.advance()?.is_some() {
            let codec = template.encoding.codec();
            let titles = rows.record.iter().map(|title| codec.decode_with_bom_removal(title).0.trim().to_owned());
            rows.header = titles.collect();
        }
        Ok(rows)
    }

    /// The next row and its line, from 1.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn next_row(&mut self) -> Result<Option<(u64, Foreign<'_>)>, String> {
        let Some(line) = self.advance()? else { return Ok(None) };
        Ok(Some((line, Foreign { record: &self.record, header: &self.header, encoding: self.encoding })))
    }

    /// Where the next row begins.
    pub fn read_bytes(&self) -> u64 {
        self.csv.position().byte()
    }

    fn advance(&mut self) -> Result<Option<u64>, String> {
        let more = self.csv.read_byte_record(&mut self.record).map_err(|error| error.to_string())?;
        self.csv.get_mut().row_ended();
        Ok(more.then(|| self.record.position().map_or(0, csv::Position::line)))
    }
}

fn byte(sign: char) -> u8 {
    u8::try_from(sign).unwrap_or(b';')
}
