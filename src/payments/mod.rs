//! Payments: from "pay" to the entry in the ledger.
//!
//! Promises: an intent is committed before the acquirer is called, the outcome after; money enters the ledger and the
//! journal once, in the transaction of the payment's success; news of an acquirer is believed only after asking it; final
//! states never change, and what contradicts one is an incident. Refuses to know: cards.
//! Tables: `payments`, `saved_methods`, `autopays`, `autopay_runs`, `payment_terms`, `payment_registers`, `reconciliations`, `reconciliation_differences`, `refunds`, `journal_transactions`, `journal_postings`, `incidents`, `acquirer_notifications`,
//! `sandbox_payments`. Jobs: `event`.
//! GraphQL: `graphql/payments.rs`. Tests: `tests/it/payments/`.

pub mod acquirer;
pub mod autopay;
pub mod cancellation;
pub mod checkout;
pub mod error;
pub mod event;
pub mod incident;
pub mod journal;
pub mod notification;
mod order;
pub mod outbound;
pub mod payment;
pub mod promises;
pub mod reconciliation;
pub mod refund;
pub mod register;
pub mod retention;
pub mod settlement;
pub mod state;
mod store;
pub mod terms;
pub mod together;

use std::sync::Arc;

use crate::accounts::Accounts;
use crate::billing::Billing;
use crate::config::Config;
use crate::identity::audit::Audit;
use crate::kernel::{Clock, Entropy, Fault};
use crate::metering::Metering;
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;
use crate::platform::throttle::Throttle;
use crate::platform::wakeups::Wakeups;

use acquirer::Acquirer;

#[derive(Debug)]
pub struct Payments {
    db: Db,
    outbox: Outbox,
    wakeups: Wakeups,
    clock: Clock,
    entropy: Entropy,
    audit: Audit,
    config: Arc<Config>,
    accounts: Arc<Accounts>,
    metering: Arc<Metering>,
    billing: Arc<Billing>,
    acquirers: Vec<Arc<dyn Acquirer>>,
    receipts_again: Throttle,
}

impl Payments {
    pub fn new(
        mechanisms: &Mechanisms,
        accounts: Arc<Accounts>,
        metering: Arc<Metering>,
        billing: Arc<Billing>,
        acquirers: Vec<Arc<dyn Acquirer>>,
    ) -> Self {
        let Mechanisms { db, outbox, wakeups, clock, entropy, config, .. } = mechanisms.clone();
        let audit = Audit::new(mechanisms);
        let day = chrono::TimeDelta::days(1);
        let receipts_again = Throttle::new(mechanisms.keys.clone(), clock.clone(), "receipt-again", 5, day);
        Self {
            db,
            outbox,
            wakeups,
            clock,
            entropy,
            audit,
            config,
            accounts,
            metering,
            billing,
            acquirers,
            receipts_again,
        }
    }

    fn acquirer(&self, name: &str) -> Result<&dyn Acquirer, Fault> {
        let acquirer = self.acquirers.iter().find(|acquirer| acquirer.name() == name);
        acquirer.map(AsRef::as_ref).ok_or_else(|| Fault::internal(format!("no acquirer is called {name}")))
    }
}
