//! Figures for Prometheus, in the OpenMetrics text form.
//!
//! Labels come from closed lists: whatever clients send, the number of series stays the same.

mod gauges;
mod process;
mod traffic;

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use gauges::{Backlog, Gauges, Pool, Queue, Trouble};
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::histogram::Histogram;
pub use traffic::{Held, Traffic};

pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds, as OpenTelemetry's conventions have them for requests of servers.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

pub fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

type Label = (&'static str, &'static str);

/// What the database was asked.
#[derive(Clone, Debug)]
pub struct Statements {
    pub sent: Counter,
    pub failed: Counter,
    /// From asking for a connection to the last row.
    pub seconds: Histogram,
}

impl Default for Statements {
    fn default() -> Self {
        Self { sent: Counter::default(), failed: Counter::default(), seconds: seconds() }
    }
}

/// How often a look at a cache was answered from it.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    pub hits: Counter,
    pub misses: Counter,
}

/// Everything that is counted, by name.
pub struct Metrics {
    registry: Registry,
    gauges: gauges::Registered,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    pub fn new(traffic: &Traffic, statements: &Statements, sessions: &Looks) -> Self {
        let mut registry = Registry::default();
        registry.register("build", "What is running", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register_collector(Box::new(process::Process));
        let own = registry.sub_registry_with_prefix("kabinet");
        traffic.register(own);
        own.register("database_statements", "SQL statements sent", statements.sent.clone());
        own.register("database_statements_failed", "SQL statements that failed", statements.failed.clone());
        let help = "Time of SQL statements, the wait for a connection included";
        own.register("database_statement_seconds", help, statements.seconds.clone());
        own.register("session_cache_hits", "Sessions found in this process", sessions.hits.clone());
        own.register("session_cache_misses", "Sessions asked of the store", sessions.misses.clone());
        let gauges = gauges::Registered::new(own);
        Self { registry, gauges }
    }

    /// The text of `/metrics`. Figures that could not be found out are left as they were.
    pub fn text(&self, now: &Gauges) -> String {
        self.gauges.set(now);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

fn gauges_by_label(registry: &mut Registry, name: &str, help: &str) -> Family<[Label; 1], Gauge> {
    let family = Family::default();
    registry.register(name, help, family.clone());
    family
}

#[cfg(test)]
mod tests;
