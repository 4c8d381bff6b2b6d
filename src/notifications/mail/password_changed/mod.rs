use std::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// The password is another one, and from where it was changed.
#[derive(Clone, Debug)]
pub struct PasswordChanged {
    pub changed_at: DateTime<Utc>,
    pub address: IpAddr,
}

impl PasswordChanged {
    pub(super) fn sample() -> Self {
        Self { changed_at: sample_time(), address: Ipv4Addr::new(203, 0, 113, 7).into() }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! { address => self.address.to_string(), changed_at => reader.day_and_time(self.changed_at) }
    }
}
