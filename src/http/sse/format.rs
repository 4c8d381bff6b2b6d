//! The texts of an event stream (HTML standard, "Server-sent events"; graphql-sse, PROTOCOL.md, distinct connections).

use crate::http::graphql::outcome::Outcome;

/// A comment: keeps proxies from closing a quiet stream.
pub const HEARTBEAT: &str = ":\n\n";
/// With data, since an EventSource tells of no event without.
pub const COMPLETE: &str = "event: complete\ndata:\n\n";
/// Milliseconds after which an EventSource comes back; elsewhere, when this instance no longer listens.
pub const FAREWELL: &str = ": the server is shutting down\nretry: 1000\n\n";

/// JSON has no line breaks of its own, so one line of data holds it.
pub fn next(outcome: &Outcome, cursor: Option<&str>) -> String {
    // Values and strings have no way to fail.
    let data = serde_json::to_string(outcome).unwrap_or_default();
    match cursor {
        Some(cursor) => format!("id: {cursor}\nevent: next\ndata: {data}\n\n"),
        None => format!("event: next\ndata: {data}\n\n"),
    }
}
