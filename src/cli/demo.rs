//! `kabinet demo`: registers to try kabinet with, and what happens at a provider, played on an instance that has them.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::exact::YearMonth;

use super::progress::Progress;
use super::streams;
use crate::app::demo::read_samples;
use crate::app::{App, Outside, demo_levers};
use crate::config::Config;
use crate::integrators::demo::scenario::{Scenario, Stage, Unplayable};
use crate::integrators::demo::{DemoPlan, Samples, generate};
use crate::integrators::register::{Export, Problem};
use crate::kernel::{Clock, Failure};

#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    #[command(subcommand)]
    command: DemoCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DemoCommand {
    /// Write registers of made-up customers of the nine companies and three others.
    Generate(GenerateArgs),
    /// Let something happen at a provider, on an instance with demonstration data (`kabinet serve --demo`).
    Play(PlayArgs),
    /// Move the clock of an instance with demonstration data on, and print what it shows then.
    Clock(ClockArgs),
}

#[derive(Debug, clap::Args)]
struct PlayArgs {
    #[arg(value_enum)]
    scenario: ScenarioName,
    /// Number of the account; by default the first one to try.
    #[arg(long)]
    account: Option<String>,
    /// The code of its provider; by default that of the first account to try that has the number.
    #[arg(long)]
    provider: Option<String>,
    /// How long the outage lasts, by the instance's clock; 0 ends it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i64).range(0..=1440))]
    minutes: i64,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ScenarioName {
    /// The bill of the next month, with what was paid meanwhile.
    NewStatement,
    /// The provider is told of payments, and has posted them.
    PaymentPosted,
    /// A new meter in the place of the old one.
    MeterReplaced,
    /// The bank answers nobody for a while: payments that are started meanwhile wait for it.
    Outage,
}

#[derive(Debug, clap::Args)]
struct ClockArgs {
    /// Days forward.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=3660))]
    days: i64,
    /// Hours forward.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=87_840))]
    hours: i64,
}

#[derive(Debug, clap::Args)]
struct GenerateArgs {
    /// Personal accounts, over all companies.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(..=10_000_000))]
    accounts: u64,
    /// Months of statements.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=i64::from(DemoPlan::MOST_MONTHS)))]
    months: u32,
    /// The same seed gives the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder to write to; made where missing.
    #[arg(long)]
    out: PathBuf,
    /// The month that counts as the current one, like 2026-11; statements end with the month before.
    #[arg(long, default_value = None, value_parser = parse_month)]
    until: Option<YearMonth>,
}

pub(super) fn parse_month(text: &str) -> Result<YearMonth, String> {
    text.parse().map_err(|_| "not a month like 2026-11".to_owned())
}

pub async fn run(args: &DemoArgs, config: Config) -> anyhow::Result<ExitCode> {
    match &args.command {
        DemoCommand::Generate(args) => {
            write(args, &Clock::System)?;
            Ok(ExitCode::SUCCESS)
        }
        DemoCommand::Clock(args) => {
            anyhow::ensure!(demo_levers::is_demo(&config), NO_DEMO);
            demo_levers::move_clock(&config, TimeDelta::days(args.days) + TimeDelta::hours(args.hours))?;
            streams::out(&format!("{}\n", shown(demo_levers::moved_clock(&config).now())));
            Ok(ExitCode::SUCCESS)
        }
        DemoCommand::Play(args) => {
            anyhow::ensure!(demo_levers::is_demo(&config), NO_DEMO);
            let scenario = match args.scenario {
                ScenarioName::NewStatement => Scenario::NewStatement,
                ScenarioName::PaymentPosted => Scenario::PaymentPosted,
                ScenarioName::MeterReplaced => Scenario::MeterReplaced,
                ScenarioName::Outage => {
                    let until = demo_levers::moved_clock(&config).now() + TimeDelta::minutes(args.minutes);
                    demo_levers::cut_bank_off(&config, until)?;
                    streams::out(&format!("the bank answers nobody until {}\n", shown(until)));
                    return Ok(ExitCode::SUCCESS);
                }
            };
            let app = App::open(config, Outside::real()).await?;
            let played = Box::pin(play(args, scenario, &app)).await;
            app.mechanisms.db.close().await;
            match played {
                Ok(told) => {
                    streams::out(&format!("{told}\n"));
                    Ok(ExitCode::SUCCESS)
                }
                Err(Failure::Fault(fault)) => Err(fault.into()),
                Err(Failure::Refused(refusal)) => {
                    streams::err(&format!("kabinet: {}\n", text(&refusal)));
                    Ok(ExitCode::FAILURE)
                }
            }
        }
    }
}

fn shown(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

const NO_DEMO: &str = "this instance has no demonstration data: `kabinet serve --demo` makes one that has";

async fn play(args: &PlayArgs, scenario: Scenario, app: &App) -> Result<String, Failure<Unplayable>> {
    let dir = app.config.data_dir.join("demo");
    let samples = read_samples(&dir).ok_or(Failure::Refused(Unplayable::NoAccount))?;
    let tried = samples.accounts.iter().find(|sample| {
        args.account.as_ref().is_none_or(|number| *number == sample.number)
            && args.provider.as_ref().is_none_or(|code| *code == sample.provider_code)
    });
    let provider = args.provider.as_ref().or(tried.map(|sample| &sample.provider_code));
    let number = args.account.as_ref().or(tried.map(|sample| &sample.number));
    let (Some(provider), Some(number)) = (provider, number) else {
        return Err(Failure::Refused(Unplayable::NoAccount));
    };
    let unreadable = |problem: Problem| Failure::Refused(Unplayable::Refused(problem.to_string()));
    let export = Export::open(&dir.join(provider)).map_err(unreadable)?;
    let stage = Stage {
        mechanisms: &app.mechanisms,
        accounts: &app.services.accounts,
        payments: &app.services.payments,
        exported_at: export.manifest.exported_at,
    };
    Box::pin(stage.play(scenario, (provider, number))).await
}

fn text(refusal: &Unplayable) -> String {
    match refusal {
        Unplayable::NoAccount => "there is no such account in the demonstration data".to_owned(),
        Unplayable::NoStatement => "the account has no statement to go on from".to_owned(),
        Unplayable::NothingPaid => "no payment for the account waits to be posted: pay one first".to_owned(),
        Unplayable::NoMeter => "the account has no meter in place that was read".to_owned(),
        Unplayable::Refused(cause) => format!("nothing was played: {cause}"),
    }
}

fn write(args: &GenerateArgs, clock: &Clock) -> io::Result<()> {
    let until = args.until.unwrap_or_else(|| YearMonth::of(clock.now().date_naive()));
    let plan = DemoPlan { accounts: args.accounts, months: args.months, seed: args.seed, until };
    let progress = Progress::new();
    progress.begin("writing accounts".to_owned(), plan.accounts);
    let samples = generate(plan, &args.out, &mut |accounts| progress.advance(accounts))?;
    progress.end();
    println!("{} accounts, {} months until {} in {}", plan.accounts, plan.months, until, args.out.display());
    print!("{}", samples_text(&samples));
    Ok(())
}

/// Accounts to attach in a first look, with their PINs.
pub fn samples_text(samples: &Samples) -> String {
    let line = |sample: &crate::integrators::demo::Sample| {
        let (provider, number, pin) = (&sample.provider, &sample.number, &sample.pin);
        format!("  {provider:<24} account {number:<12} PIN {pin}  balance {:>9}  ({})\n", sample.debt, sample.note)
    };
    samples.accounts.iter().map(line).collect()
}
