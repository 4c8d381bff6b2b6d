//! One import: its exports, and their files in the order in which they refer to each other.

use std::path::Path;

use chrono::NaiveDate;
use entity::{import_file, provider, provider_terms};
use tokio_util::sync::CancellationToken;

use super::context::{Beside, Context};
use super::difference::Difference;
use super::kinds::{
    Accounts, Bills, Meters, Readings, Replacements, ServiceChanges, Services, Tariffs, settings::provider_row,
    settings::terms_rows,
};
use super::progress::Progress;
use super::report::{FileReport, ImportReport, Outcome, Tally};
use super::store::{self, Reads};
use crate::accounts::Provider;
use crate::integrators::register::{DatedSettings, Export, FileEntry, Kind, Problem, Problems};
use crate::kernel::{Clock, Entropy, Fault};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Write,
    /// Reports what would happen and writes nothing.
    DryRun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Check,
    Write,
}

/// News for whoever shows progress.
#[derive(Clone, Copy, Debug)]
pub enum ImportEvent<'a> {
    Began {
        provider: &'a str,
        file: &'a str,
        step: Step,
        rows: u64,
    },
    /// Rows since the last such event.
    Advanced {
        rows: u64,
    },
    /// Rows of the check that change what is stored, by line of the file.
    Differs {
        provider: &'a str,
        file: &'a str,
        rows: &'a [(u64, Vec<Difference>)],
    },
    Ended {
        report: &'a FileReport,
    },
}

/// A provider's row with its terms, by day.
type StoredProvider = (provider::Model, Vec<provider_terms::Model>);

#[derive(Clone, Debug)]
pub struct Importer {
    pub(super) db: Db,
    pub(super) outbox: Outbox,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
    pub(super) cancelled: CancellationToken,
    pub(super) takes_older: bool,
}

impl Importer {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, outbox, clock, entropy, .. } = mechanisms.clone();
        Self::on(db, outbox, clock, entropy)
    }

    /// An import needs no more than this.
    pub fn on(db: Db, outbox: Outbox, clock: Clock, entropy: Entropy) -> Self {
        Self { db, outbox, clock, entropy, cancelled: CancellationToken::new(), takes_older: false }
    }

    /// Lets files of an older export overwrite what a later one said.
    #[must_use]
    pub fn taking_older_exports(self) -> Self {
        Self { takes_older: true, ..self }
    }

    /// Stops after the chunk under way when `token` is cancelled.
    #[must_use]
    pub fn stopping_with(self, token: CancellationToken) -> Self {
        Self { cancelled: token, ..self }
    }

    /// Loads the export in `dir`, or those in its sub-folders. What is wrong with files is in the report.
    ///
    /// # Errors
    /// The database fails. What is committed by then stays, and the next run goes on from there.
    pub async fn import(
        &self,
        dir: &Path,
        mode: Mode,
        events: &dyn Fn(ImportEvent<'_>),
    ) -> Result<ImportReport, Fault> {
        let exports = match Export::discover(dir) {
            Ok(exports) => exports,
            Err(problem) => return Ok(problem.into()),
        };
        let mut report = ImportReport::default();
        for export in &exports {
            self.import_export(export, mode, events, &mut report).await?;
            if report.interrupted() {
                break;
            }
        }
        Ok(report)
    }

    async fn import_export(
        &self,
        export: &Export,
        mode: Mode,
        events: &dyn Fn(ImportEvent<'_>),
        report: &mut ImportReport,
    ) -> Result<(), Fault> {
        let mut settings = None;
        let mut refused_month = None;
        for entry in export.manifest.files.iter().filter(|entry| entry.kind != Kind::StatementLines) {
            let refused = |problem: Problem| FileReport {
                problems: problem.into(),
                ..file_report(export, entry, Outcome::Refused)
            };
            let done = if entry.kind == Kind::Settings {
                match export.settings(entry) {
                    Ok(found) => {
                        let done = self.load_settings(export, entry, &found, mode).await?;
                        settings = Some(found);
                        done
                    }
                    Err(problem) => refused(problem),
                }
            } else if let (Kind::Statements, Some(month)) = (entry.kind, refused_month) {
                // Loaded alone it would look like a gap and shut the refused month out for good.
                refused(Problem::of_file(&entry.name, format!("the statements of {month} were refused")))
            } else {
                match self.context(export, settings.as_ref(), mode).await? {
                    Ok(context) => self.load_kind(&context, export, entry, mode, events).await?,
                    Err(problem) => refused(problem),
                }
            };
            if entry.kind == Kind::Statements && done.outcome == Outcome::Refused {
                refused_month = refused_month.or(entry.period);
            }
            events(ImportEvent::Ended { report: &done });
            let interrupted = done.outcome == Outcome::Interrupted;
            report.files.push(done);
            if interrupted {
                break;
            }
        }
        Ok(())
    }

    async fn load_kind(
        &self,
        context: &Context,
        export: &Export,
        entry: &FileEntry,
        mode: Mode,
        events: &dyn Fn(ImportEvent<'_>),
    ) -> Result<FileReport, Fault> {
        match entry.kind {
            Kind::Tariffs => self.load::<Tariffs>(context, export, entry, mode, events).await,
            Kind::Accounts => self.load::<Accounts>(context, export, entry, mode, events).await,
            Kind::Services => self.load::<Services>(context, export, entry, mode, events).await,
            Kind::ServiceChanges => self.load::<ServiceChanges>(context, export, entry, mode, events).await,
            Kind::Meters => self.load::<Meters>(context, export, entry, mode, events).await,
            Kind::Replacements => self.load::<Replacements>(context, export, entry, mode, events).await,
            Kind::Readings => self.load::<Readings>(context, export, entry, mode, events).await,
            Kind::Statements | Kind::StatementLines | Kind::Settings => {
                self.load::<Bills>(context, export, entry, mode, events).await
            }
        }
    }

    /// The provider and its rules, as stored; in a dry run as the export has them.
    async fn context(
        &self,
        export: &Export,
        settings: Option<&DatedSettings>,
        mode: Mode,
    ) -> Result<Result<Context, Problem>, Fault> {
        let code = &export.manifest.provider;
        let stored = store::find_provider(Reads::Outside(&self.db), code).await?;
        let exported_on = export.manifest.exported_at.date_naive();
        let provider = match (stored, settings, mode) {
            (stored, Some(settings), Mode::DryRun) => Some(self.with_settings(stored, settings, exported_on)?),
            (stored, ..) => stored,
        };
        let Some(provider) = provider.and_then(|(row, terms)| Provider::new(row, terms)) else {
            return Ok(Err(Problem::of_file(code, "not a known provider: its settings come first")));
        };
        let pattern = &provider.terms_on(exported_on).account_number_pattern;
        let number_pattern = regex::Regex::new(&format!("^(?:{pattern})$")).map_err(Fault::internal)?;
        Ok(Ok(Context {
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            exported_at: export.manifest.exported_at.to_utc(),
            provider: Some(provider),
            number_pattern,
            source: None,
        }))
    }

    /// What is stored of a provider once the settings are loaded.
    fn with_settings(
        &self,
        stored: Option<StoredProvider>,
        settings: &DatedSettings,
        exported_on: NaiveDate,
    ) -> Result<StoredProvider, Fault> {
        let (id, terms) = match stored {
            Some((row, terms)) => (row.id, terms),
            None => (self.entropy.id(&self.clock)?, Vec::new()),
        };
        let terms = terms_rows(id, &terms, settings, exported_on).map_err(Fault::internal)?;
        Ok((provider_row(id, &settings.first), terms))
    }

    async fn load_settings(
        &self,
        export: &Export,
        entry: &FileEntry,
        settings: &DatedSettings,
        mode: Mode,
    ) -> Result<FileReport, Fault> {
        let began = std::time::Instant::now();
        let progress = match self.progress(export, entry).await? {
            Ok(progress) => progress,
            Err(problem) => {
                let refused = file_report(export, entry, Outcome::Refused);
                return Ok(FileReport { problems: problem.into(), elapsed: began.elapsed(), ..refused });
            }
        };
        let mut stored = store::find_provider(Reads::Outside(&self.db), &settings.first.code).await?;
        if let Some((_, terms)) = &mut stored {
            terms.sort_by_key(|terms| terms.valid_from);
        }
        let exported_on = export.manifest.exported_at.date_naive();
        let new = self.with_settings(stored.clone(), settings, exported_on)?;
        let tally = match &stored {
            None => Tally { new: 1, ..Tally::default() },
            Some(stored) if *stored == new => Tally { unchanged: 1, ..Tally::default() },
            Some(_) => Tally { changed: 1, ..Tally::default() },
        };
        if mode == Mode::Write {
            self.write_settings(progress, (stored.is_some(), new), tally).await?;
        }
        let report = FileReport { tally, elapsed: began.elapsed(), ..file_report(export, entry, Outcome::Loaded) };
        Ok(report)
    }

    /// Nothing where nothing is new.
    async fn write_settings(
        &self,
        mut progress: Progress,
        (known, new): (bool, StoredProvider),
        tally: Tally,
    ) -> Result<(), Fault> {
        let finished_at = progress.row.finished_at.unwrap_or_else(|| self.clock.now());
        progress.row = import_file::Model { rows_done: 1, finished_at: Some(finished_at), ..progress.row };
        let (noted, changed) = (!progress.is_news(), tally.unchanged == 0);
        if noted && !changed {
            return Ok(());
        }
        let result = self.db.transaction::<(), std::convert::Infallible, _, _>(|tx| {
            let ((row, terms), file, file_known) = (new.clone(), progress.row.clone(), progress.stored.is_some());
            async move {
                if changed {
                    let id = row.id;
                    if known {
                        store::update_provider_in(&tx, row).await?;
                    } else {
                        store::insert_provider_in(&tx, row).await?;
                    }
                    store::put_terms_in(&tx, id, &terms).await?;
                }
                Ok(store::put_import_in(&tx, file, file_known).await?)
            }
        });
        result.await.map_err(Fault::from)
    }
}

/// Of a file that nothing was done with.
pub(super) fn file_report(export: &Export, entry: &FileEntry, outcome: Outcome) -> FileReport {
    FileReport {
        provider: export.manifest.provider.clone(),
        file: entry.name.clone(),
        import: None,
        outcome,
        rows: entry.rows,
        tally: Tally::default(),
        problems: Problems::default(),
        elapsed: std::time::Duration::ZERO,
    }
}

/// What a dry run reads beside a file.
pub(super) fn beside(export: &Export, mode: Mode) -> Result<Beside, Problem> {
    match mode {
        Mode::Write => Ok(Beside::default()),
        Mode::DryRun => Beside::of(export),
    }
}
