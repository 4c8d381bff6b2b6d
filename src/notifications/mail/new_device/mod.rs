use std::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// A sign-in from a place that is new, with the link that says "it was not me".
#[derive(Clone, Debug)]
pub struct NewDevice {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    pub signed_in_at: DateTime<Utc>,
    pub address: IpAddr,
    /// What the client called itself; empty when it did not.
    pub device: String,
}

impl NewDevice {
    pub(super) fn sample() -> Self {
        Self {
            token: "0123456789abcdef".to_owned(),
            expires_at: sample_time() + chrono::TimeDelta::days(7),
            signed_in_at: sample_time(),
            address: Ipv4Addr::new(203, 0, 113, 7).into(),
            device: "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0".to_owned(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! {
            link => reader.link("not-me", &self.token),
            expires => reader.day_and_time(self.expires_at),
            signed_in_at => reader.day_and_time(self.signed_in_at),
            address => self.address.to_string(),
            device => self.device.as_str(),
        }
    }
}
