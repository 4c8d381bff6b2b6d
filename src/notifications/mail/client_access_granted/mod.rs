use std::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::enums::Scope;
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};
use super::scope_words::scope_words;
use crate::kernel::Scopes;

/// An app was let into the cabinet, and from where.
#[derive(Clone, Debug)]
pub struct ClientAccessGranted {
    pub app: String,
    pub scopes: Scopes,
    /// Numbers.
    pub accounts: Vec<String>,
    /// None: however old.
    pub data_from: Option<NaiveDate>,
    pub granted_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub address: IpAddr,
}

impl ClientAccessGranted {
    pub(super) fn sample() -> Self {
        Self {
            app: "Домашний учёт".to_owned(),
            scopes: [Scope::Balance, Scope::Readings, Scope::SubmitReadings].into_iter().collect(),
            accounts: vec!["3600000042".to_owned(), "3600000043".to_owned()],
            data_from: Some((sample_time() - TimeDelta::days(90)).date_naive()),
            granted_at: sample_time(),
            expires_at: sample_time() + TimeDelta::days(365),
            address: Ipv4Addr::new(203, 0, 113, 7).into(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let may: Vec<_> = self.scopes.iter().map(|scope| scope_words(scope, reader.locale)).collect();
        context! {
            app => &self.app,
            may,
            accounts => self.accounts.join(", "),
            data_from => self.data_from.map(|day| reader.day(day)),
            granted_at => reader.day_and_time(self.granted_at),
            expires_at => reader.day_and_time(self.expires_at),
            address => self.address.to_string(),
        }
    }
}
