//! Papers of the person who asks, and registers of a provider's own program: `/downloads/…`. What is somebody else's is not
//! there.

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};

use super::caller::Caller;
use super::{Http, answer};

/// `/downloads/statements/ID.pdf`, `/downloads/payments/ID.pdf`, `/downloads/accounts/ID/usage.csv` (`bills`, `charges`),
/// `/downloads/registers/NUMBER`.
pub async fn download<E>(http: Arc<Http<E>>, request: Request) -> Response {
    served(&http, &request).await.unwrap_or_else(|response| response)
}

async fn served<E>(http: &Http<E>, request: &Request) -> Result<Response, Response> {
    let caller = Caller::of(request, &http.config.http);
    let path = request.raw_path_param("path").unwrap_or_default();
    let Some(token) = &caller.token else { return Err(not_found()) };
    let place = http.gate.enter().await?;
    let bearer = http.doors.bearer(token).await.map_err(|fault| answer::fault(&fault))?;
    let Some(bearer) = bearer else { return Err(not_found()) };
    let paper = http.doors.paper(&bearer, path, caller.locale).await.map_err(|fault| answer::fault(&fault))?;
    drop(place);
    let paper = paper.ok_or_else(not_found)?;
    let mut response = Response::builder().content_type(paper.content_type).body(paper.bytes);
    let disposition = format!("attachment; filename=\"{}\"", paper.name);
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// The same for everything that is not there for whoever asks, signed in or not.
fn not_found() -> Response {
    answer::text(StatusCode::NOT_FOUND, "There is no such document.\n")
}
