//! `kabinet demo generate`: writes registers to try kabinet with.

use std::io;
use std::path::PathBuf;

use entity::exact::YearMonth;

use super::progress::Progress;
use crate::integrators::demo::{DemoPlan, Samples, generate};
use crate::kernel::Clock;

#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    #[command(subcommand)]
    command: DemoCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DemoCommand {
    /// Write registers of made-up customers of the nine companies and three others.
    Generate(GenerateArgs),
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

/// # Errors
/// The files cannot be written.
pub fn run(args: &DemoArgs, clock: &Clock) -> io::Result<()> {
    let DemoCommand::Generate(args) = &args.command;
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
