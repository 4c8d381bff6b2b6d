//! `kabinet imports`: what was loaded from registers, and taking statements back.

use std::process::ExitCode;

use chrono::SecondsFormat;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::streams::{err, out};
use crate::app::{App, Outside};
use crate::config::Config;
use crate::integrators::undo::{Became, How, UndoRefusal, UndoneFile};
use crate::kernel::{Failure, Fault, type_id};

#[derive(Debug, clap::Args)]
pub struct ImportsArgs {
    #[command(subcommand)]
    command: ImportsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ImportsCommand {
    /// Print what was loaded from files as CSV, the last first.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        most: u64,
    },
    /// Take the statements of a file back by reversing entries. The newest month comes first: a statement that a later one stands
    /// on stays. The file can be loaded again afterwards.
    Undo {
        /// As `list` prints it.
        import: String,
        /// Report, and write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Failure when a statement stays, or the run was interrupted; what was taken back stays taken back.
pub async fn run(args: &ImportsArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = match &args.command {
        ImportsCommand::List { most } => list(&app, *most).await,
        ImportsCommand::Undo { import, dry_run } => undo(&app, import, *dry_run).await,
    };
    app.mechanisms.db.close().await;
    Ok(code?)
}

async fn list(app: &App, most: u64) -> Result<ExitCode, Fault> {
    out("import,provider,kind,file,rows,rows_done,started_at,finished_at\n");
    for file in app.services.undo.list_files(most).await? {
        let finished = file.finished_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
        out(&format!(
            "{},{},{},\"{}\",{},{},{},{finished}\n",
            type_id::encode(file.id),
            file.provider_code,
            file.kind,
            file.name.replace('"', "\"\""),
            file.rows_total,
            file.rows_done,
            file.started_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn undo(app: &App, import: &str, dry_run: bool) -> Result<ExitCode, Fault> {
    let undo = &app.services.undo;
    let file = match type_id::decode(import) {
        Some(id) => undo.find_file(id).await?,
        None => None,
    };
    let Some(file) = file else { return Ok(refused("there is no such import: `kabinet imports list` has them")) };
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let listener = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            err("Stopping after the statements under way; the same command goes on from there.\n");
            asked.cancel();
        }
    });
    let progress = Progress::new();
    let rows = u64::try_from(file.rows_total).unwrap_or_default();
    progress.begin(format!("taking back {}/{}", file.provider_code, file.name), rows);
    let done = undo.file(&file, How { dry_run, tried: &[] }, &stop, &|count| progress.advance(count)).await;
    progress.end();
    listener.abort();
    match done {
        Ok(done) => Ok(told(&done, dry_run)),
        Err(Failure::Refused(UndoRefusal::NotFound)) => Ok(refused("the provider of the file is not known")),
        Err(Failure::Refused(UndoRefusal::NotStatements)) => {
            Ok(refused("only statements are taken back: other rows are mended by loading them as they should be"))
        }
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn told(done: &UndoneFile, dry_run: bool) -> ExitCode {
    let UndoneFile { withdrawn, restored, already, refused, .. } = done;
    out(&format!("{withdrawn} withdrawn  {restored} restored  {already} unchanged  {refused} stay\n"));
    for one in &done.reasons {
        if let Became::Refused(refusal) = &one.became {
            err(&format!("{} of {}: {}\n", one.period, one.account, refusal.reason));
        }
    }
    if done.interrupted {
        err("Interrupted: run the same command again to go on.\n");
    } else if dry_run {
        out("Dry run: nothing was written.\n");
    }
    if done.interrupted || *refused > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn refused(text: &str) -> ExitCode {
    err(&format!("kabinet: {text}\n"));
    ExitCode::FAILURE
}
