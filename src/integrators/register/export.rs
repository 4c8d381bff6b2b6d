//! A folder with a manifest: one export of one provider.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::bills::BillReader;
use super::dated::DatedSettings;
use super::error::Problem;
use super::kind::Kind;
use super::manifest::{self, FileEntry, Manifest};
use super::reader::RowReader;
use super::rows::Row;
use crate::platform::secret::hex;

/// Settings are read whole; a file beyond this is none.
const LONGEST_SETTINGS: u64 = 256 * 1024;
const LONGEST_MANIFEST: u64 = 4 * 1024 * 1024;

#[derive(Clone, Debug)]
pub struct Export {
    dir: PathBuf,
    pub manifest: Manifest,
}

impl Export {
    pub fn open(dir: &Path) -> Result<Self, Problem> {
        let path = dir.join(manifest::FILE_NAME);
        let text = read_small(&path, LONGEST_MANIFEST)?;
        let manifest = Manifest::parse(&text).map_err(|reason| problem(&path, reason))?;
        Ok(Self { dir: dir.to_owned(), manifest })
    }

    /// The exports in `dir`: itself when it has a manifest, else its sub-folders that have one, by name.
    pub fn discover(dir: &Path) -> Result<Vec<Self>, Problem> {
        if dir.join(manifest::FILE_NAME).is_file() {
            return Ok(vec![Self::open(dir)?]);
        }
        let failed = |error: std::io::Error| problem(dir, error.to_string());
        let mut folders = Vec::new();
        for found in fs::read_dir(dir).map_err(failed)? {
            let path = found.map_err(failed)?.path();
            if path.join(manifest::FILE_NAME).is_file() {
                folders.push(path);
            }
        }
        folders.sort();
        if folders.is_empty() {
            return Err(problem(dir, format!("no {} here or one folder down", manifest::FILE_NAME)));
        }
        folders.iter().map(|folder| Self::open(folder)).collect()
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn file(&self, entry: &FileEntry) -> Result<File, Problem> {
        File::open(self.dir.join(&entry.name)).map_err(|error| Problem::of_file(&entry.name, error.to_string()))
    }

    /// That the bytes of a file, and of the lines of statements, are those of the manifest: reads them once.
    pub fn verify(&self, entry: &FileEntry) -> Result<(), Problem> {
        for entry in std::iter::once(entry).chain(self.manifest.companion(entry)) {
            let sha256 = sha256(self.file(entry)?);
            entry.check_sha256(&sha256.map_err(|error| Problem::of_file(&entry.name, error.to_string()))?)?;
        }
        Ok(())
    }

    pub fn rows<R: Row>(&self, entry: &FileEntry) -> Result<RowReader<R>, Problem> {
        Ok(RowReader::new(entry, self.file(entry)?))
    }

    /// The statements of an entry with their lines, checked against the month before when the export has it.
    pub fn bills(&self, entry: &FileEntry) -> Result<BillReader, Problem> {
        let (Some(period), Some(lines)) = (entry.period, self.manifest.companion(entry)) else {
            return Err(Problem::of_file(&entry.name, "its period or its lines are not in the manifest"));
        };
        let before = self.manifest.find(Kind::Statements, Some(period.previous()));
        let before = before.map(|before| self.rows(before)).transpose()?;
        Ok(BillReader::new(period, self.rows(entry)?, self.rows(lines)?, before))
    }

    pub fn settings(&self, entry: &FileEntry) -> Result<DatedSettings, Problem> {
        let text = read_small(&self.dir.join(&entry.name), LONGEST_SETTINGS)?;
        let refused = |reason: String| Problem::of_file(&entry.name, reason);
        entry.check_sha256(&hex(&Sha256::digest(text.as_bytes())))?;
        let settings = DatedSettings::parse(&text).map_err(refused)?;
        let code = &settings.first.code;
        if *code != self.manifest.provider {
            let reason = format!("code {code:?} is not the manifest's {:?}", self.manifest.provider);
            return Err(Problem::of_file(&entry.name, reason));
        }
        Ok(settings)
    }
}

fn sha256(file: File) -> std::io::Result<String> {
    let (mut file, mut hash) = (BufReader::with_capacity(64 * 1024, file), Sha256::new());
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(bytes);
        let read = bytes.len();
        file.consume(read);
    }
}

fn read_small(path: &Path, limit: u64) -> Result<String, Problem> {
    let failed = |error: std::io::Error| problem(path, error.to_string());
    if fs::metadata(path).map_err(failed)?.len() > limit {
        return Err(problem(path, format!("larger than {limit} bytes")));
    }
    fs::read_to_string(path).map_err(failed)
}

fn problem(path: &Path, reason: impl Into<String>) -> Problem {
    Problem::of_file(path.display().to_string(), reason)
}
