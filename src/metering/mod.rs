//! Meters and what they showed.
//! Promises: a reading is stored only when the rules of `reading_rules` take it, several at once or none.
//! Refuses to know: prices and money. Tables: `meters`, `meter_readings`.
//! GraphQL: `graphql/metering.rs`. Tests: `tests/it/metering/`.

pub mod error;
pub mod meter;
pub mod reading;
pub mod reading_rules;
mod store;

use crate::identity::audit::Audit;
use crate::kernel::{Clock, Entropy};
use crate::platform::Mechanisms;
use crate::platform::db::Db;

#[derive(Debug)]
pub struct Metering {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    audit: Audit,
}

impl Metering {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, clock, entropy, .. } = mechanisms.clone();
        Self { db, clock, entropy, audit: Audit::new(mechanisms) }
    }
}
