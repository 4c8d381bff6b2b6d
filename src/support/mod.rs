//! Questions to the support service.
//!
//! Promises: a question is stored before anybody is written to; what it is about is the asker's own; its thread is seen by
//! who asked and by the support service. Refuses to know: how answers are found. Tables: `support_requests`,
//! `support_messages`. Jobs: `event`. GraphQL: `graphql/support.rs`. Tests: `tests/it/support/`.

pub mod answer;
pub mod error;
pub mod event;
pub mod facts;
pub mod request;
mod store;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::accounts::Accounts;
use crate::billing::Billing;
use crate::identity::audit::Audit;
use crate::kernel::{Clock, Entropy};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;
use crate::platform::throttle::Throttle;

/// The slices that questions are about.
#[derive(Clone, Debug)]
pub struct Subjects {
    pub accounts: Arc<Accounts>,
    pub metering: Arc<Metering>,
    pub billing: Arc<Billing>,
    pub payments: Arc<Payments>,
}

impl Subjects {
    pub fn of(
        accounts: &Arc<Accounts>,
        metering: &Arc<Metering>,
        billing: &Arc<Billing>,
        payments: &Arc<Payments>,
    ) -> Self {
        let (accounts, metering) = (Arc::clone(accounts), Arc::clone(metering));
        Self { accounts, metering, billing: Arc::clone(billing), payments: Arc::clone(payments) }
    }
}

#[derive(Debug)]
pub struct Support {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    outbox: Outbox,
    audit: Audit,
    subjects: Subjects,
    messages: Throttle,
}

impl Support {
    pub fn new(mechanisms: &Mechanisms, subjects: Subjects) -> Self {
        let Mechanisms { db, keys, clock, entropy, outbox, .. } = mechanisms.clone();
        let (most, per) = (request::MESSAGES_AN_HOUR, TimeDelta::hours(1));
        let messages = Throttle::new(keys, clock.clone(), "support-messages", most, per);
        Self { audit: Audit::new(mechanisms), db, clock, entropy, outbox, subjects, messages }
    }
}
