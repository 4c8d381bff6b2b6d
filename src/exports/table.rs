//! Rows of the archive, and how they are written as CSV (RFC 4180) and JSON.

use serde_json::{Map, Value};

/// So that spreadsheets read Russian as UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Nothing,
    /// Words of people and providers: they may look like anything.
    Text(String),
    /// An exact decimal of our own writing, which may begin with a minus; in JSON a string.
    Decimal(String),
    Whole(i64),
}

impl Cell {
    #[expect(clippy::needless_pass_by_value, reason = "called with what is owned and what is not")]
    pub fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    #[expect(clippy::needless_pass_by_value, reason = "called with what is owned and what is not")]
    pub fn decimal(value: impl ToString) -> Self {
        Self::Decimal(value.to_string())
    }

    pub fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Nothing, cell)
    }

    fn json(self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) | Self::Decimal(text) => text.into(),
            Self::Whole(number) => number.into(),
        }
    }

    fn csv(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => harmless(text),
            Self::Decimal(text) => text,
            Self::Whole(number) => number.to_string(),
        }
    }
}

/// A spreadsheet takes a cell that begins so for a formula; behind an apostrophe it is text (OWASP, "CSV Injection").
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text
    }
}

pub type Row = Vec<Cell>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    pub const ALL: [Self; 2] = [Self::Csv, Self::Json];

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// A file that is being written, row by row.
#[derive(Debug)]
pub struct Table {
    format: Format,
    columns: &'static [&'static str],
    rows: u64,
}

impl Table {
    pub fn new(format: Format, columns: &'static [&'static str]) -> Self {
        Self { format, columns, rows: 0 }
    }

    pub fn head(&self, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => {
                out.extend_from_slice(BYTE_ORDER_MARK);
                csv_line(out, self.columns.iter().map(|name| (*name).to_owned()));
            }
            Format::Json => out.push(b'['),
        }
    }

    pub fn row(&mut self, out: &mut Vec<u8>, row: Row) {
        match self.format {
            Format::Csv => csv_line(out, row.into_iter().map(Cell::csv)),
            Format::Json => {
                out.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
                let members = self.columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.json()));
                out.extend_from_slice(Value::Object(members.collect::<Map<_, _>>()).to_string().as_bytes());
            }
        }
        self.rows += 1;
    }

    pub fn foot(&self, out: &mut Vec<u8>) {
        if self.format == Format::Json {
            out.extend_from_slice(b"\n]\n");
        }
    }
}

fn csv_line(out: &mut Vec<u8>, cells: impl Iterator<Item = String>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            out.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, rows: Vec<Row>) -> String {
        let (mut table, mut out) = (Table::new(format, &["name", "sum"]), Vec::new());
        table.head(&mut out);
        for row in rows {
            table.row(&mut out, row);
        }
        table.foot(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_spreadsheet_takes_no_cell_for_a_formula() {
        for (text, expected) in [
            ("=HYPERLINK(\"http://evil\",\"x\")", "\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\""),
            ("+79001234567", "'+79001234567"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\r=1", "\"'\r=1\""),
            ("＝1", "'＝1"),
            ("1=2", "1=2"),
            ("", ""),
        ] {
            let csv = written(Format::Csv, vec![vec![Cell::text(text), Cell::Nothing]]);
            assert_eq!(csv, format!("\u{feff}name,sum\r\n{expected},\r\n"), "{text:?}");
        }
        let csv = written(Format::Csv, vec![vec![Cell::Nothing, Cell::decimal("-12.50")]]);
        assert_eq!(csv, "\u{feff}name,sum\r\n,-12.50\r\n", "our own numbers stay numbers");
    }

    #[test]
    fn russian_is_written_as_utf_8_behind_a_byte_order_mark() {
        let rows = vec![vec![Cell::text("Дача, «Ёлки»"), Cell::decimal("1956.85")]];
        let csv = written(Format::Csv, rows.clone());
        assert_eq!(csv.as_bytes()[..3], [0xEF, 0xBB, 0xBF]);
        assert_eq!(csv, "\u{feff}name,sum\r\n\"Дача, «Ёлки»\",1956.85\r\n");
        assert_eq!(written(Format::Json, rows), "[\n{\"name\":\"Дача, «Ёлки»\",\"sum\":\"1956.85\"}\n]\n");
    }

    #[test]
    fn json_says_what_was_meant() {
        let rows = vec![vec![Cell::text("=1"), Cell::Whole(-1)], vec![Cell::Nothing, Cell::Whole(7)]];
        let read: Value = serde_json::from_str(&written(Format::Json, rows)).unwrap();
        assert_eq!(read, serde_json::json!([{ "name": "=1", "sum": -1 }, { "name": null, "sum": 7 }]));
        assert_eq!(written(Format::Json, Vec::new()), "[\n]\n");
    }
}
