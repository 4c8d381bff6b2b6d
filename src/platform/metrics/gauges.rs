//! Figures that are looked at when somebody asks for them.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Label, gauge, gauges_by_label};

/// Connections of one pool.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// `all`, or `writer` and `readers`.
    pub name: &'static str,
    pub idle: usize,
    pub open: usize,
    pub most: usize,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    pub waiting: usize,
    pub working: usize,
}

/// The outbox.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backlog {
    pub due: u64,
    pub dead: u64,
    /// Seconds since the oldest due job was due.
    pub lag: i64,
}

/// Payments that people must look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    pub incidents: u64,
    pub stuck: u64,
}

/// How things stand now.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    pub pools: Vec<Pool>,
    pub hashing: Queue,
    pub sessions_cached: usize,
    /// None: the database did not say.
    pub outbox: Option<Backlog>,
    /// None: the database did not say.
    pub payments: Option<Trouble>,
}

#[derive(Debug)]
pub(super) struct Registered {
    in_use: Family<[Label; 1], Gauge>,
    idle: Family<[Label; 1], Gauge>,
    most: Family<[Label; 1], Gauge>,
    hashing_waiting: Gauge,
    hashing_working: Gauge,
    sessions: Gauge,
    outbox_known: Gauge,
    due: Gauge,
    dead: Gauge,
    lag: Gauge,
    incidents: Gauge,
    stuck: Gauge,
}

impl Registered {
    pub fn new(registry: &mut Registry) -> Self {
        Self {
            in_use: gauges_by_label(registry, "database_pool_in_use", "Connections at work"),
            idle: gauges_by_label(registry, "database_pool_idle", "Connections that wait for work"),
            most: gauges_by_label(registry, "database_pool_max", "Connections that there may be"),
            hashing_waiting: gauge(registry, "password_hashing_waiting", "Passwords that wait to be hashed"),
            hashing_working: gauge(registry, "password_hashing_working", "Passwords being hashed"),
            sessions: gauge(registry, "session_cache_entries", "Sessions kept in this process"),
            outbox_known: gauge(registry, "outbox_readable", "1, or 0 when the outbox could not be read"),
            due: gauge(registry, "outbox_due", "Jobs that are due and in nobody's hands"),
            dead: gauge(registry, "outbox_dead", "Jobs put aside after their last attempt"),
            lag: gauge(registry, "outbox_lag_seconds", "Age of the oldest due job"),
            incidents: gauge(
                registry,
                "payment_incidents_open",
                "Contradictions with acquirers that nobody has closed",
            ),
            stuck: gauge(registry, "payments_stuck", "Payments open for over a day"),
        }
    }

    pub fn set(&self, now: &Gauges) {
        for pool in &now.pools {
            let label = [("pool", pool.name)];
            self.in_use.get_or_create(&label).set(number(pool.open.saturating_sub(pool.idle)));
            self.idle.get_or_create(&label).set(number(pool.idle));
            self.most.get_or_create(&label).set(number(pool.most));
        }
        self.hashing_waiting.set(number(now.hashing.waiting));
        self.hashing_working.set(number(now.hashing.working));
        self.sessions.set(number(now.sessions_cached));
        self.outbox_known.set(i64::from(now.outbox.is_some()));
        if let Some(Backlog { due, dead, lag }) = now.outbox {
            self.due.set(number(due));
            self.dead.set(number(dead));
            self.lag.set(lag);
        }
        if let Some(Trouble { incidents, stuck }) = now.payments {
            self.incidents.set(number(incidents));
            self.stuck.set(number(stuck));
        }
    }
}

fn number(of: impl TryInto<i64>) -> i64 {
    of.try_into().unwrap_or(i64::MAX)
}
