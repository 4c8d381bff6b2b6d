//! Rows into a zip archive and the archive into pieces, on a thread of its own: compression takes a processor's time.
//!
//! Both channels are bounded, so that no more is in memory than a few pages of rows and a few pieces, however much there is.

use std::io::{self, Write};

use chrono::{DateTime, Datelike, Timelike, Utc};
use tokio::sync::mpsc::{Receiver, Sender};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::table::{Format, Row, Table};
use crate::kernel::Fault;

/// Bytes of a piece of the archive.
const PIECE: usize = 256 * 1024;

/// What is to be packed, in order.
#[derive(Debug)]
pub enum Part {
    Words {
        name: &'static str,
        text: &'static str,
    },
    Table {
        name: &'static str,
        format: Format,
        columns: &'static [&'static str],
    },
    /// Of the table before.
    Rows(Vec<Row>),
    /// Without it the archive is not whole.
    End,
}

/// Blocks. Bytes of the whole archive.
pub fn pack(mut parts: Receiver<Part>, pieces: Sender<Vec<u8>>, made_at: DateTime<Utc>) -> Result<i64, Fault> {
    let mut zip = ZipWriter::new_stream(Pieces { gathered: Vec::new(), total: 0, out: Some(pieces) });
    let options = options(made_at);
    let mut table: Option<Table> = None;
    let mut bytes = Vec::new();
    while let Some(part) = parts.blocking_recv() {
        bytes.clear();
        let ended = matches!(part, Part::End);
        if let (Some(table), false) = (&table, matches!(part, Part::Rows(_))) {
            table.foot(&mut bytes);
            zip.write_all(&bytes).map_err(Fault::internal)?;
            bytes.clear();
        }
        match part {
            Part::Words { name, text } => {
                zip.start_file(name, options).map_err(Fault::internal)?;
                bytes.extend_from_slice(text.as_bytes());
                table = None;
            }
            Part::Table { name, format, columns } => {
                zip.start_file(format!("{name}.{}", format.extension()), options).map_err(Fault::internal)?;
                let begun = Table::new(format, columns);
                begun.head(&mut bytes);
                table = Some(begun);
            }
            Part::Rows(rows) => {
                let table = table.as_mut().ok_or_else(|| Fault::internal("rows without a table"))?;
                for row in rows {
                    table.row(&mut bytes, row);
                }
            }
            Part::End => {}
        }
        zip.write_all(&bytes).map_err(Fault::internal)?;
        if ended {
            let mut pieces = zip.finish().map_err(Fault::internal)?.into_inner();
            pieces.send().map_err(Fault::internal)?;
            return i64::try_from(pieces.total).map_err(Fault::internal);
        }
    }
    Err(Fault::unavailable("the rows of an export broke off"))
}

fn options(made_at: DateTime<Utc>) -> SimpleFileOptions {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
    let number = |value: u32| u8::try_from(value).unwrap_or_default();
    let time = zip::DateTime::from_date_and_time(
        u16::try_from(made_at.year()).unwrap_or_default(),
        number(made_at.month()),
        number(made_at.day()),
        number(made_at.hour()),
        number(made_at.minute()),
        number(made_at.second()),
    );
    time.map_or(options, |time| options.last_modified_time(time))
}

struct Pieces {
    gathered: Vec<u8>,
    total: usize,
    /// None: nobody takes them any more.
    out: Option<Sender<Vec<u8>>>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.gathered);
        if let Some(out) = self.out.as_ref().filter(|_| !piece.is_empty())
            && out.blocking_send(piece).is_err()
        {
            self.out = None;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        self.total = self.total.saturating_add(bytes.len());
        if self.gathered.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
