//! Meters and what they showed.
//! Promises: a reading is stored only when the rules of `reading_rules` take it, several at once or none.
//! A reading moves by `chain` only. Refuses to know: prices and money.
//! Tables: `meters`, `meter_replacements`, `meter_readings`, `reading_status_changes`.
//! GraphQL: `graphql/metering.rs`. Tests: `tests/it/metering/`.

pub mod chain;
pub mod decision;
pub mod error;
pub mod event;
mod examination;
pub mod meter;
pub mod outbound;
pub mod preview;
pub mod reading;
pub mod reading_rules;
pub mod receipt;
pub mod series;
mod store;
pub mod withdrawal;

use std::collections::HashSet;

use entity::ids::PersonalAccountId;

use crate::identity::audit::Audit;
use crate::kernel::{Clock, Entropy};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;
use crate::platform::secret::SigningKey;
use crate::platform::wakeups::{Wake, Wakeups};

#[derive(Debug)]
pub struct Metering {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    audit: Audit,
    outbox: Outbox,
    wakeups: Wakeups,
    /// Signs receipts.
    signing_key: SigningKey,
}

impl Metering {
    pub fn new(mechanisms: &Mechanisms, signing_key: SigningKey) -> Self {
        let Mechanisms { db, clock, entropy, outbox, wakeups, .. } = mechanisms.clone();
        Self { db, clock, entropy, audit: Audit::new(mechanisms), outbox, wakeups, signing_key }
    }

    /// Tells whoever follows these accounts that their readings changed.
    fn wake(&self, accounts: impl IntoIterator<Item = PersonalAccountId>) {
        let accounts: HashSet<_> = accounts.into_iter().collect();
        for account in accounts {
            self.wakeups.wake(Wake::Row(account.0));
        }
    }
}
