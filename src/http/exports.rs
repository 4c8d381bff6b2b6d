//! The archive of a person's data, for that person alone.

use std::sync::Arc;

use futures_util::{Stream, stream};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Body, Request, Response};

use super::caller::Caller;
use super::{Doors, ExportAnswer, Http, answer};
use crate::kernel::{Bearer, Fault};

/// Which archives there are is told to nobody: a stranger's, an expired one and none are one answer, and so is every
/// archive for who is not signed in.
pub async fn download<E>(http: Arc<Http<E>>, request: Request) -> Response {
    let caller = Caller::of(&request, &http.config.http);
    let id = request.raw_path_param("id").unwrap_or_default().to_owned();
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    match open(&http, &caller, &id).await {
        Ok(Some(ExportAnswer::Ready { size, asked_on })) => Response::builder()
            .header(header::CONTENT_TYPE, "application/zip")
            .header(header::CONTENT_LENGTH, size)
            .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"kabinet-{asked_on}.zip\""))
            .header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
            .body(Body::from_bytes_stream(pieces(Arc::clone(&http.doors), id))),
        Ok(Some(ExportAnswer::TooOften)) => answer::too_many("Fetched too often. Try again later."),
        Ok(Some(ExportAnswer::Nothing)) => answer::text(StatusCode::NOT_FOUND, "There is no such page.\n"),
        Ok(None) => {
            let words = "Войдите в кабинет и откройте ссылку снова.\nSign in and open the link again.\n";
            let mut response = answer::text(StatusCode::UNAUTHORIZED, words);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            response
        }
        Err(fault) => answer::fault(&fault),
    }
}

/// None for who is not signed in.
async fn open<E>(http: &Http<E>, caller: &Caller, id: &str) -> Result<Option<ExportAnswer>, Fault> {
    let Some(token) = &caller.token else { return Ok(None) };
    let Some(person) = http.doors.session(token).await? else { return Ok(None) };
    http.doors.open_export(&caller.actor(Some(Bearer::Person(person))), id).await.map(Some)
}

/// One at a time, as fast as the client takes them. An archive that is deleted meanwhile breaks off, short of its length.
fn pieces(doors: Arc<dyn Doors>, id: String) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static {
    stream::try_unfold((doors, id, 0_i32), |(doors, id, position)| async move {
        let piece = doors.export_piece(&id, position).await.map_err(std::io::Error::other)?;
        Ok(piece.map(|piece| (piece, (doors, id, position.saturating_add(1)))))
    })
}
