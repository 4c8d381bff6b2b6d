//! Letters as files: `.eml` for mail programs, `.json` for the mailbox page.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::smtp::Sender;
use super::{Kept, Letter};
use crate::kernel::Fault;

/// Letters that the page lists.
const SHOWN: usize = 200;

#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    sender: Sender,
}

impl Folder {
    pub fn new(path: PathBuf, sender: Sender) -> Result<Self, Fault> {
        std::fs::create_dir_all(&path).map_err(|cause| cannot("make", &path, &cause))?;
        Ok(Self { path, sender })
    }

    /// A second letter of the same id replaces the first.
    pub async fn keep(&self, id: &str, letter: &Letter, now: DateTime<Utc>) -> Result<(), Fault> {
        let kept = Kept {
            id: id.to_owned(),
            to: letter.to.to_string(),
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            html: letter.html.clone(),
            sent_at: now,
        };
        let eml = self.sender.message(id, letter, now)?.formatted();
        let json = serde_json::to_vec_pretty(&kept)?;
        let path = self.path.clone();
        let id = id.to_owned();
        let written = tokio::task::spawn_blocking(move || {
            write_whole(&path, &format!("{id}.eml"), &eml)?;
            write_whole(&path, &format!("{id}.json"), &json)
        });
        written.await.map_err(Fault::internal)?.map_err(|cause| cannot("write in", &self.path, &cause))
    }

    /// The newest letters first.
    pub async fn list(&self) -> Result<Vec<Kept>, Fault> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read_all(&path));
        let mut letters = read.await.map_err(Fault::internal)?.map_err(|cause| cannot("read", &self.path, &cause))?;
        letters.sort_by(|a, b| (b.sent_at, &b.id).cmp(&(a.sent_at, &a.id)));
        letters.truncate(SHOWN);
        Ok(letters)
    }

    pub fn check(&self) -> Result<(), Fault> {
        let probe = self.path.join(".check");
        std::fs::write(&probe, b"")
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|cause| cannot("write in", &self.path, &cause))
    }
}

/// Appears under its name only when it is complete and on the disk.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let unfinished = folder.join(format!(".{name}"));
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, folder.join(name))
}

fn read_all(folder: &Path) -> std::io::Result<Vec<Kept>> {
    let mut letters = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let finished = path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
        if finished && path.extension().is_some_and(|extension| extension == "json") {
            letters.extend(serde_json::from_slice::<Kept>(&std::fs::read(path)?));
        }
    }
    Ok(letters)
}

fn cannot(what: &str, path: &Path, cause: &std::io::Error) -> Fault {
    Fault::unavailable(format!("cannot {what} {}: {cause}", path.display()))
}
