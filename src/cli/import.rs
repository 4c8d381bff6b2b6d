//! `kabinet import`: loads registers and tells what came of it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::streams::{err, out};
use crate::config::{Config, DatabaseConfig};
use crate::integrators::import::{FileReport, ImportEvent, Importer, Mode, Outcome, Step};
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
    let report = importer.stopping_with(stop).import(&args.dir, mode, &|event| show(&progress, event)).await;
    listener.abort();
    let report = report?;
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
        ImportEvent::Ended { report } => {
            progress.end();
            out(&text(report));
        }
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
