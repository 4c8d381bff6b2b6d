//! What holds for every answer of every address, whoever made it.

use std::sync::Arc;

use async_graphql::Executor;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Endpoint, Request, Response};

use super::detached::bound;
use super::observe::Seen;
use super::shield::shield;
use super::{Http, answer};

/// Lets each request be served to its end, and gives each answer its request id and its security headers.
pub struct Guarded<E, R> {
    route: Arc<R>,
    http: Arc<Http<E>>,
}

impl<E, R> Guarded<E, R> {
    pub fn new(http: Arc<Http<E>>, route: R) -> Self {
        Self { route: Arc::new(route), http }
    }
}

impl<E: Executor, R: Endpoint + 'static> Endpoint for Guarded<E, R> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let two_lengths = chunked && request.headers().contains_key(header::CONTENT_LENGTH);
        let seen = Seen::arrive(&self.http, &request);
        let mut response = if two_lengths {
            seen.during(|| answer::refusal(StatusCode::BAD_REQUEST, "BAD_INPUT", "The body has two lengths."))
        } else {
            let route = Arc::clone(&self.route);
            let work = async move { route.get_response(request).await };
            let served = bound(&self.http.tasks, seen.bond(), work).await;
            served.unwrap_or_else(|panicked| seen.during(|| answer::internal(&panicked.reference)))
        };
        if chunked {
            // A proxy that went by a Content-Length which hyper has dropped may take the body's end for another
            // request (RFC 9112, section 6.1): nothing more is read from here.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        shield(&mut response, &self.http.config.http);
        seen.answer(&self.http, &mut response);
        Ok(response)
    }
}
