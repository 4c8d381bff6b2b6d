//! Exports that have arrived, carried out by the worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use entity::enums::UploadState;
use entity::ids::UploadId;
use entity::upload;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::report::{Changed, ProblemLine, Report};
use super::{Uploads, store};
use crate::integrators::import::{ImportEvent, ImportReport, Importer, Mode};
use crate::integrators::register::manifest;
use crate::kernel::{Failure, Fault, type_id};

/// How long an export belongs to the worker that has last said it is at it.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often it says so.
const BEAT: Duration = Duration::from_secs(5);
/// Runs that may break off before nobody tries again.
const MOST_RUNS: i32 = 20;

/// How it ended; none: it was stopped, and is to go on.
pub(super) type Ended = Option<(UploadState, Report)>;

impl Uploads {
    /// Carries out the export that has waited longest, if there is one; those of one provider never at the same time.
    /// Stops after the rows under way when `stop` is cancelled; another run goes on from there.
    pub async fn carry_out_next(self: &Arc<Self>, stop: &CancellationToken) -> Result<bool, Fault> {
        let Some(upload) = self.lease_next().await? else { return Ok(false) };
        if upload.run > MOST_RUNS {
            let reason = "it broke off several times; what was loaded by then stays loaded".to_owned();
            let problems = vec![ProblemLine { line: None, column: None, reason }];
            self.end(&upload, UploadState::Failed, &Report { problems, ..Report::default() }).await?;
            return Ok(true);
        }
        let (uploads, stop, runtime) = (Arc::clone(self), stop.child_token(), tokio::runtime::Handle::current());
        // An import reads files without letting others run.
        let carried_out = tokio::task::spawn_blocking(move || runtime.block_on(uploads.carry_out(upload, stop)));
        carried_out.await.map_err(Fault::internal)??;
        Ok(true)
    }

    async fn lease_next(&self) -> Result<Option<upload::Model>, Fault> {
        let now = self.mechanisms.clock.now();
        for (id, provider) in store::list_ready(self.mechanisms.db.read(), now).await? {
            let leased = self.mechanisms.db.transaction(|tx| async move {
                store::lock_provider_in(&tx, provider).await?;
                Ok::<_, Failure<std::convert::Infallible>>(
                    store::lease_in(&tx, (id, provider), now, now + LEASE).await?,
                )
            });
            if let Some(leased) = leased.await? {
                return Ok(Some(leased));
            }
        }
        Ok(None)
    }

    async fn carry_out(&self, upload: upload::Model, stop: CancellationToken) -> Result<(), Fault> {
        let done = match upload.undoes {
            Some(undone) => Box::pin(self.take_back(&upload, undone, stop)).await?,
            None => self.load_whole(&upload, stop).await?,
        };
        if let Some((state, report)) = done {
            return self.end(&upload, state, &report).await;
        }
        // Whoever comes next need not wait for the lease's end.
        let now = self.mechanisms.clock.now();
        store::beat(&self.mechanisms.db, &upload, now, upload.steps_done).await.map(|_| ())
    }

    async fn load_whole(&self, upload: &upload::Model, stop: CancellationToken) -> Result<Ended, Fault> {
        // Of this run alone: one that was taken over must not remove what its successor reads.
        let folder = self.folder().join(format!("{}-{}", type_id::encode(upload.id), upload.run));
        let changed = Changed::default();
        let done = Box::pin(self.load(upload, (&folder, &changed), stop)).await;
        let _ = tokio::fs::remove_dir_all(&folder).await;
        let report = done?;
        if report.interrupted() {
            return Ok(None);
        }
        let state = if report.refused() { UploadState::Refused } else { UploadState::Done };
        Ok(Some((state, changed.told_in((&report).into()))))
    }

    async fn load(
        &self,
        upload: &upload::Model,
        (folder, changed): (&Path, &Changed),
        stop: CancellationToken,
    ) -> Result<ImportReport, Fault> {
        self.lay_down(upload, folder).await.map_err(|cause| match cause {
            LayDown::Disk(cause) => Fault::unavailable(format!("{}: {cause}", folder.display())),
            LayDown::Database(fault) => fault,
        })?;
        let mode = if upload.dry_run { Mode::DryRun } else { Mode::Write };
        let steps = Arc::new(AtomicI64::new(0));
        let count = |event: ImportEvent<'_>| match event {
            ImportEvent::Advanced { rows } => {
                steps.fetch_add(i64::try_from(rows).unwrap_or_default(), Ordering::Relaxed);
            }
            ImportEvent::Differs { file, rows, .. } => changed.note(file, rows),
            ImportEvent::Began { .. } | ImportEvent::Ended { .. } => {}
        };
        let importer = Importer::new(&self.mechanisms).stopping_with(stop.clone());
        let work = Box::pin(importer.import(folder, mode, &count));
        self.heard(upload, &steps, &stop, work).await?
    }

    /// Works while it is said that somebody is at it.
    pub(super) async fn heard<T>(
        &self,
        upload: &upload::Model,
        steps: &Arc<AtomicI64>,
        stop: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let over = CancellationToken::new();
        // However this ends: a beat that went on would keep everybody else away for ever.
        let _over = over.clone().drop_guard();
        let beating = tokio::spawn(self.beat(upload.clone(), Arc::clone(steps), (over.clone(), stop.clone())));
        let done = work.await;
        // A beat that has begun is finished.
        over.cancel();
        beating.await.map_err(Fault::internal)?;
        Ok(done)
    }

    /// Says until `over` that somebody is at it. A task of its own: it must not wait for a transaction of the import, which
    /// would wait for it.
    fn beat(
        &self,
        upload: upload::Model,
        steps: Arc<AtomicI64>,
        (over, stop): (CancellationToken, CancellationToken),
    ) -> impl Future<Output = ()> + Send + use<> {
        let (db, clock) = (self.mechanisms.db.clone(), self.mechanisms.clock.clone());
        async move {
            let mut beat = tokio::time::interval(BEAT);
            let mut unheard = Duration::ZERO;
            loop {
                tokio::select! {
                    () = over.cancelled() => return,
                    _ = beat.tick() => {}
                }
                let done = steps.load(Ordering::Relaxed);
                match store::beat(&db, &upload, clock.now() + LEASE, done).await {
                    Ok(true) => unheard = Duration::ZERO,
                    // Another has taken it over.
                    Ok(false) => return stop.cancel(),
                    Err(fault) => {
                        tracing::warn!(%fault, "it cannot be said that an export is being carried out");
                        unheard += BEAT;
                        // Another may have taken it over by now.
                        if unheard.as_secs() >= LEASE.num_seconds().unsigned_abs() {
                            return stop.cancel();
                        }
                    }
                }
            }
        }
    }

    /// The export as a folder, as an importer reads it. A piece at a time is in memory.
    async fn lay_down(&self, upload: &upload::Model, folder: &Path) -> Result<(), LayDown> {
        let db = self.mechanisms.db.read();
        let _ = tokio::fs::remove_dir_all(folder).await;
        tokio::fs::create_dir_all(folder).await?;
        for file in store::list_files(db, upload.id).await? {
            // The manifest's rules see to it that a name is no way elsewhere.
            let mut written = tokio::fs::File::create(folder.join(&file.name)).await?;
            let mut position = 0;
            while let Some(chunk) = store::find_chunk(db, (upload.id, file.name.as_str()), position).await? {
                written.write_all(&chunk.content).await?;
                position += i64::try_from(chunk.content.len()).map_err(Fault::internal)?;
            }
            written.flush().await?;
        }
        // Last: nothing that was sent can take its place.
        tokio::fs::write(folder.join(manifest::FILE_NAME), &upload.manifest).await?;
        Ok(())
    }

    async fn end(&self, upload: &upload::Model, state: UploadState, report: &Report) -> Result<(), Fault> {
        let (report, now) = (&serde_json::to_string(report)?, self.mechanisms.clock.now());
        let ended = self.mechanisms.db.transaction(|tx| async move {
            Ok::<_, Failure<std::convert::Infallible>>(store::end_in(&tx, upload, (state, report), now).await?)
        });
        Ok(ended.await?)
    }

    fn folder(&self) -> PathBuf {
        self.mechanisms.config.data_dir.join("imports")
    }

    /// Removes folders that a process left when it was killed.
    pub(super) async fn sweep(&self) -> Result<(), Fault> {
        let Ok(mut found) = tokio::fs::read_dir(self.folder()).await else { return Ok(()) };
        while let Ok(Some(entry)) = found.next_entry().await {
            let name = entry.file_name();
            let (id, run) = name.to_str().and_then(|name| name.split_once('-')).unwrap_or_default();
            let id: Option<UploadId> = type_id::decode(id);
            let row = match id {
                Some(id) => store::find(self.mechanisms.db.read(), id).await?,
                None => None,
            };
            if row.is_none_or(|row| row.state != UploadState::Running || row.run.to_string() != run) {
                let _ = tokio::fs::remove_dir_all(entry.path()).await;
            }
        }
        Ok(())
    }
}

enum LayDown {
    Disk(std::io::Error),
    Database(Fault),
}

impl From<std::io::Error> for LayDown {
    fn from(cause: std::io::Error) -> Self {
        Self::Disk(cause)
    }
}

impl From<Fault> for LayDown {
    fn from(fault: Fault) -> Self {
        Self::Database(fault)
    }
}
