//! What earlier runs mean for a file.

use chrono::SecondsFormat;
use entity::import_file;

use super::importer::Importer;
use super::store;
use crate::integrators::register::{Export, FileEntry, Kind, Problem};
use crate::kernel::Fault;

/// Raised when the same bytes are to be loaded in another way than before: then every file counts as new.
const LOADER: u32 = 1;

/// How far a file has come in earlier runs.
pub(super) struct Progress {
    /// As this run will store it.
    pub row: import_file::Model,
    pub stored: Option<import_file::Model>,
}

impl Progress {
    pub fn is_news(&self) -> bool {
        self.stored.as_ref() != Some(&self.row)
    }
}

impl Importer {
    /// A file that is loaded is passed over, unless another of its kind came after it: then it may say something new again.
    /// Statements are never overwritten, so for them that does not matter.
    ///
    /// The problem of a file that would overwrite what a later export said.
    pub(super) async fn progress(
        &self,
        export: &Export,
        entry: &FileEntry,
    ) -> Result<Result<Progress, Problem>, Fault> {
        let content = content_key(export, entry);
        let exported_at = export.manifest.exported_at.to_utc();
        let earlier = store::list_imports(&self.db, &export.manifest.provider, entry.kind.word()).await?;
        let newest = earlier.first().cloned();
        let stored = earlier.into_iter().find(|file| file.sha256 == content);
        let is_newest = newest.as_ref().is_some_and(|newest| newest.sha256 == content);
        let mut row = match &stored {
            Some(same) if is_newest || entry.kind == Kind::Statements => same.clone(),
            _ => import_file::Model {
                id: stored.as_ref().map_or_else(|| self.entropy.id(&self.clock), |same| Ok(same.id))?,
                provider_code: export.manifest.provider.clone(),
                name: entry.name.clone(),
                kind: entry.kind.word().to_owned(),
                sha256: content,
                rows_total: i64::try_from(entry.rows).unwrap_or(i64::MAX),
                rows_done: 0,
                started_at: self.clock.now(),
                finished_at: None,
                exported_at: None,
            },
        };
        if row.rows_done == 0 && row.finished_at.is_none() {
            // Never begun, or taken back since: who loads it now has loaded it.
            row = import_file::Model { started_at: self.clock.now(), name: entry.name.clone(), ..row };
        }
        let newer = newest.and_then(|newest| newest.exported_at).filter(|newest| *newest > exported_at);
        if let Some(newer) = newer
            && row.finished_at.is_none()
            && overwrites(entry.kind)
            && !self.takes_older
        {
            let time = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
            let (this, newer) = (time(exported_at), time(newer));
            let reason =
                format!("exported {this}, and those of {newer} are loaded: older (--force loads it all the same)");
            return Ok(Err(Problem::of_file(&entry.name, reason)));
        }
        // The same content in a later export is confirmed by it.
        row.exported_at = if self.takes_older { Some(exported_at) } else { row.exported_at.max(Some(exported_at)) };
        Ok(Ok(Progress { row, stored }))
    }
}

/// Kinds whose rows say how things are, not what happened on a day or in a month.
fn overwrites(kind: Kind) -> bool {
    match kind {
        Kind::Settings | Kind::Tariffs | Kind::Accounts | Kind::Services | Kind::ServiceChanges | Kind::Meters => true,
        Kind::Replacements | Kind::Readings | Kind::Statements | Kind::StatementLines => false,
    }
}

/// What a file says, for recognising it: its bytes, and how they are read. Statements are nothing without their lines.
fn content_key(export: &Export, entry: &FileEntry) -> String {
    let files = std::iter::once(entry).chain(export.manifest.companion(entry));
    let keys = files.map(|FileEntry { sha256, encoding, separator, .. }| {
        let (encoding, separator) = (encoding.word(), char::from(separator.byte()));
        format!("{} {encoding} {separator}", sha256.to_ascii_lowercase())
    });
    keys.chain([format!("loader {LOADER}")]).collect::<Vec<_>>().join(" + ")
}
