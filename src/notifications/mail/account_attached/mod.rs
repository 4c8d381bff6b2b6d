use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// Somebody else attached an account that the person has FULL access to.
#[derive(Clone, Debug)]
pub struct AccountAttached {
    pub provider: String,
    /// Of the personal account.
    pub number: String,
    /// Whether whoever attached it sees everything.
    pub full: bool,
    pub attached_at: DateTime<Utc>,
}

impl AccountAttached {
    pub(super) fn sample() -> Self {
        Self {
            provider: "Межрегионгаз Воронеж".to_owned(),
            number: "3600000001".to_owned(),
            full: true,
            attached_at: sample_time(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! {
            provider => self.provider.as_str(),
            number => self.number.as_str(),
            full => self.full,
            attached_at => reader.day_and_time(self.attached_at),
        }
    }
}
