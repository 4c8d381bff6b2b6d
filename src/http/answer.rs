//! Answers that are no GraphQL responses.

use poem::Response;
use poem::http::{StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::detached::logged;
use crate::kernel::Fault;
use crate::platform::telemetry::RequestId;

pub fn text(status: StatusCode, text: &'static str) -> Response {
    Response::builder().status(status).content_type("text/plain; charset=utf-8").body(text)
}

pub fn html(status: StatusCode, page: String) -> Response {
    Response::builder().status(status).content_type("text/html; charset=utf-8").body(page)
}

pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => Response::builder().status(status).content_type("application/json; charset=utf-8").body(body),
        Err(cause) => {
            logged(&cause);
            StatusCode::INTERNAL_SERVER_ERROR.into()
        }
    }
}

/// An error before there is a GraphQL response: shaped like one, but never under its media type
/// (GraphQL over HTTP, September 2026, "Status Codes").
pub fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    error(status, message, json!({ "code": code }))
}

pub fn method_not_allowed(allow: &'static str) -> Response {
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "BAD_INPUT", &format!("Allowed: {allow}."));
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allow));
    response
}

/// 429, for more live connections than one may have.
pub fn too_many(message: &str) -> Response {
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
    response
}

/// 503 when trying again makes sense, else 500 with a reference.
pub fn fault(fault: &Fault) -> Response {
    let reference = logged(fault);
    match fault {
        Fault::Busy { seconds, .. } => {
            let message = format!("The service is busy: nothing was begun. Try again in {seconds} s.");
            let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", &message);
            response.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
            response
        }
        Fault::Unavailable(_) | Fault::Conflict(_) => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "The service is briefly unavailable. Try again in a minute.",
        ),
        Fault::Internal(_) => internal(&reference),
    }
}

pub fn internal(reference: &str) -> Response {
    let extensions = json!({ "code": "INTERNAL", "reference": reference });
    error(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.", extensions)
}

fn error(status: StatusCode, message: &str, mut extensions: Value) -> Response {
    if let (Some(id), Some(members)) = (RequestId::current(), extensions.as_object_mut()) {
        members.insert("requestId".to_owned(), id.as_str().into());
    }
    json(status, &json!({ "errors": [{ "message": message, "extensions": extensions }] }))
}
