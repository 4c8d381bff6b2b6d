use std::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, TimeDelta, Utc};
use entity::access_token;
use entity::enums::Scope;
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};
use super::scope_words::scope_words;
use crate::kernel::Scopes;

/// A token for a script was made, and from where.
#[derive(Clone, Debug)]
pub struct AccessTokenCreated {
    pub name: String,
    pub scopes: Scopes,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub address: IpAddr,
}

impl AccessTokenCreated {
    pub fn of(token: &access_token::Model, address: IpAddr) -> Self {
        Self {
            name: token.name.clone(),
            scopes: Scopes::of_words(&token.scopes),
            created_at: token.created_at,
            expires_at: token.expires_at,
            address,
        }
    }

    pub(super) fn sample() -> Self {
        Self {
            name: "Home Assistant".to_owned(),
            scopes: [Scope::Balance, Scope::Readings, Scope::SubmitReadings].into_iter().collect(),
            created_at: sample_time(),
            expires_at: sample_time() + TimeDelta::days(365),
            address: Ipv4Addr::new(203, 0, 113, 7).into(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let may: Vec<_> = self.scopes.iter().map(|scope| scope_words(scope, reader.locale)).collect();
        context! {
            name => &self.name,
            may,
            created_at => reader.day_and_time(self.created_at),
            expires_at => reader.day_and_time(self.expires_at),
            address => self.address.to_string(),
        }
    }
}
