//! Takes typed values out of the merged configuration and collects everything that is wrong with it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use config::{Config, File, FileFormat, Value, ValueKind};
use secrecy::SecretString;

use super::DEFAULTS;

/// One thing to mend, with the place where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `section.key`, or the variable's name.
    pub key: String,
    pub text: String,
}

impl Problem {
    pub fn new(key: &str, text: &str) -> Self {
        Self { key: key.to_owned(), text: text.to_owned() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration has {} problem(s):", self.0.len())?;
        for problem in &self.0 {
            writeln!(f, "  {} {}", problem.key, problem.text)?;
        }
        f.write_str("`kabinet config` prints every setting with its default")
    }
}

impl std::error::Error for Problems {}

pub struct Reader {
    values: Config,
    problems: Vec<Problem>,
}

impl Reader {
    pub fn new(values: Config, problems: Vec<Problem>) -> Self {
        let mut reader = Self { values, problems };
        reader.refuse_unknown_keys();
        reader
    }

    pub fn finish<T>(self, value: T) -> Result<T, Problems> {
        if self.problems.is_empty() { Ok(value) } else { Err(Problems(self.problems)) }
    }

    pub fn problem(&mut self, key: &str, text: &str) {
        self.problems.push(Problem::new(key, text));
    }

    pub fn text(&mut self, key: &str) -> String {
        self.values.get_string(key).unwrap_or_else(|_| {
            self.problem(key, "must be a text");
            String::new()
        })
    }

    /// None when it is empty.
    pub fn optional(&mut self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    pub fn secret(&mut self, key: &str) -> Option<SecretString> {
        self.optional(key).map(SecretString::from)
    }

    /// Texts between commas.
    pub fn list(&mut self, key: &str) -> Vec<String> {
        self.text(key).split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    pub fn flag(&mut self, key: &str) -> bool {
        self.values.get_bool(key).unwrap_or_else(|_| {
            self.problem(key, "must be true or false");
            false
        })
    }

    pub fn number<N: TryFrom<i64> + Default>(&mut self, key: &str, range: RangeInclusive<i64>) -> N {
        let number = self.values.get_int(key).ok().filter(|number| range.contains(number));
        number.and_then(|number| N::try_from(number).ok()).unwrap_or_else(|| {
            self.problem(key, &format!("must be a whole number from {} to {}", range.start(), range.end()));
            N::default()
        })
    }

    /// A text that `parse` understands.
    pub fn parsed<T>(&mut self, key: &str, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key);
        let value = parse(&text);
        if value.is_none() {
            self.problem(key, &format!("must be {expected}, not \"{text}\""));
        }
        value
    }

    fn refuse_unknown_keys(&mut self) {
        let defaults = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build();
        let known = defaults.map(|defaults| keys(&defaults.cache)).unwrap_or_default();
        for key in keys(&self.values.cache).difference(&known) {
            self.problems.push(Problem::new(key, "is no setting of kabinet"));
        }
    }
}

fn keys(value: &Value) -> BTreeSet<String> {
    let ValueKind::Table(table) = &value.kind else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for (name, value) in table {
        match &value.kind {
            ValueKind::Table(_) => found.extend(keys(value).into_iter().map(|key| format!("{name}.{key}"))),
            _ => {
                found.insert(name.clone());
            }
        }
    }
    found
}
