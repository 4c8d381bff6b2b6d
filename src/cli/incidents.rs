//! `kabinet incidents`: contradictions between us and an acquirer that people must look at.

use std::process::ExitCode;

use chrono::SecondsFormat;
use entity::ids::IncidentId;
use entity::incident;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::{Failure, Fault};
use crate::payments::Payments;
use crate::payments::incident::IncidentRefusal;

use super::streams;

#[derive(Debug, clap::Args)]
pub struct IncidentsArgs {
    #[command(subcommand)]
    command: IncidentsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum IncidentsCommand {
    /// Print incidents as CSV, oldest first.
    List {
        /// The closed ones as well.
        #[arg(long)]
        all: bool,
    },
    /// Say who looks after an open incident.
    Assign {
        /// As `list` prints it.
        id: String,
        /// A person or a team.
        owner: String,
    },
    /// Close an incident, saying what was done.
    Close {
        /// As `list` prints it.
        id: String,
        /// What was done about it.
        resolution: String,
        /// End its payment (or the refund that it is about) too, of which nothing is expected any more: CANCELED.
        #[arg(long)]
        end_payment: bool,
    },
}

pub async fn run(args: &IncidentsArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app.services.payments).await;
    app.mechanisms.db.close().await;
    Ok(code?)
}

async fn carry_out(command: &IncidentsCommand, payments: &Payments) -> Result<ExitCode, Fault> {
    let changed = match command {
        IncidentsCommand::List { all } => {
            streams::out("id,opened_at,kind,subject,owner,closed_at,details,resolution\n");
            for incident in payments.incidents(!all).await? {
                streams::out(&line(&incident));
            }
            return Ok(ExitCode::SUCCESS);
        }
        IncidentsCommand::Assign { id, owner } => match id.parse() {
            Ok(id) => payments.assign_incident(IncidentId(id), owner).await,
            Err(_) => Err(Failure::Refused(IncidentRefusal::NotOpen)),
        },
        IncidentsCommand::Close { id, resolution, end_payment } => match id.parse() {
            Ok(id) if *end_payment => payments.end_payment_of(IncidentId(id), resolution).await,
            Ok(id) => payments.close_incident(IncidentId(id), resolution).await,
            Err(_) => Err(Failure::Refused(IncidentRefusal::NotOpen)),
        },
    };
    match changed {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Failure::Refused(IncidentRefusal::NotOpen)) => {
            streams::err("kabinet: there is no open incident of that id; see `kabinet incidents list`\n");
            Ok(ExitCode::FAILURE)
        }
        Err(Failure::Refused(IncidentRefusal::NoPayment)) => {
            streams::err("kabinet: this incident is about no payment of ours; close it without --end-payment\n");
            Ok(ExitCode::FAILURE)
        }
        Err(Failure::Refused(IncidentRefusal::NothingOpen)) => {
            streams::err("kabinet: what it is about has ended already; close it without --end-payment\n");
            Ok(ExitCode::FAILURE)
        }
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn line(incident: &incident::Model) -> String {
    let at = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let quoted = |text: Option<&str>| format!("\"{}\"", text.unwrap_or_default().replace('"', "\"\""));
    format!(
        "{},{},{},{},{},{},{},{}\n",
        incident.id.0,
        at(incident.opened_at),
        incident.kind.word(),
        quoted(Some(&incident.subject)),
        quoted(incident.owner.as_deref()),
        incident.closed_at.map(at).unwrap_or_default(),
        quoted(Some(&incident.details)),
        quoted(incident.resolution.as_deref()),
    )
}
