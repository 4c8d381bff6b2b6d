//! Providers, their personal accounts, and who may see what of one.
//!
//! Promises: nothing of an account is reachable without an [`AccountAccess`], which only `access` builds; a stranger's
//! account reads as one that does not exist. Refuses to know: how money or readings work.
//! Jobs: `event`. Tables: `providers`, `provider_terms`, `personal_accounts`, `attachments`, `account_shares`,
//! `account_services`, `service_changes`, `tariffs`, `outbound_rows`.
//! GraphQL: `graphql/accounts.rs`. Tests: `tests/it/accounts/`.

pub mod access;
pub mod attachment;
pub mod error;
pub mod event;
pub mod model;
mod outbound;
pub mod provider;
pub mod service;
pub mod sharing;
mod store;

use chrono::TimeDelta;
use entity::ids::UserId;

use crate::identity::audit::Audit;
use crate::kernel::{Clock, Entropy};
use crate::platform::Mechanisms;
use crate::platform::brake::Brake;
use crate::platform::db::Db;
use crate::platform::keyvalue::Rule;
use crate::platform::outbox::Outbox;
use crate::platform::throttle::Throttle;
use crate::platform::wakeups::{Wake, Wakeups};

pub use access::{AccountAccess, AccountKey, Shared};
pub use model::Balance;
pub use provider::{Provider, Terms};

#[derive(Debug)]
pub struct Accounts {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    audit: Audit,
    tries_of_person: Throttle,
    tries_of_account: Throttle,
    first_tries: Throttle,
    shares_of_person: Throttle,
    /// Of a network, whoever signs in from it.
    by_source: Brake,
    outbox: Outbox,
    wakeups: Wakeups,
}

impl Accounts {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, keys, clock, entropy, outbox, wakeups, .. } = mechanisms.clone();
        // Many people stand behind one address of a mobile network: it is slowed down, never shut out.
        let source =
            Rule { free: 30, first: TimeDelta::seconds(1), most: TimeDelta::minutes(1), forget: TimeDelta::hours(1) };
        let throttle = |name, tries, per| Throttle::new(keys.clone(), clock.clone(), name, tries, per);
        Self {
            tries_of_person: throttle("attach-by-person", 20, TimeDelta::hours(1)),
            tries_of_account: throttle("prove-of-account", 5, TimeDelta::hours(1)),
            first_tries: throttle("prove-of-account-first", 1, TimeDelta::hours(1)),
            shares_of_person: throttle("shares-of-person", sharing::SHARES_AN_HOUR, TimeDelta::hours(1)),
            by_source: Brake::new(keys.clone(), clock.clone(), "attach-by-source", source),
            audit: Audit::new(mechanisms),
            outbox,
            wakeups,
            db,
            clock,
            entropy,
        }
    }

    /// What these people may see has changed: their streams look.
    fn wake(&self, people: impl IntoIterator<Item = UserId>) {
        people.into_iter().for_each(|user_id| self.wakeups.wake(Wake::Row(user_id.0)));
    }
}
