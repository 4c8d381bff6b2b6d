use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// Somebody shares a personal account with the person.
#[derive(Clone, Debug)]
pub struct AccountShared {
    /// Address of who shares.
    pub sharer: String,
    pub provider: String,
    /// Of the personal account.
    pub number: String,
    pub may_pay: bool,
    /// None: until it is taken back.
    pub ends_at: Option<DateTime<Utc>>,
}

impl AccountShared {
    pub(super) fn sample() -> Self {
        Self {
            sharer: "anna@example.com".to_owned(),
            provider: "Межрегионгаз Воронеж".to_owned(),
            number: "3600000001".to_owned(),
            may_pay: true,
            ends_at: Some(sample_time()),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! {
            sharer => self.sharer.as_str(),
            provider => self.provider.as_str(),
            number => self.number.as_str(),
            may_pay => self.may_pay,
            ends_at => self.ends_at.map(|ends_at| reader.day_and_time(ends_at)),
        }
    }
}
