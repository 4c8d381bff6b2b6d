//! `kabinet import`: loads registers and tells what came of it.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::streams::{err, out};
use crate::config::{Config, DatabaseConfig};
use crate::integrators::import::{Difference, FileReport, ImportEvent, Importer, Mode, Outcome, Step};
use crate::kernel::{Clock, Entropy, Fault};
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;

/// As few as the migration needs. An import asks one thing at a time, but the pool opens another connection whenever the last
/// one is on its way back, and each keeps prepared statements of a thousand rows: some 5 MB.
const CONNECTIONS: u32 = 2;

/// Load the registers that a provider's billing exports (docs/registers.md).
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Folder of an export (one with a manifest.toml), or of several.
    dir: PathBuf,
    /// Check and report, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write what changes of what is stored into this file as CSV: provider, file, line, column, before, after. With --dry-run for
    /// whoever looks before.
    #[arg(long, value_name = "FILE")]
    differences: Option<PathBuf>,
    /// Let an export overwrite what a later one said of accounts, meters, services, tariffs and settings.
    #[arg(long)]
    force: bool,
}

/// Failure when a file was refused or the run was interrupted; what was loaded stays loaded.
///
/// # Errors
/// The database fails. The next run goes on from there.
pub async fn run(args: &ImportArgs, config: &Config) -> Result<ExitCode, Fault> {
    let db = match open(args, config).await? {
        Ok(db) => db,
        Err(missing) => {
            err(&format!("kabinet: {missing}: run `kabinet migrate` first. Nothing was checked.\n"));
            return Ok(ExitCode::FAILURE);
        }
    };
    let (clock, entropy) = (Clock::System, Entropy::System);
    let outbox = Outbox::new(db.clone(), clock.clone(), entropy.clone(), config.worker.clone());
    let importer = Importer::on(db.clone(), outbox, clock, entropy);
    let importer = if args.force { importer.taking_older_exports() } else { importer };
    let done = load(args, importer).await;
    db.close().await;
    done
}

/// The database, up to date; in a dry run as it is, or what it lacks.
async fn open(args: &ImportArgs, config: &Config) -> Result<Result<Db, String>, Fault> {
    let database = DatabaseConfig { max_connections: CONNECTIONS, ..config.database.clone() };
    if !args.dry_run {
        let db = Db::connect(&database, &config.data_dir, Entropy::System).await?;
        db.migrate_up().await?;
        return Ok(Ok(db));
    }
    let Some(db) = Db::open_to_read(&database, &config.data_dir, Entropy::System).await? else {
        return Ok(Err(format!("there is no database in {} yet", config.data_dir.display())));
    };
    Ok(match db.pending_migrations().await? {
        0 => Ok(db),
        steps => Err(format!("the database lacks {steps} steps of its schema")),
    })
}

async fn load(args: &ImportArgs, importer: Importer) -> Result<ExitCode, Fault> {
    let mode = if args.dry_run { Mode::DryRun } else { Mode::Write };
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let listener = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            err("Stopping after the rows under way; the next run goes on from there.\n");
            asked.cancel();
        }
    });
    let progress = Progress::new();
    let differences = args.differences.as_deref().map(Differences::create).transpose();
    let differences = differences.map_err(|cause| Fault::internal(format!("the file of differences: {cause}")))?;
    let told = |event: ImportEvent<'_>| {
        if let (Some(differences), ImportEvent::Differs { provider, file, rows }) = (&differences, event) {
            differences.write(provider, file, rows);
        }
        show(&progress, event);
    };
    let report = importer.stopping_with(stop).import(&args.dir, mode, &told).await;
    listener.abort();
    let report = report?;
    if let Some(cause) = differences.and_then(Differences::finish) {
        err(&format!("kabinet: the file of differences is not whole: {cause}\n"));
        return Ok(ExitCode::FAILURE);
    }
    for problem in report.problems.kept() {
        err(&format!("{problem}\n"));
    }
    if report.interrupted() {
        err("Interrupted: run the same command again to go on.\n");
    } else if mode == Mode::DryRun {
        out("Dry run: nothing was written.\n");
    }
    Ok(if report.refused() || report.interrupted() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show(progress: &Progress, event: ImportEvent<'_>) {
    match event {
        ImportEvent::Began { provider, file, step, rows } => {
            let verb = match step {
                Step::Check => "checking",
                Step::Write => "writing",
            };
            progress.begin(format!("{verb} {provider}/{file}"), rows);
        }
        ImportEvent::Advanced { rows } => progress.advance(rows),
        ImportEvent::Differs { .. } => {}
        ImportEvent::Ended { report } => {
            progress.end();
            out(&text(report));
        }
    }
}

/// A file of what changes. What cannot be written is told at the end: an import goes on without.
struct Differences(Mutex<(csv::Writer<File>, Option<csv::Error>)>);

impl Differences {
    fn create(path: &Path) -> Result<Self, csv::Error> {
        let mut csv = csv::Writer::from_path(path)?;
        csv.write_record(["provider", "file", "line", "column", "before", "after"])?;
        Ok(Self(Mutex::new((csv, None))))
    }

    fn write(&self, provider: &str, file: &str, rows: &[(u64, Vec<Difference>)]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (csv, broken) = &mut *state;
        let values = rows.iter().flat_map(|(line, values)| values.iter().map(move |value| (line, value)));
        let written = values.into_iter().try_for_each(|(line, Difference { column, before, after })| {
            csv.write_record([provider, file, line.to_string().as_str(), column, before, after])
        });
        *broken = broken.take().or(written.err());
    }

    fn finish(self) -> Option<csv::Error> {
        let (mut csv, broken) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        broken.or(csv.flush().err().map(Into::into))
    }
}

/// A line of figures, and the faults of a refused file below it.
fn text(report: &FileReport) -> String {
    let FileReport { tally, rows, elapsed, .. } = report;
    let name = format!("{}/{}", report.provider, report.file);
    let mut text = match report.outcome {
        Outcome::Loaded => format!(
            "{name:<44} {:>9} new {:>9} changed {:>9} unchanged  {}.{:03} s  {} rows/s\n",
            tally.new,
            tally.changed,
            tally.unchanged,
            elapsed.as_secs(),
            elapsed.subsec_millis(),
            report.rows_per_second()
        ),
        Outcome::AlreadyLoaded => format!("{name:<44} loaded before, {rows} rows unchanged\n"),
        Outcome::Interrupted => format!("{name:<44} interrupted\n"),
        Outcome::Refused => format!("{name:<44} REFUSED, {rows} rows, {} problems:\n", report.problems.count()),
    };
    for problem in report.problems.to_string().lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {problem}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::integrators::import::Tally;
    use crate::integrators::register::{Problem, Problems};

    #[test]
    fn a_refused_file_is_shown_with_its_faults() {
        let report = FileReport {
            provider: "voronezh".into(),
            file: "accounts.csv".into(),
            import: None,
            outcome: Outcome::Refused,
            rows: 10,
            tally: Tally::default(),
            problems: Problems::from(Problem::of_file("accounts.csv", "9 rows, the manifest says 10")),
            elapsed: Duration::from_millis(5),
        };
        let text = text(&report);
        assert!(text.contains("voronezh/accounts.csv") && text.contains("REFUSED, 10 rows, 1 problems"));
        assert!(text.contains("\n    accounts.csv: 9 rows, the manifest says 10\n"));
    }
}
