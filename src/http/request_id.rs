//! Which id a request has, and where a client reads it: in the header of every answer and in every error.

use std::net::{IpAddr, SocketAddr};

use async_graphql::ErrorExtensionValues;
use poem::http::{HeaderName, HeaderValue};
use poem::{Request, Response};

use crate::config::HttpConfig;
use crate::kernel::Entropy;
use crate::platform::telemetry::RequestId;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The proxy's, so that its log and ours meet; of anybody else's request one of our own.
pub fn of(request: &Request, config: &HttpConfig, entropy: &Entropy) -> RequestId {
    let given = request.headers().get(HEADER).filter(|_| from_proxy(request, config));
    let given = given.and_then(|value| RequestId::given(value.to_str().ok()?));
    given.unwrap_or_else(|| RequestId::new(entropy))
}

/// Whether the peer is one of `trusted_proxies`.
pub fn from_proxy(request: &Request, config: &HttpConfig) -> bool {
    let peer = request.remote_addr().as_socket_addr().map(SocketAddr::ip).map(|ip: IpAddr| ip.to_canonical());
    peer.is_some_and(|peer| config.trusted_proxies.contains(&peer))
}

pub fn write(response: &mut Response, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
}

/// Puts the id of the request that is being served beside an error's code.
pub fn mark(extensions: &mut Option<ErrorExtensionValues>) {
    if let Some(id) = RequestId::current() {
        extensions.get_or_insert_default().set("requestId", id.as_str());
    }
}
