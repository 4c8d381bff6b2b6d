//! `kabinet translate`: a file in another form becomes registers, by a template.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use chrono::{DateTime, FixedOffset};
use entity::exact::YearMonth;

use super::progress::Progress;
use super::streams::{err, out};
use crate::integrators::template::{Refused, Template, Translated, Translation, translate};
use crate::kernel::Clock;

/// Make registers of a file in another form, by a template (docs/templates.md); `kabinet import` loads them.
#[derive(Debug, clap::Args)]
pub struct TranslateArgs {
    /// The template, TOML.
    template: PathBuf,
    /// The file.
    file: PathBuf,
    /// Folder to write the registers to; made where missing, and empty otherwise.
    #[arg(long)]
    out: PathBuf,
    /// The billing period, like 2026-10, where the file's name does not say it.
    #[arg(long, value_parser = super::demo::parse_month)]
    period: Option<YearMonth>,
    /// Of what moment the file is, like 2026-11-01T08:00:00+03:00: decides which of two files is older. Now, unless given.
    #[arg(long)]
    exported_at: Option<DateTime<FixedOffset>>,
}

/// Failure when the file was refused; nothing is written then.
///
/// # Errors
/// The template is none, or the folder cannot be written.
pub fn run(args: &TranslateArgs, clock: &Clock) -> anyhow::Result<ExitCode> {
    let name = args.template.display();
    let text = std::fs::read_to_string(&args.template).with_context(|| name.to_string())?;
    let template = Template::parse(&text).map_err(|reason| anyhow::anyhow!("{name}: {reason}"))?;
    let translation = Translation {
        template: &template,
        file: &args.file,
        dir: &args.out,
        period: args.period,
        exported_at: args.exported_at.unwrap_or_else(|| clock.now().fixed_offset()),
    };
    let bytes = std::fs::metadata(&args.file).with_context(|| args.file.display().to_string())?.len();
    let progress = Progress::new();
    progress.begin(format!("translating {}", args.file.display()), bytes);
    let done = translate(&translation, &mut |bytes| progress.advance(bytes));
    progress.end();
    match done {
        Ok(done) => {
            out(&text_of(&done, args));
            Ok(ExitCode::SUCCESS)
        }
        Err(Refused::Faults(problems)) => {
            err(&format!(
                "{problems}kabinet: the file was refused, {} problems. Nothing was written.\n",
                problems.count()
            ));
            Ok(ExitCode::FAILURE)
        }
        Err(Refused::Disk(error)) => Err(error).with_context(|| args.out.display().to_string()),
    }
}

fn text_of(done: &Translated, args: &TranslateArgs) -> String {
    let dir = args.out.display();
    let written = done.written.iter().map(|(kind, rows)| format!("{:<20} {rows:>9}\n", kind.word()));
    let faulty = match done.faulty {
        0 => String::new(),
        faults => format!("{faults} faults left rows out: {dir}/faults.csv\n"),
    };
    format!(
        "{} rows, {} skipped\n{}{faulty}Look at it with `kabinet import --dry-run {dir}`, load it with `kabinet import {dir}`.\n",
        done.rows,
        done.skipped,
        written.collect::<Vec<_>>().concat()
    )
}
