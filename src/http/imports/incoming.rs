//! Bytes of a file as they come: a piece is kept as soon as it is full, and what is left when the sender breaks off.

use std::pin::pin;
use std::sync::Arc;

use entity::ids::UploadId;
use futures_util::StreamExt;
use poem::http::{HeaderMap, HeaderValue, StatusCode};
use poem::{Request, Response};

use super::{Asked, COMPLETE, OFFSET, Served, id_in, served, words};
use crate::http::{Http, body};
use crate::integrators::uploads::UploadRefusal;
use crate::kernel::Failure;

/// Bytes of a piece.
const PIECE: usize = 1024 * 1024;

/// `HEAD /imports/ID/files/NAME`: where the file ends so far.
pub async fn offset<E>(http: Arc<Http<E>>, request: Request) -> Response {
    served(found(&http, &request).await)
}

async fn found<E>(http: &Http<E>, request: &Request) -> Served {
    let asked = Asked::of(http, request).await?;
    let _place = http.gate.enter().await?;
    let upload = asked.find(request).await?;
    let name = request.raw_path_param("name").unwrap_or_default();
    let file = upload.files.iter().find(|file| file.name == name).ok_or_else(|| asked.not_found())?;
    Ok(standing(StatusCode::NO_CONTENT.into(), file.received, file.complete))
}

/// `PATCH /imports/ID/files/NAME`: adds bytes at `Upload-Offset`, which is where the file ends; with `Upload-Complete: ?1` there
/// are no more.
pub async fn append<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    served(appended(&http, &mut request).await)
}

async fn appended<E>(http: &Http<E>, request: &mut Request) -> Served {
    let asked = Asked::of(http, request).await?;
    let id = id_in(request).ok_or_else(|| asked.not_found())?;
    let name = request.raw_path_param("name").unwrap_or_default().to_owned();
    let begins = number(request.headers(), OFFSET).ok_or_else(|| words::no_offset(asked.caller.locale))?;
    let last = request.headers().get(COMPLETE).is_some_and(|value| value == "?1");
    let file = File { http, asked, id, name };
    let mut incoming = pin!(request.take_body().into_bytes_stream());
    let (mut offset, mut piece) = (begins, Vec::new());
    let broken = loop {
        #[expect(clippy::disallowed_methods, reason = "bounds how long a sender is silent; no database work inside")]
        let next = tokio::time::timeout(http.config.http.read_timeout, incoming.next()).await;
        match next {
            Ok(Some(Ok(bytes))) => piece.extend_from_slice(&bytes),
            Ok(None) => break None,
            Ok(Some(Err(_))) => break Some(words::broken_off(file.asked.caller.locale)),
            Err(_) => break Some(words::too_slow(file.asked.caller.locale)),
        }
        if piece.len() >= PIECE {
            offset = file.store(offset, std::mem::take(&mut piece), false).await?;
        }
    };
    if let Some(response) = broken {
        let received = if piece.is_empty() { offset } else { file.store(offset, piece, false).await? };
        return Err(body::last(offset_of(response, received)));
    }
    let received = file.store(offset, piece, last).await?;
    Ok(standing(StatusCode::NO_CONTENT.into(), received, last))
}

/// A file that is added to.
struct File<'a, E> {
    http: &'a Http<E>,
    asked: Asked<'a>,
    id: UploadId,
    name: String,
}

impl<E> File<'_, E> {
    /// Where the file ends then. A refusal leaves what is left of the body unread.
    async fn store(&self, offset: i64, bytes: Vec<u8>, last: bool) -> Result<i64, Response> {
        let Self { http, asked, id, name } = self;
        // Not while the sender is waited for: whoever sends slowly takes nobody's place.
        let _place = http.gate.enter().await?;
        let file = (*id, name.as_str());
        let stored = asked.uploads.append(asked.client.provider_id, file, offset, (bytes, last)).await;
        stored.map_err(|failure| match failure {
            Failure::Refused(UploadRefusal::Offset { received } | UploadRefusal::Complete { received }) => {
                body::last(offset_of(asked.failed(failure), received))
            }
            Failure::Refused(_) | Failure::Fault(_) => body::last(asked.failed(failure)),
        })
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    let value: i64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
    (value >= 0).then_some(value)
}

fn offset_of(mut response: Response, received: i64) -> Response {
    response.headers_mut().insert(OFFSET, HeaderValue::from(received));
    response
}

fn standing(response: Response, received: i64, complete: bool) -> Response {
    let mut response = offset_of(response, received);
    let word = if complete { "?1" } else { "?0" };
    response.headers_mut().insert(COMPLETE, HeaderValue::from_static(word));
    response
}
