//! `kabinet reconcile`: our books beside an acquirer's list, and the differences.

use std::process::ExitCode;

use chrono::{NaiveDate, SecondsFormat};
use entity::ids::DifferenceId;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::{Failure, Fault};
use crate::payments::Payments;
use crate::payments::reconciliation::{DifferenceRefusal, DifferenceRow};

use super::streams;

#[derive(Debug, clap::Args)]
pub struct ReconcileArgs {
    #[command(subcommand)]
    command: ReconcileCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ReconcileCommand {
    /// Compare a day, from midnight to midnight (UTC), and print its differences as CSV. Fails when one is open.
    Day {
        /// Such as 2026-11-27.
        day: NaiveDate,
        /// By default the one that takes new payments.
        #[arg(long)]
        acquirer: Option<String>,
    },
    /// Print differences as CSV, oldest first.
    List {
        /// The closed ones as well.
        #[arg(long)]
        all: bool,
    },
    /// Say who looks after an open difference.
    Assign {
        /// As `list` prints it.
        id: String,
        /// A person or a team.
        owner: String,
    },
    /// Close a difference, saying what was done.
    Close {
        /// As `list` prints it.
        id: String,
        /// What was done about it.
        resolution: String,
    },
}

pub async fn run(args: &ReconcileArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app.services.payments, &app.config.payments.acquirer).await;
    app.mechanisms.db.close().await;
    Ok(code?)
}

async fn carry_out(command: &ReconcileCommand, payments: &Payments, usual: &str) -> Result<ExitCode, Fault> {
    let not_open = || Err(Failure::Refused(DifferenceRefusal::NotOpen));
    let changed = match command {
        ReconcileCommand::Day { day, acquirer } => {
            let compared = payments.reconcile(acquirer.as_deref().unwrap_or(usual), *day).await?;
            streams::err(&format!("kabinet: {} rows of the acquirer's were compared\n", compared.theirs));
            print(&compared.differences);
            let open = compared.differences.iter().any(|difference| difference.closed_at.is_none());
            return Ok(if open { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        ReconcileCommand::List { all } => {
            print(&payments.differences(!all).await?);
            return Ok(ExitCode::SUCCESS);
        }
        ReconcileCommand::Assign { id, owner } => match id.parse() {
            Ok(id) => payments.assign_difference(DifferenceId(id), owner).await,
            Err(_) => not_open(),
        },
        ReconcileCommand::Close { id, resolution } => match id.parse() {
            Ok(id) => payments.close_difference(DifferenceId(id), resolution).await,
            Err(_) => not_open(),
        },
    };
    match changed {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Failure::Refused(DifferenceRefusal::NotOpen)) => {
            streams::err("kabinet: there is no open difference of that id; see `kabinet reconcile list`\n");
            Ok(ExitCode::FAILURE)
        }
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn print(differences: &[DifferenceRow]) {
    streams::out("id,acquirer,day,kind,subject,ours,theirs,owner,state,resolution\n");
    for row in differences {
        let quoted = |text: Option<&str>| format!("\"{}\"", text.unwrap_or_default().replace('"', "\"\""));
        let sum = |sum: Option<entity::exact::Money>| sum.map(|sum| sum.to_string()).unwrap_or_default();
        let closed = row.closed_at.map(|at| format!("CLOSED {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)));
        streams::out(&format!(
            "{},{},{},{},{},{},{},{},{},{}\n",
            row.id.0,
            row.acquirer,
            row.day,
            row.kind.word(),
            quoted(Some(&row.subject)),
            sum(row.ours),
            sum(row.theirs),
            quoted(row.owner.as_deref()),
            closed.as_deref().unwrap_or("OPEN"),
            quoted(row.resolution.as_deref()),
        ));
    }
}
