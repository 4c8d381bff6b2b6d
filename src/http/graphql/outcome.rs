//! What became of an execution, as clients read it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use poem::http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::door::Bill;
use crate::graphql::document::needs::Lacking;
use crate::http::request_id;

pub const BAD_INPUT: &str = "BAD_INPUT";
pub const QUERY_TOO_EXPENSIVE: &str = "QUERY_TOO_EXPENSIVE";
pub const INTERNAL: &str = "INTERNAL";
pub const FORBIDDEN: &str = "FORBIDDEN";
pub const NOT_FOUND: &str = "NOT_FOUND";
pub const RATE_LIMITED: &str = "RATE_LIMITED";
pub const PERSISTED_QUERY_NOT_FOUND: &str = "PERSISTED_QUERY_NOT_FOUND";

const MAX_ERRORS: usize = 10;
/// Characters. A parse error quotes its line: a query of 160 kB on one line made an error of 191 kB.
const MAX_MESSAGE: usize = 500;

/// A GraphQL response (September 2025, section 7.1) without `data` when nothing was executed.
#[derive(Debug, Serialize)]
pub struct Outcome {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    #[serde(skip_serializing_if = "Extensions::is_empty")]
    extensions: Extensions,
    /// What a resolver wants said beside the body: cookies.
    #[serde(skip)]
    pub headers: HeaderMap,
}

/// Members of a response that the specification leaves to its server.
#[derive(Debug, Default, Serialize)]
struct Extensions {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Bill>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Extensions {
    fn is_empty(&self) -> bool {
        self.cost.is_none() && self.others.is_empty()
    }
}

impl From<Response> for Outcome {
    /// async-graphql 7.2.1 puts `data: null` beside request errors too; they are the ones that no field has.
    fn from(response: Response) -> Self {
        let executed = response.data != Value::Null || response.errors.iter().all(|error| !error.path.is_empty());
        let data = executed.then_some(response.data);
        let headers = response.http_headers;
        let extensions = Extensions { cost: None, others: response.extensions };
        Self { errors: tidy(response.errors), data, extensions, headers }
    }
}

impl From<ServerError> for Outcome {
    fn from(error: ServerError) -> Self {
        vec![error].into()
    }
}

impl From<Vec<ServerError>> for Outcome {
    /// A request error.
    fn from(errors: Vec<ServerError>) -> Self {
        Self { errors: tidy(errors), data: None, extensions: Extensions::default(), headers: HeaderMap::new() }
    }
}

impl Outcome {
    pub fn internal(reference: &str) -> Self {
        let mut error = coded(ServerError::new("Something went wrong on our side.", None), INTERNAL);
        error.extensions.get_or_insert_default().set("reference", reference);
        error.into()
    }

    pub fn unavailable() -> Self {
        let text = "The service is briefly unavailable. Try again in a minute.";
        coded(ServerError::new(text, None), "UNAVAILABLE").into()
    }

    /// For a token that is not good for what was asked.
    pub fn lacking(lacking: Lacking) -> Self {
        let text = match lacking {
            Lacking::Session => "No token may ask this: sign in.".to_owned(),
            Lacking::OneOf(scopes) => needs_scope(&scopes.words()),
            Lacking::People => "No provider's program may ask this.".to_owned(),
            Lacking::OneOfClient(scopes) => needs_scope(&scopes.words()),
        };
        coded(ServerError::new(text, None), FORBIDDEN).into()
    }

    /// See `rate_limited`.
    pub fn rate_limited(retry_after: i64) -> Self {
        rate_limited(retry_after).into()
    }

    /// What a client paid and has left.
    #[must_use]
    pub fn with_cost(mut self, bill: Bill) -> Self {
        self.extensions.cost = Some(bill);
        self
    }

    /// Seconds after which a refused client may return.
    pub fn retry_after(&self) -> Option<i64> {
        match self.errors.first()?.extensions.as_ref()?.get("retryAfter")? {
            Value::Number(seconds) => seconds.as_i64(),
            _ => None,
        }
    }

    /// The answer's body, or `None` when it is longer than `most` bytes.
    pub fn encode(&self, most: usize) -> serde_json::Result<Option<Vec<u8>>> {
        let mut body = Bounded { bytes: Vec::with_capacity(512), most };
        match serde_json::to_writer(&mut body, self) {
            Ok(()) => Ok(Some(body.bytes)),
            Err(cause) if cause.is_io() => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Itself, or a refusal in its place when it is longer than `most` bytes.
    #[must_use]
    pub fn within(self, most: usize) -> Self {
        if matches!(self.encode(most), Ok(None)) { self.too_long(most) } else { self }
    }

    /// The refusal in its place.
    #[must_use]
    pub fn too_long(self, most: usize) -> Self {
        let text = format!("The answer is longer than {most} bytes: ask for less. What was to be changed is changed.");
        let error = coded(ServerError::new(text, None), QUERY_TOO_EXPENSIVE);
        Self { errors: vec![error], data: None, extensions: self.extensions, headers: self.headers }
    }

    /// The status of a request error by its code.
    pub fn status_of_refusal(&self) -> StatusCode {
        match self.errors.first().and_then(code) {
            Some("UNAUTHENTICATED") => StatusCode::UNAUTHORIZED,
            Some(FORBIDDEN) => StatusCode::FORBIDDEN,
            Some(RATE_LIMITED) => StatusCode::TOO_MANY_REQUESTS,
            Some("UNAVAILABLE") => StatusCode::SERVICE_UNAVAILABLE,
            Some(INTERNAL) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

fn needs_scope(words: &str) -> String {
    format!("This token may not ask this: it needs the scope {}.", words.replace(',', " or "))
}

/// Stops a serialization that grows too long.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.len() > self.most.saturating_sub(self.bytes.len()) {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The budget of this minute is spent; `retry_after` is in seconds.
pub fn rate_limited(retry_after: i64) -> ServerError {
    let text = format!("The budget of this minute is spent. Return in {retry_after} s.");
    let mut error = coded(ServerError::new(text, None), RATE_LIMITED);
    error.extensions.get_or_insert_default().set("retryAfter", retry_after);
    error
}

pub fn coded(mut error: ServerError, code: &str) -> ServerError {
    error.extensions.get_or_insert_default().set("code", code);
    error
}

pub fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref().and_then(|extensions: &ErrorExtensionValues| extensions.get("code")) {
        Some(Value::String(code)) => Some(code),
        _ => None,
    }
}

/// Our resolvers code their errors; what comes without a code is async-graphql's about the query or its arguments.
fn tidy(mut errors: Vec<ServerError>) -> Vec<ServerError> {
    errors.truncate(MAX_ERRORS);
    for error in &mut errors {
        request_id::mark(&mut error.extensions);
        if code(error).is_none() {
            let code = if is_limit(&error.message) { QUERY_TOO_EXPENSIVE } else { BAD_INPUT };
            error.extensions.get_or_insert_default().set("code", code);
        }
        if let Cow::Owned(short) = shortened(&error.message) {
            error.message = short;
        }
    }
    errors
}

/// async-graphql's own limit on recursion is known by its words only.
fn is_limit(message: &str) -> bool {
    message.starts_with("The recursion depth of the")
}

fn shortened(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => Cow::Owned(format!("{}…", message.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_few_and_short() {
        let long = ServerError::new("ы".repeat(1000), None);
        let outcome = Outcome::from(Response::from_errors(vec![long; 40]));
        assert_eq!(outcome.errors.len(), 10);
        assert_eq!(outcome.errors[0].message.chars().count(), 501);
        assert!(outcome.data.is_none());
        assert_eq!(code(&outcome.errors[0]), Some(BAD_INPUT));
    }

    #[test]
    fn null_data_stays_when_a_field_failed() {
        let mut error = ServerError::new("no", None);
        error.path.push(async_graphql::PathSegment::Field("a".to_owned()));
        let outcome = Outcome::from(Response::from_errors(vec![error]));
        assert_eq!(outcome.data, Some(Value::Null));
    }

    #[test]
    fn an_answer_that_is_too_long_is_not_sent() {
        let outcome = || Outcome::from(Response::new(Value::String("x".repeat(100))));
        let length = outcome().encode(1000).unwrap().unwrap().len();
        assert!(outcome().encode(length).unwrap().is_some());
        assert!(outcome().encode(length - 1).unwrap().is_none());
        assert!(outcome().within(length).data.is_some());
        let refused = outcome().within(length - 1);
        assert_eq!((refused.data.is_none(), code(&refused.errors[0])), (true, Some(QUERY_TOO_EXPENSIVE)));
    }
}
