//! Operations as they are seen from outside: a span each, by the semantic conventions of OpenTelemetry, and the figures.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Data, Executor, Request, Response, ServerError, Value};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use tracing::{Instrument, Span};

use super::error::TopCode;
use crate::platform::metrics::{Held, Traffic};

const FINE: &str = "OK";
/// Characters of an operation's name that are kept: clients choose it.
const LONGEST_NAME: usize = 100;

/// Executes with `E`, and counts.
#[derive(Clone)]
pub struct Observed<E> {
    inner: E,
    traffic: Traffic,
}

impl<E> Observed<E> {
    pub fn new(inner: E, traffic: Traffic) -> Self {
        Self { inner, traffic }
    }
}

impl<E: Executor> Executor for Observed<E> {
    async fn execute(&self, mut request: Request) -> Response {
        let kind = kind_of(&mut request);
        let span = span(kind, request.operation_name.as_deref());
        let begun = Instant::now();
        let executed = pin!(self.inner.execute(request));
        let response = executed.instrument(span.clone()).await;
        let outcome = outcome(&response.errors);
        if outcome == TopCode::Internal.word() {
            span.record("otel.status_code", "ERROR");
        }
        self.traffic.executed(kind, outcome, Some(begun.elapsed()));
        response
    }

    fn execute_stream(&self, mut request: Request, session_data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let kind = kind_of(&mut request);
        let span = span(kind, request.operation_name.as_deref());
        let stream = span.in_scope(|| self.inner.execute_stream(request, session_data));
        let open = self.traffic.subscription();
        Running { stream, span, kind, outcome: FINE, traffic: self.traffic.clone(), _open: open }.boxed()
    }
}

/// A subscription that counts itself when it ends, however it ends.
struct Running {
    stream: BoxStream<'static, Response>,
    span: Span,
    kind: &'static str,
    outcome: &'static str,
    traffic: Traffic,
    _open: Held,
}

impl Stream for Running {
    type Item = Response;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Response>> {
        let span = self.span.clone();
        let _entered = span.enter();
        let polled = self.stream.poll_next_unpin(context);
        if let Poll::Ready(Some(response)) = &polled
            && self.outcome == FINE
        {
            self.outcome = outcome(&response.errors);
        }
        polled
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.traffic.executed(self.kind, self.outcome, None);
    }
}

/// The document is never recorded, and the name of the operation is no part of the span's: clients make both up.
fn span(kind: &'static str, name: Option<&str>) -> Span {
    let span = tracing::info_span!(
        "graphql",
        otel.name = kind,
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        graphql.operation.r#type = kind,
        graphql.operation.name = tracing::field::Empty,
    );
    if let Some(name) = name {
        let end = name.char_indices().nth(LONGEST_NAME).map_or(name.len(), |(end, _)| end);
        span.record("graphql.operation.name", name.get(..end).unwrap_or_default());
    }
    span
}

fn kind_of(request: &mut Request) -> &'static str {
    let name = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else { return "unknown" };
    let operation = match (&document.operations, &name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name.as_str()),
        (DocumentOperations::Multiple(operations), None) => operations.values().next(),
    };
    match operation.map(|operation| operation.node.ty) {
        Some(OperationType::Query) => "query",
        Some(OperationType::Mutation) => "mutation",
        Some(OperationType::Subscription) => "subscription",
        None => "unknown",
    }
}

/// OK, or the code of the first error.
fn outcome(errors: &[ServerError]) -> &'static str {
    let Some(error) = errors.first() else { return FINE };
    let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    let code = match code {
        Some(Value::String(word)) => TopCode::from_word(word),
        _ => None,
    };
    // Only what async-graphql itself says of a query has no code.
    code.unwrap_or(TopCode::BadInput).word()
}
