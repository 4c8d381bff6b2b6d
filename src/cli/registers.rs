//! `kabinet registers`: what providers are told of payments, and what they tell.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::{Failure, Fault, type_id};
use crate::payments::register::file::Posted;
use crate::payments::register::template::names;
use crate::payments::register::{Outcome, RegisterRefusal, RegisterRow};

use super::streams;

#[derive(Debug, clap::Args)]
pub struct RegistersArgs {
    #[command(subcommand)]
    command: RegistersCommand,
}

#[derive(Debug, clap::Subcommand)]
enum RegistersCommand {
    /// Tell a provider now of the payments that it does not know yet.
    Write {
        /// The provider's code.
        provider: String,
    },
    /// Print the registers that were written, newest first, as CSV.
    List {
        /// The provider's code; by default all.
        provider: Option<String>,
    },
    /// Put a register's file into a folder, under its own name.
    Save {
        /// The provider's code.
        provider: String,
        /// Its number, as `list` prints it.
        number: i32,
        /// Where to; by default here.
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// Take a file that says which payments a provider has posted; its rows as CSV with what became of each.
    Posted {
        /// The provider's code.
        provider: String,
        /// The file, in the provider's template.
        file: PathBuf,
    },
    /// Print the names of the templates.
    Templates,
}

pub async fn run(args: &RegistersArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app).await;
    app.mechanisms.db.close().await;
    code
}

fn refused(text: &str) -> ExitCode {
    streams::err(&format!("kabinet: {text}\n"));
    ExitCode::FAILURE
}

async fn carry_out(command: &RegistersCommand, app: &App) -> anyhow::Result<ExitCode> {
    let (accounts, payments) = (&app.services.accounts, &app.services.payments);
    let code = match command {
        RegistersCommand::Templates => {
            for name in names() {
                streams::out(&format!("{name}\n"));
            }
            return Ok(ExitCode::SUCCESS);
        }
        RegistersCommand::List { provider: None } => {
            print(&payments.registers(None).await?);
            return Ok(ExitCode::SUCCESS);
        }
        RegistersCommand::Write { provider }
        | RegistersCommand::List { provider: Some(provider) }
        | RegistersCommand::Save { provider, .. }
        | RegistersCommand::Posted { provider, .. } => provider,
    };
    let Some(id) = accounts.provider_id(code).await? else { return Ok(refused("there is no such provider")) };
    let done = match command {
        RegistersCommand::Write { .. } => {
            let provider = accounts.find_provider(id).await?.ok_or_else(|| Fault::internal("a provider vanished"))?;
            payments.write_register(&provider).await.map(|register| print(register.as_slice()))
        }
        RegistersCommand::Save { number, out, .. } => {
            let Some(register) = payments.find_register(id, *number).await? else {
                return Ok(refused("there is no register of that number"));
            };
            let path = out.join(&register.file_name);
            std::fs::File::create_new(&path)?.write_all(&register.content)?;
            streams::out(&format!("{}\n", path.display()));
            Ok(())
        }
        RegistersCommand::Posted { file, .. } => payments.take_postings(id, &std::fs::read(file)?).await.map(report),
        RegistersCommand::List { .. } | RegistersCommand::Templates => {
            print(&payments.registers(Some(id)).await?);
            Ok(())
        }
    };
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Failure::Fault(fault)) => Err(fault.into()),
        Err(Failure::Refused(RegisterRefusal::NoTemplate)) => {
            Ok(refused("the provider has no template: see `kabinet payment-terms set --register`"))
        }
        Err(Failure::Refused(RegisterRefusal::Unwritable)) => {
            Ok(refused("the number of an account cannot be written in the template's encoding"))
        }
        Err(Failure::Refused(RegisterRefusal::Unreadable(cause))) => {
            Ok(refused(&format!("nothing was taken: {cause}")))
        }
    }
}

fn print(registers: &[RegisterRow]) {
    streams::out("number,created_at,template,file_name,payments,total\n");
    for register in registers {
        let at = register.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let RegisterRow { number, template, file_name, payments, total, .. } = register;
        streams::out(&format!("{number},{at},{template},{file_name},{payments},{total}\n"));
    }
}

fn report(rows: Vec<(Posted, Outcome)>) {
    streams::out("line,payment,amount,outcome\n");
    for (row, outcome) in rows {
        let outcome = match outcome {
            Outcome::Posted => "POSTED",
            Outcome::Repeated => "REPEATED",
            Outcome::Unknown => "UNKNOWN",
            Outcome::AmountDiffers => "AMOUNT_DIFFERS",
        };
        streams::out(&format!("{},{},{},{outcome}\n", row.line, type_id::encode(row.payment), row.amount));
    }
}
