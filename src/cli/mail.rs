//! `kabinet mail preview`: letters with made-up contents, to be looked at.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::ValueEnum;
use entity::enums::Locale;

use super::streams;
use crate::config::Config;
use crate::notifications::mail::{LetterKind, Templates};
use crate::platform::mail::Letter;

#[derive(Debug, clap::Args)]
pub struct MailArgs {
    #[command(subcommand)]
    command: MailCommand,
}

#[derive(Debug, clap::Subcommand)]
enum MailCommand {
    /// Show letters with made-up contents. Without KIND and --out: list the kinds.
    Preview(PreviewArgs),
}

#[derive(Debug, clap::Args)]
struct PreviewArgs {
    /// Such as `confirmation`.
    kind: Option<String>,
    /// One language instead of both.
    #[arg(long)]
    locale: Option<Language>,
    /// Write KIND.LOCALE.txt and KIND.LOCALE.html into this folder, made where missing; without KIND every letter.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    Ru,
    En,
}

/// # Errors
/// There is no such kind, or the files cannot be written.
pub fn run(args: &MailArgs, config: &Config) -> anyhow::Result<()> {
    let MailCommand::Preview(PreviewArgs { kind, locale, out }) = &args.command;
    let kinds: Vec<_> = LetterKind::samples().into_iter().filter(|letter| is_wanted(letter, kind.as_deref())).collect();
    if let Some(kind) = kind.as_ref().filter(|_| kinds.is_empty()) {
        bail!("there is no letter \"{kind}\"; `kabinet mail preview` lists them");
    }
    if kind.is_none() && out.is_none() {
        streams::out(&(kinds.iter().map(LetterKind::name).collect::<Vec<_>>().join("\n") + "\n"));
        return Ok(());
    }
    let templates = Templates::new()?;
    for letter in &kinds {
        for language in Language::value_variants().iter().filter(|language| is_spoken(**language, *locale)) {
            let (extension, locale) = match language {
                Language::Ru => ("ru", Locale::Ru),
                Language::En => ("en", Locale::En),
            };
            let written = templates.letter("anna@example.com", locale, letter, config)?;
            show(&format!("{}.{extension}", letter.name()), &written, out.as_ref())?;
        }
    }
    Ok(())
}

fn is_wanted(letter: &LetterKind, kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| kind == letter.name())
}

fn is_spoken(language: Language, only: Option<Language>) -> bool {
    only.is_none_or(|only| only == language)
}

fn show(name: &str, letter: &Letter, out: Option<&PathBuf>) -> anyhow::Result<()> {
    let text = format!("Subject: {}\n\n{}\n", letter.subject, letter.text.trim_end());
    let Some(folder) = out else {
        streams::out(&format!("{text}\n"));
        return Ok(());
    };
    let html = format!("{}\n", letter.html.trim_end());
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (extension, content) in [("txt", &text), ("html", &html)] {
        let path = folder.join(format!("{name}.{extension}"));
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
