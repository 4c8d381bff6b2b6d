//! All data of a person in one archive, made when they ask for it.
//!
//! Promises: an archive is whole or not there; it is handed to its person alone, until a date; making it takes as much
//! memory for much data as for little. Refuses to know: how the other slices keep their rows.
//! Tables: `data_exports`, `data_export_chunks` (ADR 0023). Jobs: `event`. GraphQL: `graphql/exports.rs`.
//! Tests: `tests/it/exports/`.

pub mod archive;
mod contents;
pub mod download;
pub mod error;
pub mod event;
mod packing;
pub mod request;
mod rows;
mod store;
mod table;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::accounts::Accounts;
use crate::billing::Billing;
use crate::config::Config;
use crate::consent::Consents;
use crate::identity::Identity;
use crate::kernel::{Clock, Entropy};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;
use crate::platform::throttle::Throttle;
use crate::support::Support;

#[derive(Debug)]
pub struct Exports {
    db: Db,
    outbox: Outbox,
    clock: Clock,
    entropy: Entropy,
    config: Arc<Config>,
    slices: Slices,
    downloads: Throttle,
}

/// Whose data it is that is exported.
#[derive(Clone, Debug)]
pub struct Slices {
    pub identity: Arc<Identity>,
    pub accounts: Arc<Accounts>,
    pub consents: Arc<Consents>,
    pub metering: Arc<Metering>,
    pub billing: Arc<Billing>,
    pub payments: Arc<Payments>,
    pub support: Arc<Support>,
}

impl Exports {
    pub fn new(mechanisms: &Mechanisms, slices: Slices) -> Self {
        let Mechanisms { db, keys, outbox, clock, entropy, config, .. } = mechanisms.clone();
        let (most, per) = (download::DOWNLOADS_AN_HOUR, TimeDelta::hours(1));
        let downloads = Throttle::new(keys, clock.clone(), "export-downloads", most, per);
        Self { db, outbox, clock, entropy, config, slices, downloads }
    }
}
