//! What is owed and why: statements as the provider sent them, and the ledger of every change of a balance.
//!
//! Promises: balance = sum of the ledger, always; versions of an account are gapless and in commit order; entries never
//! change. Refuses to know: who pays how. Tables: `statements`, `statement_lines`, `ledger_entries`.
//! GraphQL: `graphql/billing.rs`. Tests: `tests/it/billing/`.

pub mod comparison;
pub mod consumption;
pub mod cost;
pub mod estimate;
pub mod event;
pub mod ledger;
pub mod outlook;
pub mod overview;
pub mod payee_check;
pub mod payment_qr;
pub mod penalty;
pub mod posting;
pub mod preview;
pub mod statement;
mod store;

use std::sync::Arc;

use crate::config::Config;
use crate::kernel::{Clock, Entropy};
use crate::platform::Mechanisms;
use crate::platform::db::Db;

#[derive(Debug)]
pub struct Billing {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    config: Arc<Config>,
}

impl Billing {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, clock, entropy, config, .. } = mechanisms.clone();
        Self { db, clock, entropy, config }
    }
}
