//! `kabinet erasures list`: what was destroyed, for the act that the regulator asks for (Roskomnadzor's order 179).

use std::process::ExitCode;

use chrono::SecondsFormat;
use entity::erasure;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::EmailAddress;

use super::streams;

#[derive(Debug, clap::Args)]
pub struct ErasuresArgs {
    #[command(subcommand)]
    command: ErasuresCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ErasuresCommand {
    /// Print every erasure as CSV, oldest first.
    List {
        /// Only those of this e-mail address.
        #[arg(long, value_name = "EMAIL")]
        address: Option<String>,
    },
}

pub async fn run(args: &ErasuresArgs, config: Config) -> anyhow::Result<ExitCode> {
    let ErasuresCommand::List { address } = &args.command;
    let address: Option<EmailAddress> = address.as_deref().map(str::parse).transpose().map_err(anyhow::Error::msg)?;
    let app = App::open(config, Outside::real()).await?;
    let erasures = app.services.identity.erasures(address.as_ref().map(EmailAddress::as_str)).await?;
    app.mechanisms.db.close().await;
    streams::out("id,erased_at,reason,person,address_hash,destroyed\n");
    for erasure in &erasures {
        streams::out(&line(erasure));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(erasure: &erasure::Model) -> String {
    let erasure::Model { id, user_id, reason, erased_at, address_hash, counts } = erasure;
    let at = erased_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    // The counts are JSON: only their quotation marks need RFC 4180's doubling.
    let destroyed = counts.replace('"', "\"\"");
    format!("{},{at},{},{},{address_hash},\"{destroyed}\"\n", id.0, reason.word(), user_id.0)
}
