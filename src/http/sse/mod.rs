//! GraphQL over server-sent events: graphql-sse's mode of distinct connections (enisdenjo/graphql-sse, PROTOCOL.md).
//!
//! One operation a connection, by POST or GET of `/graphql`. An event's `id:` is its cursor, and `Last-Event-ID` goes on
//! behind it, so that a browser's EventSource loses nothing over a break. A GraphQL request error is the only event of its
//! stream: an EventSource cannot read the body of another status.

mod format;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_graphql::Executor;
use poem::http::{HeaderMap, StatusCode};
use poem::{Body, Response};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use self::stream::Stream;
use super::caller::Caller;
use super::graphql::document::Prepared;
use super::graphql::outcome::Outcome;
use super::live::Vigil;
use super::{Http, answer};
use crate::graphql::resume::Resume;
use crate::kernel::Bearer;
use crate::platform::telemetry::Bond;

/// Texts between the operation and a slow reader; the reader's connection buffers some more.
const WAITING_TEXTS: usize = 4;
/// Bytes. Cursors of people with very many accounts are long.
const MAX_LAST_EVENT_ID: usize = 16 * 1024;

/// What `Last-Event-ID` says: an event to go on behind, none, or nothing that this server ever sent as an `id:`.
pub type LastEvent = Result<Option<String>, Strange>;

/// Longer than any cursor, or not of printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strange;

/// An operation that may be executed, and for whom.
pub struct Asked {
    pub caller: Caller,
    pub bearer: Option<Bearer>,
    pub prepared: Prepared,
    pub last_event: LastEvent,
}

/// Begins the operation. 400 when the client wants to go on behind an event that cannot be one: beginning anew instead
/// would lose events without a word. 429 when the caller has too many live connections.
pub fn begin<E: Executor>(http: &Arc<Http<E>>, asked: Asked) -> Response {
    let Asked { caller, bearer, prepared, last_event } = asked;
    let Ok(last_event) = last_event else {
        let message = "Last-Event-ID is none of this server's: leave it out to begin anew.";
        return answer::refusal(StatusCode::BAD_REQUEST, "BAD_INPUT", message);
    };
    let limits = &http.config.http;
    let Some(admission) = http.live.admit(caller.address, limits.max_live_per_address) else {
        return answer::too_many("Too many live connections from this address.");
    };
    let mut vigil = None;
    if let (Some(bearer), Some(token)) = (&bearer, &caller.token) {
        let Some(watched) = http.live.watch(bearer, limits.max_live_per_session) else {
            return answer::too_many("Too many live connections of this session.");
        };
        vigil = Some(Vigil::new(Arc::clone(http), token.clone(), bearer, watched));
    }
    let (texts, told) = mpsc::channel(WAITING_TEXTS);
    let stream = Stream::new(Arc::clone(http), vigil, texts);
    let actor = caller.actor(bearer);
    let operation = stream.operation(caller, actor, prepared, Resume::after(last_event));
    http.tasks.spawn(Bond::outliving().run(operation.run()));
    http.tasks.spawn(Bond::outliving().run(async move {
        stream.run().await;
        drop(admission);
    }));
    respond(Body::from_bytes_stream(ReceiverStream::new(told).map(Ok::<String, std::io::Error>)))
}

/// A stream of one request error.
pub fn refused(outcome: &Outcome) -> Response {
    respond(Body::from_string(format::next(outcome, None) + format::COMPLETE))
}

fn respond(body: Body) -> Response {
    Response::builder()
        .status(StatusCode::OK)
        .content_type("text/event-stream; charset=utf-8")
        // nginx would collect events until its buffer is full.
        .header("x-accel-buffering", "no")
        .header("cache-control", "no-store")
        .body(body)
}

/// Empty is as good as absent.
pub fn last_event(headers: &HeaderMap) -> LastEvent {
    let Some(id) = headers.get("last-event-id") else { return Ok(None) };
    match id.to_str() {
        Ok("") => Ok(None),
        Ok(id) if id.len() <= MAX_LAST_EVENT_ID => Ok(Some(id.to_owned())),
        _ => Err(Strange),
    }
}
