//! What is to be seen of a request from outside: its id, its span, its place in the figures.

use std::time::Instant;

use async_graphql::Executor;
use poem::http::Method;
use poem::{Request, Response};
use tracing::{Span, field};

use super::{Http, request_id};
use crate::platform::telemetry::{Bond, RequestId, continue_trace};

/// A request from its arrival to its answer.
pub struct Seen {
    begun: Instant,
    id: RequestId,
    kind: &'static str,
    span: Span,
}

impl Seen {
    pub fn arrive<E: Executor>(http: &Http<E>, request: &Request) -> Self {
        let begun = Instant::now();
        let id = request_id::of(request, &http.config.http, &http.entropy);
        let kind = route_kind(request.uri().path());
        let span = span_of(request, kind, &id);
        if request_id::from_proxy(request, &http.config.http) {
            continue_trace(&span, request.header("traceparent"), request.header("tracestate"));
        }
        Self { begun, id, kind, span }
    }

    /// What work for the request carries along.
    pub fn bond(&self) -> Bond {
        Bond::of(self.id.clone(), self.span.clone())
    }

    /// Does what does not wait as a part of the request.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(|| self.id.during(work))
    }

    /// Counts the answer, and gives it the request's id.
    pub fn answer<E: Executor>(self, http: &Http<E>, response: &mut Response) {
        let (status, took, kind) = (response.status(), self.begun.elapsed(), self.kind);
        self.span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
        http.traffic.answered(kind, status.as_u16(), took);
        self.during(|| tracing::debug!(status = status.as_u16(), ?took, kind, "answered"));
        request_id::write(response, &self.id);
    }
}

/// For the collector of traces; where none is configured it is not made.
fn span_of(request: &Request, kind: &'static str, id: &RequestId) -> Span {
    let method = method(request.method());
    tracing::info_span!(
        "request",
        request_id = id.as_str(),
        otel.name = format!("{method} {kind}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = kind,
        http.response.status_code = field::Empty,
    )
}

/// Where a path leads, in few words: paths hold ids, and clients make them up.
fn route_kind(path: &str) -> &'static str {
    match path.trim_start_matches('/').split('/').next().unwrap_or_default() {
        "graphql" => "graphql",
        "graphiql" | "assets" => "files",
        "health" => "health",
        "" | "confirm-email" | "dev" | "sandbox" | "payments" => "pages",
        "acquirers" => "notifications",
        "metrics" => "metrics",
        _ => "other",
    }
}

/// The methods of RFC 9110 and PATCH; clients may send any word.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_few_whatever_clients_send() {
        for (path, kind) in [
            ("/graphql", "graphql"),
            ("/assets/graphiql/init.js", "files"),
            ("/health/ready", "health"),
            ("/", "pages"),
            ("/sandbox/payments/p1", "pages"),
            ("/acquirers/x/notifications", "notifications"),
            ("/metrics", "metrics"),
            ("/wp-login.php", "other"),
            ("//../etc/passwd", "other"),
        ] {
            assert_eq!(route_kind(path), kind, "{path}");
        }
        assert_eq!(method(&Method::from_bytes(b"BREW").unwrap()), "_OTHER");
    }
}
