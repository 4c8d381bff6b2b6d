//! What comes in: requests, operations, sockets.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Label, seconds};

type Timed = Family<[Label; 1], Histogram, fn() -> Histogram>;

#[derive(Clone, Debug)]
pub struct Traffic {
    requests: Family<[Label; 2], Counter>,
    request_seconds: Timed,
    operations: Family<[Label; 2], Counter>,
    operation_seconds: Timed,
    sockets: Gauge,
    subscriptions: Gauge,
}

/// One more while it lives.
#[derive(Debug)]
pub struct Held(Gauge);

impl Held {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            request_seconds: Timed::new_with_constructor(seconds),
            operations: Family::default(),
            operation_seconds: Timed::new_with_constructor(seconds),
            sockets: Gauge::default(),
            subscriptions: Gauge::default(),
        }
    }
}

impl Traffic {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Answers by route and class of status", self.requests.clone());
        let help = "Time until the head of the answer, by route";
        registry.register("http_request_seconds", help, self.request_seconds.clone());
        registry.register("graphql_operations", "Operations by kind and outcome", self.operations.clone());
        let help = "Time to execute queries and mutations, by kind";
        registry.register("graphql_operation_seconds", help, self.operation_seconds.clone());
        registry.register("websockets_open", "Open WebSockets", self.sockets.clone());
        registry.register("subscriptions_open", "Running subscriptions", self.subscriptions.clone());
    }

    /// `route` is one of a closed list.
    pub fn answered(&self, route: &'static str, status: u16, took: Duration) {
        let class = match status {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&[("route", route), ("status", class)]).inc();
        self.request_seconds.get_or_create(&[("route", route)]).observe(took.as_secs_f64());
    }

    /// `kind` is query, mutation or subscription; `outcome` is `OK` or a code of the catalogue.
    pub fn executed(&self, kind: &'static str, outcome: &'static str, took: Option<Duration>) {
        self.operations.get_or_create(&[("kind", kind), ("outcome", outcome)]).inc();
        if let Some(took) = took {
            self.operation_seconds.get_or_create(&[("kind", kind)]).observe(took.as_secs_f64());
        }
    }

    pub fn socket(&self) -> Held {
        Held::new(&self.sockets)
    }

    pub fn subscription(&self) -> Held {
        Held::new(&self.subscriptions)
    }
}
