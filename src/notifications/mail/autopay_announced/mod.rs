use chrono::{DateTime, Utc};
use entity::exact::Money;
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// An autopay will be made.
#[derive(Clone, Debug)]
pub struct AutopayAnnounced {
    pub provider: String,
    /// Of the personal account.
    pub number: String,
    /// Commission included.
    pub amount: Money,
    pub commission: Money,
    pub due_at: DateTime<Utc>,
    /// What is charged, masked.
    pub method: String,
}

impl AutopayAnnounced {
    pub(super) fn sample() -> Self {
        Self {
            provider: "Межрегионгаз Воронеж".to_owned(),
            number: "3600000001".to_owned(),
            amount: Money(197_250),
            commission: Money(1_565),
            due_at: sample_time(),
            method: "*4477".to_owned(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! {
            provider => self.provider.as_str(),
            number => self.number.as_str(),
            amount => reader.roubles(self.amount),
            commission => (!self.commission.is_zero()).then(|| reader.roubles(self.commission)),
            due_at => reader.day_and_time(self.due_at),
            method => self.method.as_str(),
        }
    }
}
