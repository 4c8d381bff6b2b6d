//! A file in two passes: the first checks all of it, the second writes chunk by chunk and notes how far it came.
//! A file may be exchanged in between, so before a chunk is committed the bytes up to its end are compared with those that
//! were checked.

use std::time::Instant;

use entity::ids::{ImportFileId, PersonalAccountId};

use super::context::{Beside, Context};
use super::importer::{ImportEvent, Importer, Mode, Step, beside, file_report};
use super::plan::{Loader, Stream};
use super::progress::Progress;
use super::report::{FileReport, Outcome, Tally};
use super::store::{self, Reads};
use crate::billing::event::BalanceChanged;
use crate::integrators::register::{Export, FileEntry, Problem, Problems};
use crate::kernel::{Failure, Fault};
use crate::platform::db::{Tx, bulk};
use crate::platform::outbox::Outbox;

impl Importer {
    pub(super) async fn load<L: Loader>(
        &self,
        context: &Context,
        export: &Export,
        entry: &FileEntry,
        mode: Mode,
        events: &dyn Fn(ImportEvent<'_>),
    ) -> Result<FileReport, Fault> {
        let began = Instant::now();
        let report = |outcome, tally, problems| FileReport {
            tally,
            problems,
            elapsed: began.elapsed(),
            ..file_report(export, entry, outcome)
        };
        let refused = |problems| report(Outcome::Refused, Tally::default(), problems);
        let progress = match self.progress(export, entry).await? {
            Ok(progress) => progress,
            Err(problem) => return Ok(refused(problem.into())),
        };
        if progress.row.finished_at.is_some() {
            // The manifest alone does not say that the file is still the one that was loaded.
            if let Err(problem) = export.verify(entry) {
                return Ok(refused(problem.into()));
            }
            if mode == Mode::Write && progress.is_news() {
                self.note(&progress).await?;
            }
            let all = Tally { unchanged: entry.rows, ..Tally::default() };
            let loaded = report(Outcome::AlreadyLoaded, all, Problems::default());
            return Ok(FileReport { import: Some(progress.row.id), ..loaded });
        }
        let began_step = |step| {
            let (provider, file) = (export.manifest.provider.as_str(), entry.name.as_str());
            events(ImportEvent::Began { provider, file, step, rows: entry.rows });
        };
        began_step(Step::Check);
        let (would, digests) = match self.check::<L>(context, export, entry, mode, events).await? {
            Checked::Good(would, digests) => (would, digests),
            Checked::Bad(problems) => return Ok(refused(problems)),
            Checked::Interrupted => return Ok(report(Outcome::Interrupted, Tally::default(), Problems::default())),
        };
        if mode == Mode::DryRun {
            return Ok(report(Outcome::Loaded, would, Problems::default()));
        }
        began_step(Step::Write);
        let import = Some(progress.row.id);
        match self.write::<L>(context, export, entry, (progress, digests), events).await {
            Ok((outcome, tally)) => Ok(FileReport { import, ..report(outcome, tally, Problems::default()) }),
            Err(Failure::Refused(problem)) => Ok(refused(problem.into())),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    /// Begins or begins again.
    async fn note(&self, progress: &Progress) -> Result<(), Fault> {
        let result = self.db.transaction::<(), std::convert::Infallible, _, _>(|tx| {
            let (row, known) = (progress.row.clone(), progress.stored.is_some());
            async move { Ok(store::put_import_in(&tx, row, known).await?) }
        });
        result.await.map_err(Fault::from)
    }

    async fn check<L: Loader>(
        &self,
        context: &Context,
        export: &Export,
        entry: &FileEntry,
        mode: Mode,
        events: &dyn Fn(ImportEvent<'_>),
    ) -> Result<Checked, Fault> {
        let (mut stream, mut beside) = match (L::open(export, entry), beside(export, mode)) {
            (Ok(stream), Ok(beside)) => (stream, beside),
            (Err(problem), _) | (_, Err(problem)) => return Ok(Checked::Bad(problem.into())),
        };
        let (mut would, mut digests) = (Tally::default(), Vec::new());
        loop {
            if self.cancelled.is_cancelled() {
                return Ok(Checked::Interrupted);
            }
            let rows = stream.next_chunk(bulk::ROWS);
            if rows.is_empty() {
                break;
            }
            let plan = L::plan(context, Reads::Outside(&self.db), &rows, &mut beside).await?;
            would += plan.tally();
            digests.push(stream.digest());
            if !plan.differences.is_empty() {
                let (provider, file) = (export.manifest.provider.as_str(), entry.name.as_str());
                events(ImportEvent::Differs { provider, file, rows: &plan.differences });
            }
            for (line, fault) in plan.faults {
                stream.report(line, fault);
            }
            events(ImportEvent::Advanced { rows: rows.len() as u64 });
        }
        let problems = stream.finish();
        Ok(if problems.is_empty() { Checked::Good(would, digests) } else { Checked::Bad(problems) })
    }

    async fn write<L: Loader>(
        &self,
        context: &Context,
        export: &Export,
        entry: &FileEntry,
        (progress, digests): (Progress, Vec<Digest>),
        events: &dyn Fn(ImportEvent<'_>),
    ) -> Result<(Outcome, Tally), Failure<Problem>> {
        let mut stream = L::open(export, entry).map_err(Failure::Refused)?;
        if progress.is_news() {
            self.note(&progress).await?;
        }
        let (id, mut done) = (progress.row.id, progress.row.rows_done);
        let context = &Context { source: Some(id.0), ..context.clone() };
        let resumed = stream.skip_rows(done);
        let chunks_done = usize::try_from(done).unwrap_or_default() / bulk::ROWS;
        let mut digests = digests.into_iter().skip(chunks_done);
        let mut total = Tally { unchanged: resumed, ..Tally::default() };
        events(ImportEvent::Advanced { rows: resumed });
        loop {
            if self.cancelled.is_cancelled() {
                return Ok((Outcome::Interrupted, total));
            }
            // Ends where a chunk of the check ended, wherever the run before was stopped.
            let past_chunk = usize::try_from(done).unwrap_or_default() % bulk::ROWS;
            let rows = stream.next_chunk(bulk::ROWS - past_chunk);
            if rows.is_empty() {
                break;
            }
            if digests.next() != Some(stream.digest()) {
                let reason = format!("changed after it was checked; its first {done} rows are loaded: run again");
                return Err(Failure::Refused(Problem::of_file(&entry.name, reason)));
            }
            let count = rows.len() as u64;
            let from = done;
            done += i64::try_from(count).unwrap_or_default();
            match self.write_chunk::<L>(context, entry, &rows, (id, (from, done))).await {
                Ok(tally) => total += tally,
                // Another run is at it, or it is being taken back: whoever comes next goes on from where it is then.
                Err(Failure::Refused(Stop::Moved)) => return Ok((Outcome::Interrupted, total)),
                Err(Failure::Refused(Stop::Problem(problem))) => return Err(Failure::Refused(problem)),
                Err(Failure::Fault(fault)) => return Err(fault.into()),
            }
            events(ImportEvent::Advanced { rows: count });
        }
        // What is cut off ends a file early, and no chunk tells.
        if let Some(problem) = stream.finish().kept().first() {
            return Err(Failure::Refused(problem.clone()));
        }
        let finished_at = Some(self.clock.now());
        let finished = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Problem>>(store::advance_import_in(&tx, id, (done, done), finished_at).await?)
        });
        Ok((if finished.await? { Outcome::Loaded } else { Outcome::Interrupted }, total))
    }

    async fn write_chunk<L: Loader>(
        &self,
        context: &Context,
        entry: &FileEntry,
        rows: &[<L::Stream as Stream>::Item],
        (id, rows_done): (ImportFileId, (i64, i64)),
    ) -> Result<Tally, Failure<Stop>> {
        let work = |tx: Tx| async move {
            let plan = L::plan(context, Reads::Inside(&tx), rows, &mut Beside::default()).await?;
            let tally = plan.tally();
            if let Some((line, fault)) = plan.faults.into_iter().next() {
                let (line, column) = (Some(line), Some(fault.column.to_owned()));
                let problem = Problem { line, column, ..Problem::of_file(&entry.name, fault.reason) };
                return Err(Failure::Refused(Stop::Problem(problem)));
            }
            L::apply(&tx, &plan.changes).await?;
            if !store::advance_import_in(&tx, id, rows_done, None).await? {
                return Err(Failure::Refused(Stop::Moved));
            }
            tell_in(&tx, &self.outbox, &L::moved_accounts(&plan.changes)).await?;
            Ok(tally)
        };
        self.db.transaction(work).await
    }
}

/// Why a chunk was not written.
enum Stop {
    Problem(Problem),
    /// The file is not where this run left it.
    Moved,
}

/// The cabinets that have attached accounts whose balances were moved learn of it.
pub(in crate::integrators) async fn tell_in(
    tx: &Tx,
    outbox: &Outbox,
    moved: &[PersonalAccountId],
) -> Result<(), Fault> {
    if moved.is_empty() {
        return Ok(());
    }
    let attached = store::find_attached(tx, moved).await?.into_iter();
    let news: Vec<_> =
        attached.map(|personal_account_id| BalanceChanged { personal_account_id, payment: None }).collect();
    outbox.enqueue_all_in(tx, &news).await
}

/// Of all bytes up to the end of a chunk.
type Digest = [u8; 32];

enum Checked {
    /// With a digest for each chunk: 32 bytes for a thousand rows.
    Good(Tally, Vec<Digest>),
    Bad(Problems),
    Interrupted,
}
