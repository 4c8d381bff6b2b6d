//! Takes connections: the accept loop, its limits, and the orderly end.
//!
//! poem's own server spins when file descriptors run out, lets half a header stay for ever, and neither waits for
//! WebSockets nor closes them when it stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::seats::{Seat, Seats};
use crate::config::HttpConfig;

/// An answer that nobody takes for so long ends its connection; the system counts, also while the window is closed.
const UNREAD: Duration = Duration::from_secs(30);
/// Long enough for descriptors to be given back, short enough not to be noticed.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);
/// Bytes of a request's head, and of what is read ahead of a body.
const READ_BUFFER: usize = 64 * 1024;

/// Serves until `shutdown` is cancelled, then stops accepting, lets requests finish and sockets close, and waits for
/// `tasks` no longer than `config.shutdown`.
///
/// # Errors
/// The listener's own address cannot be found out.
pub async fn serve<E>(
    listener: TcpListener,
    endpoint: Arc<E>,
    config: &HttpConfig,
    shutdown: CancellationToken,
    tasks: &TaskTracker,
) -> std::io::Result<()>
where
    E: Endpoint + 'static,
{
    let local = listener.local_addr()?;
    let seats = Seats::new(config);
    while let Some((stream, remote, seat)) = next(&listener, &seats, &shutdown).await {
        let connection =
            Connection { endpoint: Arc::clone(&endpoint), local, remote, seat, patience: config.read_timeout };
        tasks.spawn(connection.serve(stream, shutdown.clone()));
    }
    drop(listener);
    tasks.close();
    tracing::info!(tasks = tasks.len(), "no longer accepting; finishing what was accepted");
    tokio::select! {
        () = tasks.wait() => {}
        () = tokio::time::sleep(config.shutdown) => {
            tracing::warn!(tasks = tasks.len(), "not everything was finished in time");
        }
    }
    Ok(())
}

/// The next connection; none when it is time to stop. A free seat comes first, so that clients beyond the last one wait
/// in the kernel's queue; one whose network has enough of them is let go at once, before anything is read from it.
async fn next(
    listener: &TcpListener,
    seats: &Arc<Seats>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, Seat)> {
    let accept = async {
        let mut free = seats.free().await?;
        loop {
            let (stream, remote) = accepted(listener).await;
            match seats.take(free, remote.ip()) {
                Ok(seat) => return Some((stream, remote, seat)),
                Err(again) => {
                    tracing::debug!(peer = %remote.ip(), "a connection too many of its network");
                    free = again;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => None,
        accepted = accept => accepted,
    }
}

/// A connection as this server wants it.
async fn accepted(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                settle(&stream);
                return (stream, remote);
            }
            Err(cause) => {
                tracing::warn!(%cause, "a connection was not accepted");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

fn settle(stream: &TcpStream) {
    // Three small messages in a row came 41 ms apart without it.
    if let Err(cause) = stream.set_nodelay(true) {
        tracing::debug!(%cause, "no TCP_NODELAY");
    }
    // A client that stops reading must not keep its seat and its answer for ever.
    if let Err(cause) = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD)) {
        tracing::debug!(%cause, "no TCP_USER_TIMEOUT");
    }
}

struct Connection<E> {
    endpoint: Arc<E>,
    local: SocketAddr,
    remote: SocketAddr,
    seat: Seat,
    patience: Duration,
}

impl<E: Endpoint + 'static> Connection<E> {
    async fn serve(self, stream: TcpStream, shutdown: CancellationToken) {
        let patience = self.patience;
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(self.seat.clone());
            let (local, remote) = (LocalAddr(Addr::from(self.local)), RemoteAddr(Addr::from(self.remote)));
            let endpoint = Arc::clone(&self.endpoint);
            async move {
                let response = endpoint.get_response((request, local, remote, Scheme::HTTP).into()).await;
                Ok::<hyper::Response<_>, Infallible>(response.into())
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_buf_size(READ_BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let end = tokio::select! {
            end = connection.as_mut() => end,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(cause) = end {
            tracing::debug!(%cause, "a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::config;

    #[tokio::test]
    async fn whoever_reads_nothing_is_given_up_by_the_system() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let seats = Seats::new(&config().http);
        let (stream, ..) = next(&listener, &seats, &CancellationToken::new()).await.unwrap();
        assert_eq!(SockRef::from(&stream).tcp_user_timeout().unwrap(), Some(Duration::from_secs(30)));
        assert!(stream.nodelay().unwrap());
    }
}
