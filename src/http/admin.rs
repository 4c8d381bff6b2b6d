//! For whoever runs the process, on an address of its own: figures, and probes with their details.

use std::sync::Arc;

use async_graphql::Executor;
use poem::endpoint::{make, make_sync};
use poem::{Endpoint, Response, Route, get};

use super::guarded::Guarded;
use super::{Http, health};
use crate::platform::metrics;

pub fn admin_routes<E: Executor>(http: Arc<Http<E>>) -> impl Endpoint<Output = Response> + 'static {
    let (figures, ready) = (Arc::clone(&http), Arc::clone(&http));
    let route = Route::new()
        .at("/metrics", get(make(move |_| text(Arc::clone(&figures)))))
        .at("/health/live", get(make_sync(|_| health::live())))
        .at("/health/ready", get(make(move |_| health::ready(Arc::clone(&ready), health::Detail::Full))));
    Guarded::new(http, route)
}

async fn text<E>(http: Arc<Http<E>>) -> Response {
    Response::builder().content_type(metrics::CONTENT_TYPE).body(http.doors.metrics().await)
}
