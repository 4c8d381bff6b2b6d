//! The sandbox bank's API over HTTP: the surface of YooKassa's, under /sandbox/v3.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Body, Request, Response};

use super::{Http, SandboxCall, SandboxReply, answer, body};

/// Where the API begins.
pub const BASE: &str = "/sandbox/v3";
const MAX_ORDER: usize = 256 * 1024;

pub async fn call<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    let method = if request.method() == Method::POST { "POST" } else { "GET" };
    let Some((shop, key)) = credentials(request.headers()) else { return unknown() };
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let path = path.strip_prefix(BASE).unwrap_or_default().to_owned();
    let idempotence_key = request.headers().get("idempotence-key").and_then(|key| key.to_str().ok());
    let idempotence_key = idempotence_key.map(str::to_owned);
    let body = match body::read(&mut request, MAX_ORDER, http.config.http.read_timeout).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    match http.doors.sandbox_call(SandboxCall { shop, key, method, path, idempotence_key, body }).await {
        Ok(Some(reply)) => shown(reply),
        Ok(None) => unknown(),
        Err(fault) => answer::fault(&fault),
    }
}

/// A reset is an answer that breaks off.
fn shown(reply: SandboxReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = Response::builder().status(status).content_type(reply.kind);
    if reply.reset {
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let stream = tokio_stream::once(Err::<Vec<u8>, _>(broken));
        return response.body(Body::from_bytes_stream(stream));
    }
    response.body(reply.body)
}

/// The shop's id and key (HTTP Basic, RFC 7617).
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let pair = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let pair = pair.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
    let (shop, key) = pair.split_once(':')?;
    Some((shop.to_owned(), key.to_owned()))
}

/// In the words of YooKassa's API.
fn unknown() -> Response {
    let error = serde_json::json!({ "type": "error", "id": "sandbox", "code": "invalid_credentials" });
    let mut response = answer::json(StatusCode::UNAUTHORIZED, &error);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"sandbox\""));
    response
}
