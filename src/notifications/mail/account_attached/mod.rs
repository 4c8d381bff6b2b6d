use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// How they came to it.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Number,
    Proof,
    Share,
}

impl Way {
    /// As the templates compare it.
    const fn word(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Proof => "proof",
            Self::Share => "share",
        }
    }
}

/// Somebody else attached an account that the person has FULL access to.
#[derive(Clone, Debug)]
pub struct AccountAttached {
    pub provider: String,
    /// Of the personal account.
    pub number: String,
    pub way: Way,
    pub attached_at: DateTime<Utc>,
}

impl AccountAttached {
    pub(super) fn sample() -> Self {
        Self {
            provider: "Межрегионгаз Воронеж".to_owned(),
            number: "3600000001".to_owned(),
            way: Way::Proof,
            attached_at: sample_time(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! {
            provider => self.provider.as_str(),
            number => self.number.as_str(),
            way => self.way.word(),
            attached_at => reader.day_and_time(self.attached_at),
        }
    }
}
