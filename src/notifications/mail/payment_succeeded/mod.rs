use chrono::{DateTime, Utc};
use entity::exact::Money;
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// A payment arrived.
#[derive(Clone, Debug)]
pub struct PaymentSucceeded {
    pub provider: String,
    /// Of the personal account.
    pub number: String,
    pub amount: Money,
    pub paid_at: DateTime<Utc>,
}

impl PaymentSucceeded {
    pub(super) fn sample() -> Self {
        Self {
            provider: "Межрегионгаз Воронеж".to_owned(),
            number: "3600000001".to_owned(),
            amount: Money(195_685),
            paid_at: sample_time(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! {
            provider => self.provider.as_str(),
            number => self.number.as_str(),
            amount => reader.roubles(self.amount),
            paid_at => reader.day_and_time(self.paid_at),
        }
    }
}
