//! `/graphql` over HTTP, after GraphQL over HTTP, first edition (September 2026).
//!
//! Only an executor is taken from async-graphql: its poem endpoint executes mutations over GET and under a form's
//! content type, answers 200 to everything and reads bodies without an end.

pub mod document;
pub mod door;
pub mod envelope;
pub mod negotiation;
pub mod outcome;

use std::pin::pin;
use std::sync::Arc;

use async_graphql::Executor;
use async_graphql::parser::types::OperationType;
use poem::http::{Method, StatusCode, header};
use poem::{Request, Response};

use self::document::{Prepared, prepare};
use self::envelope::{Envelope, Malformed, UrlParameters, misshapen};
use self::negotiation::{Accepted, Dialect, is_json};
use self::outcome::{BAD_INPUT, Outcome};
use super::caller::Caller;
use super::detached::{caught, logged};
use super::{Http, answer, body, cors, cross_site, sse, websocket};
use crate::graphql::document::Size;
use crate::integrators::api_client::TOKEN_PREFIX;
use crate::kernel::{Actor, Bearer};

pub async fn endpoint<E: Executor>(http: Arc<Http<E>>, mut request: Request) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => cors::preflight(request.headers(), &http.config.http),
        Method::GET if request.headers().contains_key(header::UPGRADE) => {
            return Box::pin(websocket::upgrade(http, request)).await;
        }
        Method::GET | Method::POST => serve(&http, &mut request).await.unwrap_or_else(|refusal| refusal),
        _ => answer::method_not_allowed("GET, POST"),
    };
    cors::permit(request.headers(), &http.config.http, &mut response);
    response
}

/// `Err` is an answer as well: the first thing that stood in the way.
async fn serve<E: Executor>(http: &Arc<Http<E>>, request: &mut Request) -> Result<Response, Response> {
    if cross_site::forged(request.method(), request.headers(), &http.config.http) {
        let message = "Requests with cookies are taken from this server's pages and from listed ones only.";
        return Err(answer::refusal(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let Some(accepted) = Accepted::of(request.headers()) else {
        let types = "Accept application/graphql-response+json, application/json or text/event-stream.";
        return Err(answer::refusal(StatusCode::NOT_ACCEPTABLE, BAD_INPUT, types));
    };
    let safe = request.method() == Method::GET;
    let caller = Caller::of(request, &http.config.http);
    let program = program(http, &caller).await?;
    let size = if program.is_some() { Size::Batch } else { Size::Usual };
    let envelope = if safe { from_url(request).map_err(malformed) } else { from_body(http, request, size).await }?;
    // Before the document is read: a flood of new ones waits, too.
    let place = http.gate.enter().await?;
    let most = http.config.graphql.max_answer_bytes;
    let prepared = match prepare(&http.door, envelope, caller.address, size) {
        Ok(prepared) => prepared,
        Err(refused) => {
            http.traffic.executed("unknown", "REFUSED", None);
            return Ok(match accepted.dialect_for(false) {
                Some(dialect) => respond(dialect, dialect.status_of(&refused), refused.outcome(), most),
                None => sse::refused(&refused.outcome()),
            });
        }
    };
    let kind = prepared.kind;
    let subscription = kind == OperationType::Subscription;
    let dialect = accepted.dialect_for(subscription);
    if (subscription && dialect.is_some()) || (safe && kind == OperationType::Mutation) {
        return Err(misplaced(kind, safe));
    }
    let bearer = match &caller.token {
        Some(_) if program.is_some() => program,
        Some(token) => http.doors.bearer(token).await.map_err(|fault| answer::fault(&fault))?,
        None => None,
    };
    let answered = if let Some(dialect) = dialect {
        execute(http, dialect, prepared, caller.actor(bearer)).await
    } else {
        let last_event = sse::last_event(request.headers());
        sse::begin(http, sse::Asked { caller, bearer, prepared, last_event })
    };
    drop(place);
    Ok(answered)
}

/// The provider's program that asks, known before its body is read: batches are larger than what people send.
async fn program<E>(http: &Http<E>, caller: &Caller) -> Result<Option<Bearer>, Response> {
    let Some(token) = caller.token.as_ref().filter(|token| token.starts_with(TOKEN_PREFIX)) else { return Ok(None) };
    let place = http.gate.enter().await?;
    let bearer = http.doors.bearer(token).await.map_err(|fault| answer::fault(&fault))?;
    drop(place);
    Ok(bearer.filter(|bearer| matches!(bearer, Bearer::Client(_))))
}

async fn execute<E: Executor>(http: &Http<E>, dialect: Dialect, prepared: Prepared, actor: Actor) -> Response {
    let most = http.config.graphql.max_answer_bytes;
    let bill = match http.door.charge(&prepared.price, &actor) {
        Ok(bill) => bill,
        Err(limited) => return respond(dialect, limited.status_of_refusal(), *limited, most),
    };
    let request = prepared.request.data(actor);
    // Where it stands: it is too large to be handed on.
    let executed = pin!(http.executor.execute(request));
    let outcome = match caught(executed).await {
        Ok(response) => Outcome::from(response),
        Err(panicked) => Outcome::internal(&panicked.reference),
    };
    let outcome = outcome.with_cost(bill);
    let status = match &outcome.data {
        Some(_) => dialect.status_of_data(!outcome.errors.is_empty()),
        None => outcome.status_of_refusal(),
    };
    respond(dialect, status, outcome, most)
}

fn respond(dialect: Dialect, status: StatusCode, outcome: Outcome, most: usize) -> Response {
    let builder = Response::builder().status(status).content_type(dialect.content_type(status));
    match outcome.encode(most) {
        Ok(Some(body)) => {
            let mut response = match outcome.retry_after() {
                Some(seconds) => builder.header(header::RETRY_AFTER, seconds).body(body),
                None => builder.body(body),
            };
            response.headers_mut().extend(outcome.headers);
            response
        }
        Ok(None) => respond(dialect, StatusCode::UNPROCESSABLE_ENTITY, outcome.too_long(most), usize::MAX),
        Err(cause) => answer::internal(&logged(&cause)),
    }
}

fn from_url(request: &Request) -> Result<Envelope, Malformed> {
    let parameters = request.params::<UrlParameters>();
    Envelope::from_url(parameters.map_err(|_| misshapen("The parameters of the URL are misshapen."))?)
}

async fn from_body<E>(http: &Http<E>, request: &mut Request, size: Size) -> Result<Envelope, Response> {
    if !is_json(request.headers()) {
        let message = "Send the request as application/json in UTF-8.";
        return Err(answer::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, BAD_INPUT, message));
    }
    let limits = &http.config.http;
    let most = match size {
        Size::Usual => limits.max_body_bytes,
        Size::Batch => limits.max_batch_bytes.max(limits.max_body_bytes),
    };
    let body = body::read(request, most, limits.read_timeout).await?;
    Envelope::from_body(&body).map_err(malformed)
}

fn malformed(malformed: Malformed) -> Response {
    let Malformed { status, message } = malformed;
    answer::refusal(status, BAD_INPUT, message)
}

/// A mutation by a safe method, or a subscription where nothing can follow the first answer.
fn misplaced(kind: OperationType, safe: bool) -> Response {
    let message = match kind {
        OperationType::Subscription => {
            "Subscriptions are served over WebSocket (graphql-transport-ws), or with Accept: text/event-stream."
        }
        _ => "GET serves queries only: send mutations by POST.",
    };
    let status = if safe { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = answer::refusal(status, BAD_INPUT, message);
    if safe {
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
    }
    response
}

#[cfg(test)]
mod tests;
