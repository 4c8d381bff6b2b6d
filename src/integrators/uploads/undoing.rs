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
use crate::integrators::register::Kind;
use crate::integrators::undo::{UndoRefusal, UndoneFile};
use crate::kernel::{ApiClient, Failure, Fault, type_id};

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
        let rows =
            self.statements_of(&undone).await?.iter().fold(0_i64, |sum, file| sum.saturating_add(file.rows_total));
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

    /// Files of statements that an export loaded, and no other did before it; the newest month first.
    async fn statements_of(&self, upload: &upload::Model) -> Result<Vec<import_file::Model>, Fault> {
        let report: Report = upload.report.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let mut files = Vec::new();
        for id in report.files.iter().rev().filter_map(|file| type_id::decode(file.import_id.as_deref()?)) {
            let found = self.undo.find_file(id).await?;
            let own = |file: &import_file::Model| {
                file.kind == Kind::Statements.word() && file.started_at >= upload.created_at
            };
            files.extend(found.filter(own));
        }
        Ok(files)
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
        let (mut report, mut state) = (Report::default(), UploadState::Done);
        let work = async {
            for file in &files {
                let done = match self.undo.file(file, upload.dry_run, &stop, &advanced).await {
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
            }
            Ok(true)
        };
        let whole = self.heard(upload, &steps, &stop, work).await??;
        Ok(whole.then_some((state, report)))
    }
}
