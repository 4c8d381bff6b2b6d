//! Writes registers: rows go straight to disk, the manifest entry falls out at the end.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use entity::exact::YearMonth;
use sha2::{Digest, Sha256};

use super::dated::DatedSettings;
use super::manifest::{Encoding, FileEntry, Separator};
use super::rows::Row;
use super::{Kind, Manifest, manifest};
use crate::platform::secret::hex;

#[derive(Debug)]
struct HashedFile {
    file: BufWriter<File>,
    hash: Sha256,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Rows must come sorted by their key, as the reader demands.
#[derive(Debug)]
pub struct RowWriter<R: Row> {
    csv: csv::Writer<HashedFile>,
    entry: FileEntry,
    control: i64,
    rows: std::marker::PhantomData<fn(R)>,
}

impl<R: Row> RowWriter<R> {
    pub fn create(
        dir: &Path,
        name: &str,
        period: Option<YearMonth>,
        (encoding, separator): (Encoding, Separator),
    ) -> io::Result<Self> {
        let file = HashedFile { file: BufWriter::new(File::create(dir.join(name))?), hash: Sha256::new() };
        let mut csv = csv::WriterBuilder::new()
            .delimiter(separator.byte())
            .terminator(csv::Terminator::CRLF)
            .buffer_capacity(32 * 1024)
            .from_writer(file);
        csv.write_record(R::NAMES)?;
        let (name, sha256) = (name.to_owned(), String::new());
        let entry = FileEntry { name, kind: R::KIND, period, encoding, separator, rows: 0, total: None, sha256 };
        Ok(Self { csv, entry, control: 0, rows: std::marker::PhantomData })
    }

    pub fn write(&mut self, row: &R) -> io::Result<()> {
        for cell in row.write() {
            let (bytes, _, lossy) = self.entry.encoding.codec().encode(&cell);
            if lossy {
                let reason = format!("{cell:?} has a character that {:?} has not", self.entry.encoding);
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            self.csv.write_field(bytes)?;
        }
        self.csv.write_record(None::<&[u8]>)?;
        self.entry.rows += 1;
        self.control += row.control();
        Ok(())
    }

    /// Flushes, and returns what the manifest says of the file.
    pub fn finish(mut self) -> io::Result<FileEntry> {
        self.csv.flush()?;
        let mut file = self.csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        file.flush()?;
        if R::KIND.totalled_column().is_some() {
            self.entry.total = Some(R::KIND.total_text(self.control));
        }
        self.entry.sha256 = hex(&file.hash.finalize());
        Ok(self.entry)
    }
}

/// Writes `provider.toml`.
pub fn write_settings(dir: &Path, settings: &DatedSettings) -> io::Result<FileEntry> {
    let text = settings.to_toml().map_err(io::Error::other)?;
    let name = "provider.toml".to_owned();
    fs::write(dir.join(&name), &text)?;
    Ok(FileEntry {
        name,
        kind: Kind::Settings,
        period: None,
        encoding: Encoding::Utf8,
        separator: Separator::Semicolon,
        rows: 1,
        total: None,
        sha256: hex(&Sha256::digest(text.as_bytes())),
    })
}

/// Writes `manifest.toml`; last, so that a half-written export has none.
pub fn write_manifest(dir: &Path, manifest: &Manifest) -> io::Result<()> {
    let text = manifest.to_toml().map_err(io::Error::other)?;
    fs::write(dir.join(manifest::FILE_NAME), text)
}
