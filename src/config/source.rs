//! Where values come from, the later over the earlier: compiled-in defaults, a TOML file, the environment.

use std::ffi::OsString;
use std::path::Path;

use config::{Config, File, FileFormat};

use super::DEFAULTS;
use super::reader::{Problem, Problems};

const PREFIX: &str = "KABINET__";
const FROM_FILE: &str = "_FILE";

/// Goes on without what cannot be read: the other problems are worth telling too.
pub fn merge(
    file: Option<&Path>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(Config, Vec<Problem>), Problems> {
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(path) = file {
        let text = settings_file(path).map_err(|problem| Problems(vec![problem]))?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let mut problems = Vec::new();
    for (name, value) in environment {
        // Other programs' variables need not be text.
        let Some(name) = name.to_str() else { continue };
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        let Some(value) = value.to_str() else {
            problems.push(Problem::new(name, "is not in UTF-8"));
            continue;
        };
        let (key, value) = match key.strip_suffix(FROM_FILE) {
            Some(key) => (key, secret_file(name, value)),
            None => (key, Ok(value.to_owned())),
        };
        let key = key.to_lowercase().replace("__", ".");
        match value {
            Ok(value) => match builder.clone().set_override(&key, value) {
                Ok(overridden) => builder = overridden,
                Err(cause) => problems.push(Problem::new(name, &cause.to_string())),
            },
            Err(problem) => problems.push(problem),
        }
    }
    match builder.build() {
        Ok(config) => Ok((config, problems)),
        Err(cause) => {
            problems.push(Problem::new("configuration", &cause.to_string()));
            Err(Problems(problems))
        }
    }
}

/// What is wrong with its TOML is told without quoting the line, as TOML's own message does: it may hold a password.
fn settings_file(path: &Path) -> Result<String, Problem> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|cause| Problem::new(&name, &format!("cannot be read: {cause}")))?;
    match toml::from_str::<toml::Table>(&text) {
        Ok(_) => Ok(text),
        Err(cause) => {
            let before = cause.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Err(Problem::new(&name, &format!("is no TOML at line {line}: {}", cause.message())))
        }
    }
}

fn secret_file(name: &str, path: &str) -> Result<String, Problem> {
    std::fs::read_to_string(path)
        .map(|text| text.trim_end().to_owned())
        .map_err(|cause| Problem::new(name, &format!("cannot read {path}: {cause}")))
}
