//! Files on their way in.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::UploadState;
use entity::ids::{ProviderId, UploadId};
use entity::{upload, upload_chunk, upload_file};

use super::{KEPT, MOST_FILES, MOST_OPEN, TIME_TO_ARRIVE, Upload, UploadRefusal, Uploads, store};
use crate::integrators::register::manifest::FILE_NAME;
use crate::integrators::register::{Kind, Manifest};
use crate::kernel::{ApiClient, Failure, Fault};

type Result<T> = std::result::Result<T, Failure<UploadRefusal>>;

impl Uploads {
    /// An export by its manifest. Its files are to come.
    pub async fn begin(&self, client: &ApiClient, manifest: &str, dry_run: bool) -> Result<Upload> {
        let refused = |refusal| Failure::Refused(refusal);
        let parsed = Manifest::parse(manifest).map_err(|reason| refused(UploadRefusal::Manifest(reason)))?;
        let provider = self.accounts.find_provider(client.provider_id).await?;
        if provider.is_none_or(|provider| provider.row.code != parsed.provider) {
            return Err(refused(UploadRefusal::Foreign));
        }
        if parsed.files.iter().any(|entry| entry.kind == Kind::Settings) {
            return Err(refused(UploadRefusal::Settings));
        }
        if parsed.files.iter().any(|entry| entry.name.eq_ignore_ascii_case(FILE_NAME)) {
            return Err(refused(UploadRefusal::Manifest(format!("{FILE_NAME} is no file of an export"))));
        }
        if parsed.files.is_empty() || parsed.files.len() > MOST_FILES {
            return Err(refused(UploadRefusal::Manifest(format!("an export has 1 to {MOST_FILES} files"))));
        }
        let rows = parsed.files.iter().filter(|entry| entry.kind != Kind::StatementLines).map(|entry| entry.rows);
        // Each is checked, and then written.
        let passes = if dry_run { 1 } else { 2 };
        let row = upload::Model {
            id: self.mechanisms.entropy.id(&self.mechanisms.clock)?,
            provider_id: client.provider_id,
            api_client_id: client.id,
            manifest: manifest.to_owned(),
            dry_run,
            state: UploadState::Receiving,
            created_at: self.mechanisms.clock.now(),
            arrived_at: None,
            run: 0,
            leased_until: None,
            steps_total: rows.fold(0, i64::saturating_add_unsigned).saturating_mul(passes),
            steps_done: 0,
            report: None,
            finished_at: None,
            undoes: None,
        };
        let file = |name: String| upload_file::Model { upload_id: row.id, name, received: 0, complete: false };
        let mut files: Vec<_> = parsed.files.into_iter().map(|entry| file(entry.name)).collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        self.admit(Upload { row, files }).await
    }

    /// Takes it in, unless the provider has too many that are not carried out.
    pub(super) async fn admit(&self, upload: Upload) -> Result<Upload> {
        let admitted = &upload;
        let begun = self.mechanisms.db.transaction(|tx| async move {
            store::lock_provider_in(&tx, admitted.row.provider_id).await?;
            if store::count_open_in(&tx, admitted.row.provider_id).await? >= MOST_OPEN {
                return Err(Failure::Refused(UploadRefusal::TooMany));
            }
            Ok(store::insert_in(&tx, admitted).await?)
        });
        begun.await?;
        Ok(upload)
    }

    /// Of the provider's own; a stranger's reads as one that does not exist.
    pub async fn find(&self, provider: ProviderId, id: UploadId) -> std::result::Result<Option<Upload>, Fault> {
        let db = self.mechanisms.db.read();
        let Some(row) = store::find(db, id).await?.filter(|row| row.provider_id == provider) else { return Ok(None) };
        Ok(Some(Upload { files: store::list_files(db, id).await?, row }))
    }

    /// Adds bytes where a file ends; `last`: there is no more of it. Where it ends now. When it was the last file, the export
    /// waits for the worker.
    pub async fn append(
        &self,
        provider: ProviderId,
        (id, name): (UploadId, &str),
        offset: i64,
        (bytes, last): (Vec<u8>, bool),
    ) -> Result<i64> {
        let (now, most) = (self.mechanisms.clock.now(), self.mechanisms.config.uploads.max_bytes);
        let length = i64::try_from(bytes.len()).map_err(Fault::internal)?;
        let chunk = upload_chunk::Model { upload_id: id, name: name.to_owned(), position: offset, content: bytes };
        let chunk = &chunk;
        let added = self.mechanisms.db.transaction(|tx| async move {
            let refused = |refusal| Err(Failure::Refused(refusal));
            // The export's row: its files are added to one after the other, and their sum holds.
            let row = store::lock_in(&tx, id).await?.filter(|row| row.provider_id == provider);
            let Some(row) = row else { return refused(UploadRefusal::NotFound) };
            let files = store::list_files(&*tx, id).await?;
            let Some(file) = files.iter().find(|file| file.name == name) else {
                return refused(UploadRefusal::NotFound);
            };
            if row.state != UploadState::Receiving || row.created_at + TIME_TO_ARRIVE <= now {
                return refused(UploadRefusal::Closed);
            }
            if file.complete {
                return refused(UploadRefusal::Complete { received: file.received });
            }
            if file.received != offset {
                return refused(UploadRefusal::Offset { received: file.received });
            }
            if files.iter().fold(length, |sum, file| sum.saturating_add(file.received)) > most {
                return refused(UploadRefusal::TooLarge);
            }
            if length > 0 {
                store::insert_chunk_in(&tx, chunk.clone()).await?;
            }
            let received = offset + length;
            store::advance_in(&tx, (id, name), received, last).await?;
            if last && files.iter().all(|file| file.complete || file.name == name) {
                store::arrive_in(&tx, id, now).await?;
            }
            Ok(received)
        });
        added.await
    }

    /// Gives up what is not being carried out.
    pub async fn give_up(&self, provider: ProviderId, id: UploadId) -> Result<()> {
        let given_up = self.mechanisms.db.transaction(|tx| async move {
            let row = store::lock_in(&tx, id).await?.filter(|row| row.provider_id == provider);
            match row.map(|row| row.state) {
                None => Err(Failure::Refused(UploadRefusal::NotFound)),
                Some(UploadState::Receiving | UploadState::Waiting) => Ok(store::delete_in(&tx, id).await?),
                Some(_) => Err(Failure::Refused(UploadRefusal::Closed)),
            }
        });
        given_up.await
    }

    /// Deletes what did not arrive in time, and what is told no longer. How many.
    pub async fn purge(&self) -> std::result::Result<usize, Fault> {
        let now = self.mechanisms.clock.now();
        let old = store::list_old(self.mechanisms.db.read(), now - TIME_TO_ARRIVE, now - KEPT).await?;
        for id in &old {
            let deleted = self.mechanisms.db.transaction(|tx| async move {
                // The last piece may have arrived since it was found.
                let row = store::lock_in(&tx, *id).await?.filter(|row| is_old(row, now));
                if row.is_some() {
                    store::delete_in(&tx, *id).await?;
                }
                Ok::<_, Failure<Infallible>>(())
            });
            deleted.await?;
        }
        self.sweep().await?;
        Ok(old.len())
    }
}

fn is_old(upload: &upload::Model, now: DateTime<Utc>) -> bool {
    let late = upload.state == UploadState::Receiving && upload.created_at <= now - TIME_TO_ARRIVE;
    late || upload.finished_at.is_some_and(|finished_at| finished_at <= now - KEPT)
}
