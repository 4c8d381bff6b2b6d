//! Making an archive: rows are read in pages, packed by a thread, and stored in pieces, all three at once.
//!
//! Whoever makes it again begins anew and voids what is there; whoever was slower than their lease may write no more.

use std::convert::Infallible;

use entity::data_export;
use entity::ids::DataExportId;
use entity::user;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::contents::Contents;
use super::event::SendExportReady;
use super::packing::{Part, pack};
use super::table::Row;
use super::{Exports, store};
use crate::kernel::{Failure, Fault};
use crate::platform::outbox::Leased;

/// Pages of rows that wait to be packed, and pieces that wait to be stored.
const WAITING: usize = 2;

/// Where pages of rows go.
pub(super) struct Sink<'a> {
    exports: &'a Exports,
    export: &'a data_export::Model,
    job: &'a Leased,
    parts: Sender<Part>,
}

impl Sink<'_> {
    pub async fn begin(&self, part: Part) -> Result<(), Fault> {
        self.parts.send(part).await.map_err(|_| Fault::unavailable("an archive is packed no more"))
    }

    /// Says how far it has come, and that this process is still at it.
    pub async fn rows(&self, rows: Vec<Row>) -> Result<(), Fault> {
        if rows.is_empty() {
            return Ok(());
        }
        let (export, count) = (self.export, i64::try_from(rows.len()).unwrap_or(i64::MAX));
        let counted = self.exports.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(store::add_records_in(&tx, export, count).await?)
        });
        if !counted.await? {
            return Err(overtaken());
        }
        self.exports.outbox.extend(self.job).await?;
        self.begin(Part::Rows(rows)).await
    }
}

fn overtaken() -> Fault {
    Fault::unavailable("an export was begun anew or deleted while it was made")
}

impl Exports {
    /// Makes the archive whole and enqueues the letter; nothing when that was done before.
    pub async fn make(&self, job: &Leased, id: DataExportId) -> Result<(), Fault> {
        let begun =
            self.db.transaction(|tx| async move { Ok::<_, Failure<Infallible>>(store::begin_in(&tx, id).await?) });
        let Some(export) = begun.await? else { return Ok(()) };
        let Some(user) = self.slices.identity.find_user(export.user_id).await? else { return Ok(()) };
        let (parts, to_pack) = mpsc::channel(WAITING);
        let (packed, pieces) = mpsc::channel(WAITING);
        let made_at = export.requested_at;
        let packing = tokio::task::spawn_blocking(move || pack(to_pack, packed, made_at));
        let sink = Sink { exports: self, export: &export, job, parts };
        let writing = self.write(sink, &user);
        let (written, stored, size) = tokio::join!(writing, self.store(&export, pieces), packing);
        // The first of them is the cause of the others.
        stored?;
        written?;
        self.finish(&export, size.map_err(Fault::internal)??).await
    }

    async fn write(&self, sink: Sink<'_>, user: &user::Model) -> Result<(), Fault> {
        Contents::of(&self.slices, user).await?.write(&sink).await?;
        sink.begin(Part::End).await
    }

    async fn store(&self, export: &data_export::Model, mut pieces: Receiver<Vec<u8>>) -> Result<(), Fault> {
        let mut position = 0_i32;
        while let Some(piece) = pieces.recv().await {
            let piece = &piece;
            let stored = self.db.transaction(|tx| async move {
                Ok::<_, Failure<Infallible>>(store::insert_chunk_in(&tx, export, position, piece.clone()).await?)
            });
            if !stored.await? {
                return Err(overtaken());
            }
            position = position.checked_add(1).ok_or_else(|| Fault::internal("an archive of too many pieces"))?;
        }
        Ok(())
    }

    async fn finish(&self, export: &data_export::Model, size: i64) -> Result<(), Fault> {
        let now = self.clock.now();
        let times = (now, now + self.config.exports.lifetime);
        let finished = self.db.transaction(|tx| async move {
            let finished = store::finish_in(&tx, export, size, times).await?;
            if finished {
                self.outbox.enqueue_in(&tx, &SendExportReady { data_export_id: export.id }).await?;
            }
            Ok::<_, Failure<Infallible>>(finished)
        });
        if finished.await? { Ok(()) } else { Err(overtaken()) }
    }

    /// For the letter: an archive that is there.
    pub async fn ready_export(&self, id: DataExportId) -> Result<Option<data_export::Model>, Fault> {
        let export = store::find(self.db.read(), id).await?;
        Ok(export.filter(|export| export.ready_at.is_some() && !self.is_expired(export)))
    }
}
