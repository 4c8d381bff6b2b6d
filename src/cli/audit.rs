//! `kabinet audit verify`: walks the chain of every person's events.

use std::process::ExitCode;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::identity::audit::{Broken, Verification};

use super::streams;

#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, clap::Subcommand)]
enum AuditCommand {
    /// Say whether every event is as it was written, and where one is not. Fails when one is not.
    Verify,
}

pub async fn run(args: &AuditArgs, config: Config) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify = args.command;
    let app = App::open(config, Outside::real()).await?;
    let Verification { chains, events, broken } = app.services.identity.audit.verify().await?;
    app.mechanisms.db.close().await;
    streams::out(&format!("{events} events in {chains} chains, {} of them broken\n", broken.len()));
    for Broken { user_id, sequence, flaw } in &broken {
        streams::out(&format!("person {}: event {sequence}: {flaw}\n", user_id.0));
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
