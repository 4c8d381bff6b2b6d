//! GraphQL over WebSocket: the graphql-transport-ws protocol (enisdenjo/graphql-ws, PROTOCOL.md).
//!
//! A session of our own: async-graphql's lets any page in, waits for ever, replaces an operation whose id is used twice
//! and puts no limit on how many run.

mod protocol;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_graphql::Executor;
use poem::http::{HeaderMap, StatusCode, header};
use poem::web::websocket::{WebSocket, WebSocketConfig};
use poem::{FromRequest, IntoResponse, Request, Response};

use self::session::Session;
use super::caller::Caller;
use super::origin::Origin;
use super::seats::Seat;
use super::{Http, answer};
use crate::platform::telemetry::Bond;

pub const SUBPROTOCOL: &str = "graphql-transport-ws";
/// Bytes; the default of 128 KiB cost 150 kB a socket.
const READ_BUFFER: usize = 4096;
const MAX_MESSAGE: usize = 256 * 1024;

/// 403 to foreign pages, 429 to an address with too many live connections; otherwise the socket opens and says by its close code what it does not like.
pub async fn upgrade<E: Executor>(http: Arc<Http<E>>, request: Request) -> Response {
    if Origin::of(request.headers(), &http.config.http) == Origin::Foreign {
        return answer::refusal(StatusCode::FORBIDDEN, "FORBIDDEN", "Pages of this origin may not open a socket here.");
    }
    let caller = Caller::of(&request, &http.config.http);
    let Some(admission) = http.live.admit(caller.address, http.config.http.max_live_per_address) else {
        return answer::too_many("Too many live connections from this address.");
    };
    let socket = match WebSocket::from_request_without_body(&request).await {
        Ok(socket) => socket,
        Err(error) => return error.into_response(),
    };
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = READ_BUFFER;
    config.max_message_size = Some(MAX_MESSAGE);
    config.max_frame_size = Some(MAX_MESSAGE);
    let spoken = offers_subprotocol(request.headers());
    // Kept for the socket's life: it stays one of `max_connections`, and a shutdown waits for it.
    let kept = (request.data::<Seat>().cloned(), http.tasks.token(), http.traffic.socket(), admission);
    let bond = Bond::outliving();
    let upgraded = socket.protocols([SUBPROTOCOL]).config(config).on_upgrade(move |stream| async move {
        bond.run(Session::new(http, caller, stream).run(spoken)).await;
        drop(kept);
    });
    upgraded.into_response()
}

fn offers_subprotocol(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| offer.trim() == SUBPROTOCOL)
}
