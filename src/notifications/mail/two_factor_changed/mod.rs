use std::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};
use crate::identity::event::TwoFactorAct;

/// What was done to the second factor, and from where.
#[derive(Clone, Debug)]
pub struct TwoFactorChanged {
    pub act: TwoFactorAct,
    pub changed_at: DateTime<Utc>,
    pub address: IpAddr,
}

impl TwoFactorChanged {
    pub(super) fn sample() -> Self {
        let address = Ipv4Addr::new(203, 0, 113, 7).into();
        Self { act: TwoFactorAct::Enabled, changed_at: sample_time(), address }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let act = match self.act {
            TwoFactorAct::Enabled => "enabled",
            TwoFactorAct::Disabled => "disabled",
            TwoFactorAct::RecoveryCodesReplaced => "codes",
        };
        context! { act, address => self.address.to_string(), changed_at => reader.day_and_time(self.changed_at) }
    }
}
