//! Lets pages of `http.allowed_origins` call `/graphql` (Fetch standard, "CORS protocol"); nobody else's.

use poem::Response;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::answer::method_not_allowed;
use super::origin::Origin;
use crate::config::HttpConfig;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, accept-language, apollo-require-preflight, authorization, content-type, graphql-require-preflight, \
     last-event-id, x-apollo-operation-name",
);
/// What a page may read besides the headers that every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after");
/// Seconds for which a browser remembers the answer.
const AGE: HeaderValue = HeaderValue::from_static("600");

/// The answer to a browser that asks beforehand.
pub fn preflight(headers: &HeaderMap, config: &HttpConfig) -> Response {
    let asks = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || Origin::of(headers, config) != Origin::Allowed {
        return method_not_allowed("GET, POST");
    }
    let mut response = Response::from(StatusCode::NO_CONTENT);
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, AGE);
    response
}

/// Lets the page read the answer. Credentials are not allowed: there are no cookies to send.
pub fn permit(headers: &HeaderMap, config: &HttpConfig, response: &mut Response) {
    if config.allowed_origins.is_empty() {
        return;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = headers.get(header::ORIGIN).filter(|_| Origin::of(headers, config) == Origin::Allowed) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
