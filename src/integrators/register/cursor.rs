//! A second file read alongside: both are sorted, so each row of it is read once and only one is kept.

use super::reader::RowReader;
use super::rows::Row;

/// Finds rows by ascending keys.
#[derive(Debug)]
pub struct Cursor<R: Row> {
    reader: RowReader<R>,
    at: Option<R>,
}

impl<R: Row> Cursor<R> {
    pub fn new(mut reader: RowReader<R>) -> Self {
        let at = reader.next_row().map(|numbered| numbered.row);
        Self { reader, at }
    }

    /// As [`RowReader::digest`].
    pub fn digest(&self) -> [u8; 32] {
        self.reader.digest()
    }

    /// The row with this key. Keys must not descend from call to call: what lies behind is gone.
    pub fn find(&mut self, key: &R::Key) -> Option<&R> {
        while self.at.as_ref().is_some_and(|row| row.key() < *key) {
            self.at = self.reader.next_row().map(|numbered| numbered.row);
        }
        self.at.as_ref().filter(|row| row.key() == *key)
    }
}
