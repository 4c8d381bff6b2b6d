//! `kabinet readings`: what people sent, out to providers that work with files, and their decisions back.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::integrators::reading_files::{DecisionFile, GivenRow, ReadingFiles};
use crate::kernel::{Failure, Fault, type_id};
use crate::metering::decision::Decided;

use super::streams;

#[derive(Debug, clap::Args)]
pub struct ReadingsArgs {
    #[command(subcommand)]
    command: ReadingsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ReadingsCommand {
    /// Write the readings that a provider does not have yet into a file, and say that they were delivered.
    Write {
        /// The provider's code.
        provider: String,
        /// The folder that the file goes to; by default here.
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// Take a file of a provider's decisions; its rows as CSV with what became of each.
    Decide {
        /// The provider's code.
        provider: String,
        /// Columns reading_id, decision (DELIVERED, ACCEPTED, REJECTED, BILLED) and reason, with ";" between them.
        file: PathBuf,
    },
}

pub async fn run(args: &ReadingsArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app).await;
    app.mechanisms.db.close().await;
    code
}

fn refused(text: &str) -> ExitCode {
    streams::err(&format!("kabinet: {text}\n"));
    ExitCode::FAILURE
}

async fn carry_out(command: &ReadingsCommand, app: &App) -> anyhow::Result<ExitCode> {
    let (accounts, metering) = (&*app.services.accounts, &*app.services.metering);
    let files = ReadingFiles { accounts, metering, clock: &app.mechanisms.clock };
    let (ReadingsCommand::Write { provider: code, .. } | ReadingsCommand::Decide { provider: code, .. }) = command;
    let Some(id) = accounts.provider_id(code).await? else { return Ok(refused("there is no such provider")) };
    match command {
        ReadingsCommand::Write { out, .. } => {
            if !out.is_dir() {
                return Ok(refused(&format!("{} is no folder", out.display())));
            }
            let provider = accounts.find_provider(id).await?.ok_or_else(|| Fault::internal("a provider vanished"))?;
            let Some(written) = files.write(&provider, out).await? else {
                streams::err("kabinet: the provider has every reading\n");
                return Ok(ExitCode::SUCCESS);
            };
            streams::out(&format!("{}\n", written.path.display()));
            streams::err(&format!("kabinet: {} readings\n", written.readings));
            for id in written.withdrawn {
                streams::err(&format!("kabinet: {} was taken back meanwhile\n", type_id::encode(id)));
            }
            Ok(ExitCode::SUCCESS)
        }
        ReadingsCommand::Decide { file, .. } => {
            let file = match DecisionFile::open(file) {
                Ok(file) => file,
                Err(cause) => return Ok(refused(&format!("nothing was taken: {cause}"))),
            };
            streams::out("line,reading,outcome\n");
            match files.decide(id, &file, tell).await {
                Ok(()) => Ok(ExitCode::SUCCESS),
                Err(Failure::Refused(cause)) => Ok(refused(&format!("the file has changed meanwhile: {cause}"))),
                Err(Failure::Fault(fault)) => Err(fault.into()),
            }
        }
    }
}

fn tell(GivenRow { line, reading, decided }: GivenRow) {
    let outcome = match decided {
        Decided::Done => "CHANGED".to_owned(),
        Decided::Already => "UNCHANGED".to_owned(),
        Decided::NotFound => "UNKNOWN".to_owned(),
        Decided::Impossible(status) => format!("IS_{}", status.word()),
        Decided::Repeated => "REPEATED".to_owned(),
    };
    streams::out(&format!("{line},{},{outcome}\n", type_id::encode(reading)));
}
