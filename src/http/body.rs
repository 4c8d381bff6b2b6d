//! Reads a body that may be too long or may never end.

use std::time::Duration;

use poem::error::ReadBodyError;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};

use super::answer::refusal;

/// The whole body, or what to answer instead: 413 above `limit` bytes, with a length given or chunked; 408 when it takes
/// longer than `patience`; 400 when the connection breaks off.
pub async fn read(request: &mut Request, limit: usize, patience: Duration) -> Result<Vec<u8>, Response> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(too_long(limit));
    }
    let reading = request.take_body().into_bytes_limit(limit);
    #[expect(clippy::disallowed_methods, reason = "bounds how long a client may take to send; no database work inside")]
    let read = tokio::time::timeout(patience, reading).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(too_long(limit)),
        Ok(Err(_)) => Err(refusal(StatusCode::BAD_REQUEST, "BAD_INPUT", "The body could not be read.")),
        Err(_) => Err(last(refusal(StatusCode::REQUEST_TIMEOUT, "BAD_INPUT", "The body took too long to arrive."))),
    }
}

fn too_long(limit: usize) -> Response {
    let message = format!("The body is longer than {limit} bytes.");
    last(refusal(StatusCode::PAYLOAD_TOO_LARGE, "BAD_INPUT", &message))
}

/// What is left of the body stays unread, so the connection cannot serve another request.
pub(super) fn last(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
