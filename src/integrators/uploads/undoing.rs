//! Exports that are taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entity::enums::UploadState;
use entity::ids::UploadId;
use entity::{import_file, upload};
use tokio_util::sync::CancellationToken;

use super::report::{FileLine, ProblemLine, Report};
use super::running::Ended;
use super::{Upload, UploadRefusal, Uploads, store};
use crate::integrators::register::{Kind, Manifest};
use crate::integrators::undo::{How, UndoRefusal, UndoneFile};
use crate::kernel::{ApiClient, Failure, Fault};

impl Uploads {
    /// An export that takes back the statements of another: it waits for the worker like every export.
    pub async fn undo(
        &self,
        client: &ApiClient,
        undone: UploadId,
        dry_run: bool,
    ) -> Result<Upload, Failure<UploadRefusal>> {
        let found = self.find(client.provider_id, undone).await?;
        let undone = found.ok_or(Failure::Refused(UploadRefusal::NotFound))?.row;
        if undone.finished_at.is_none() || undone.dry_run || undone.undoes.is_some() {
            return Err(Failure::Refused(UploadRefusal::NotUndoable));
        }
        let files = self.statements_of(&undone).await?;
        if files.is_empty() {
            return Err(Failure::Refused(UploadRefusal::NotUndoable));
        }
        let rows = files.iter().fold(0_i64, |sum, file| sum.saturating_add(file.rows_total));
        let now = self.mechanisms.clock.now();
        let row = upload::Model {
            id: self.mechanisms.entropy.id(&self.mechanisms.clock)?,
            api_client_id: client.id,
            dry_run,
            state: UploadState::Waiting,
            created_at: now,
            arrived_at: Some(now),
            run: 0,
            leased_until: None,
            steps_total: rows,
            steps_done: 0,
            report: None,
            finished_at: None,
            undoes: Some(undone.id),
            ..undone
        };
        self.admit(Upload { row, files: Vec::new() }).await
    }

    /// Files of statements that an export loaded, wholly or in part, the newest month first. What was loaded before is another's; and
    /// so is what was loaded again after this one was taken back.
    async fn statements_of(&self, upload: &upload::Model) -> Result<Vec<import_file::Model>, Fault> {
        let (Some(arrived_at), Some(finished_at)) = (upload.arrived_at, upload.finished_at) else {
            return Ok(Vec::new());
        };
        let Ok(manifest) = Manifest::parse(&upload.manifest) else { return Ok(Vec::new()) };
        let mut entries: Vec<_> = manifest.files.iter().filter(|entry| entry.kind == Kind::Statements).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.period));
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let found = self.undo.find_loaded(&manifest.provider, &names, (arrived_at, finished_at)).await?;
        let by_name = |name: &&str| found.iter().find(|file| file.name == **name).cloned();
        Ok(names.iter().filter_map(by_name).collect())
    }

    /// Carries one out.
    pub(super) async fn take_back(
        &self,
        upload: &upload::Model,
        undone: UploadId,
        stop: CancellationToken,
    ) -> Result<Ended, Fault> {
        let Some(undone) = store::find(self.mechanisms.db.read(), undone).await? else {
            let reason = "what became of the export is not told any more".to_owned();
            let problems = vec![ProblemLine { line: None, column: None, reason }];
            return Ok(Some((UploadState::Refused, Report { problems, ..Report::default() })));
        };
        let files = self.statements_of(&undone).await?;
        let steps = Arc::new(AtomicI64::new(0));
        let advanced = |count: u64| {
            steps.fetch_add(i64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
        };
        let (mut report, mut state, mut tried) = (Report::default(), UploadState::Done, Vec::new());
        let work = async {
            for file in &files {
                let how = How { dry_run: upload.dry_run, tried: &tried };
                let done = match self.undo.file(file, how, &stop, &advanced).await {
                    Ok(done) => done,
                    Err(Failure::Refused(UndoRefusal::NotFound | UndoRefusal::NotStatements)) => UndoneFile::default(),
                    Err(Failure::Fault(fault)) => return Err(fault),
                };
                if done.interrupted {
                    return Ok(false);
                }
                if done.refused > 0 {
                    state = UploadState::Refused;
                }
                report.files.push(FileLine::undone(file, &done));
                // Only what would all be gone makes room for the month before.
                if upload.dry_run && done.refused + done.restored == 0 {
                    tried.push(file.id.0);
                }
            }
            Ok(true)
        };
        let whole = self.heard(upload, &steps, &stop, work).await??;
        Ok(whole.then_some((state, report)))
    }
}
