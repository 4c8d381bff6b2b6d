//! The command line, one file per subcommand.

mod audit;
mod calibration;
mod clients;
mod demo;
mod doctor;
mod erasures;
mod import;
mod imports;
mod incidents;
mod mail;
mod migrate;
mod payment_terms;
mod progress;
mod readings;
mod reconcile;
mod refunds;
mod registers;
mod serve;
mod streams;
mod support;
mod translate;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, DEFAULTS};
use crate::graphql;
use crate::kernel::Clock;
use crate::platform::telemetry;

/// A GraphQL gateway for the customers of utility providers.
#[derive(Debug, Parser)]
#[command(name = "kabinet", version, about, propagate_version = true)]
struct Arguments {
    /// A TOML file with settings; `kabinet config` prints all of them with their defaults.
    #[arg(long, global = true, env = "KABINET_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until a signal ends it.
    Serve(serve::ServeArgs),
    /// Bring the database's schema up to date, or take steps back.
    Migrate(migrate::MigrateArgs),
    /// Load the registers that a provider's billing exports (docs/registers.md).
    Import(import::ImportArgs),
    /// What was loaded from registers, and taking statements back.
    Imports(imports::ImportsArgs),
    /// Make registers of a file in another form, by a template (docs/templates.md).
    Translate(translate::TranslateArgs),
    /// Made-up data to try kabinet with.
    Demo(demo::DemoArgs),
    /// Letters as they look.
    Mail(mail::MailArgs),
    /// Print the GraphQL schema.
    Schema,
    /// The log of what people did.
    Audit(audit::AuditArgs),
    /// What was destroyed of cabinets that were deleted.
    Erasures(erasures::ErasuresArgs),
    /// Payments that contradict their acquirer: list them, assign them, close them.
    Incidents(incidents::IncidentsArgs),
    /// Programs of providers: register them, give them other secrets, end them.
    Clients(clients::ClientsArgs),
    /// How a provider is paid: receipt, commission, recipient, register.
    PaymentTerms(payment_terms::PaymentTermsArgs),
    /// Tell providers of payments, and take what they have posted.
    Registers(registers::RegistersArgs),
    /// Hand readings out to providers as files, and take what they have decided.
    Readings(readings::ReadingsArgs),
    /// Compare our books with an acquirer's list.
    Reconcile(reconcile::ReconcileArgs),
    /// Give money back.
    Refunds(refunds::RefundsArgs),
    /// Questions of people: list them, answer them.
    Support(support::SupportArgs),
    /// Addresses at which providers' servers are told of changes (docs/integrators.md).
    Webhooks(webhooks::WebhooksArgs),
    /// Check configuration, database, Redis, mail, clock and ledger, and say what to do.
    Doctor(doctor::DoctorArgs),
    /// Print docs/errors.md: every code, what it means and what to do.
    Errors,
    /// Print docs/scopes.md: which token opens which field.
    Scopes,
    /// Print every setting with its default and what it means.
    Config,
}

/// Parses the arguments and runs the subcommand; failures end on standard error.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let page = match arguments.command {
        Command::Config => Some(DEFAULTS.to_owned()),
        Command::Errors => Some(graphql::error::catalogue()),
        Command::Scopes => graphql::scopes_page().ok(),
        _ => None,
    };
    if let Some(page) = page {
        print!("{page}");
        return ExitCode::SUCCESS;
    }
    let config = match Config::load(arguments.config.as_deref(), std::env::vars_os()) {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("kabinet: {problems}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("kabinet: cannot start: {cause}");
            return ExitCode::FAILURE;
        }
    };
    let entered = runtime.enter();
    let telemetry = match telemetry::start(&config.log, &config.telemetry) {
        Ok(telemetry) => telemetry,
        Err(fault) => {
            eprintln!("kabinet: cannot start: {fault}");
            return ExitCode::FAILURE;
        }
    };
    drop(entered);
    let ended = runtime.block_on(run(arguments.command, config));
    telemetry.finish();
    match ended {
        Ok(code) => code,
        Err(failure) => {
            streams::err(&format!("kabinet: {failure:#}\n"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => Box::pin(serve::run(args, config)).await,
        Command::Migrate(args) => migrate::run(&args, config).await,
        Command::Import(args) => Ok(import::run(&args, &config).await?),
        Command::Demo(args) => Box::pin(demo::run(&args, config)).await,
        Command::Translate(args) => Ok(translate::run(&args, &Clock::System)?),
        Command::Mail(args) => {
            mail::run(&args, &config)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Schema => {
            print!("{}", graphql::definition());
            Ok(ExitCode::SUCCESS)
        }
        Command::Audit(args) => audit::run(&args, config).await,
        Command::Erasures(args) => erasures::run(&args, config).await,
        Command::Doctor(args) => Box::pin(doctor::run(&args, config)).await,
        Command::Refunds(args) => refunds::run(&args, config).await,
        Command::Webhooks(args) => webhooks::run(&args, config).await,
        Command::Imports(args) => imports::run(&args, config).await,
        Command::Registers(args) => registers::run(&args, config).await,
        Command::Readings(args) => readings::run(&args, config).await,
        Command::Reconcile(args) => reconcile::run(&args, config).await,
        Command::Clients(args) => clients::run(&args, config).await,
        Command::PaymentTerms(args) => payment_terms::run(&args, config).await,
        Command::Support(args) => support::run(&args, config).await,
        Command::Incidents(args) => incidents::run(&args, config).await,
        Command::Config | Command::Errors | Command::Scopes => Ok(ExitCode::SUCCESS),
    }
}
