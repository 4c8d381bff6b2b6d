//! The bytes of a register on their way to the parser.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::manifest::Encoding;
use crate::platform::secret::hex;

/// Longest row, bytes. A lost quotation mark would otherwise make one field of the rest of the file.
const LONGEST_ROW: usize = 256 * 1024;

/// Hashes what it hands on, and fails when a row does not end.
pub(in crate::integrators) struct Source {
    inner: Box<dyn Read + Send>,
    hash: Sha256,
    since_row: usize,
    /// Of a file that is said to be in another encoding.
    utf8: Option<Utf8Watch>,
}

impl Source {
    pub fn new(inner: Box<dyn Read + Send>, encoding: Encoding) -> Self {
        let utf8 = (encoding != Encoding::Utf8).then(Utf8Watch::default);
        Self { inner, hash: Sha256::new(), since_row: 0, utf8 }
    }

    pub fn row_ended(&mut self) {
        self.since_row = 0;
    }

    /// SHA-256 of what was handed on so far. For the same bytes and the same number of rows it is the same in every pass.
    pub fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// Whether the bytes, read to the end, are UTF-8 although something else was said.
    pub fn is_utf8_after_all(&self) -> bool {
        self.utf8.as_ref().is_some_and(Utf8Watch::is_utf8)
    }

    pub fn into_sha256(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row > LONGEST_ROW {
            return Err(io::Error::other(format!(
                "a row is longer than {LONGEST_ROW} bytes: is a quotation mark lost?"
            )));
        }
        // Always as much as fits: a short read, as file systems of other machines give them, must not shift the digests.
        let mut filled = 0;
        while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
            match self.inner.read(free) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let bytes = buffer.get(..filled).unwrap_or_default();
        self.hash.update(bytes);
        if let Some(utf8) = &mut self.utf8 {
            utf8.look_at(bytes);
        }
        self.since_row += filled;
        Ok(filled)
    }
}

/// Whether bytes that come piece by piece are UTF-8 with more than ASCII in it.
#[derive(Default)]
pub(in crate::integrators) struct Utf8Watch {
    spoiled: bool,
    beyond_ascii: bool,
    /// The beginning of a character whose rest is in the next piece.
    begun: Vec<u8>,
}

impl Utf8Watch {
    pub fn look_at(&mut self, mut bytes: &[u8]) {
        while !self.spoiled && !self.begun.is_empty() {
            let Some((next, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.begun.push(*next);
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) => self.spoiled = error.error_len().is_some(),
            }
        }
        if self.spoiled {
            return;
        }
        self.beyond_ascii |= !bytes.is_ascii();
        if let Err(error) = std::str::from_utf8(bytes) {
            self.spoiled = error.error_len().is_some();
            self.begun = bytes.get(error.valid_up_to()..).unwrap_or_default().to_vec();
        }
    }

    pub fn is_utf8(&self) -> bool {
        self.beyond_ascii && !self.spoiled && self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1251;

    use super::*;

    fn is_utf8(bytes: &[u8], piece: usize) -> bool {
        let mut watch = Utf8Watch::default();
        bytes.chunks(piece).for_each(|piece| watch.look_at(piece));
        watch.is_utf8()
    }

    #[test]
    fn utf8_is_known_however_it_is_cut() {
        let text = "ул. Мира; €; 😀; A";
        for piece in 1..=text.len() {
            assert!(is_utf8(text.as_bytes(), piece), "{piece}");
            assert!(!is_utf8(&WINDOWS_1251.encode("ул. Мира, Ёлкин №5").0, piece), "{piece}");
            assert!(!is_utf8(b"only ASCII fits both", piece), "{piece}");
            assert!(!is_utf8(&text.as_bytes()[..3], piece), "cut within a letter, pieces of {piece}");
        }
    }

    /// Hands out a byte at a time.
    struct Drops(&'static [u8]);

    impl Read for Drops {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn short_reads_do_not_change_what_is_read_ahead() {
        let text: &[u8] = b"0123456789";
        let inputs: [Box<dyn Read + Send>; 2] = [Box::new(text), Box::new(Drops(text))];
        let [whole, dropwise] = inputs.map(|input| {
            let mut source = Source::new(input, Encoding::Utf8);
            (source.read(&mut [0; 4]).unwrap(), source.digest())
        });
        assert_eq!((whole.0, &whole), (4, &dropwise));
    }
}
