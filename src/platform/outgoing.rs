//! Questions to services outside, over HTTPS: bounded in time and size, without redirects, and silent about what they carry.
//!
//! One client for the whole process, so that connections are used again. Mozilla's roots are compiled in.

mod courier;
mod public_address;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

pub use courier::{Answer, Courier, Unfit};

const AGENT: &str = concat!("kabinet/", env!("CARGO_PKG_VERSION"));
/// Shorter than services and what stands between keep an idle connection.
const IDLE: Duration = Duration::from_secs(20);
/// Whoever does not take a connection for so long is out of reach.
const CONNECT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Outgoing {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Name of the header, and its value.
pub type Header<'a> = (&'static str, &'a str);

/// Of one question.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// From the name's look-up to the answer's last byte.
    pub within: Duration,
    /// Of the answer's body.
    pub most_bytes: usize,
}

/// Whatever its status: a redirect is an answer like another, and is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why there is no answer. Its text names neither the address nor what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// No connection: nothing was sent.
    Unreachable(String),
    /// The connection ended after something was sent.
    BrokenOff(String),
    TooLate,
    TooLong,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(cause) => write!(f, "cannot be reached: {cause}"),
            Self::BrokenOff(cause) => write!(f, "broke off: {cause}"),
            Self::TooLate => f.write_str("does not answer in time"),
            Self::TooLong => f.write_str("answers more than is read"),
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").finish_non_exhaustive()
    }
}

impl Default for Outgoing {
    fn default() -> Self {
        // Without TLS only what the configuration lets through: this machine.
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1();
        let connector = connector.wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { client }
    }
}

impl Outgoing {
    /// Posts a form (`application/x-www-form-urlencoded`).
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)], bounds: Bounds) -> Result<Reply, Unanswered> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.ask(Method::POST, url, &kind, body.into_bytes(), bounds).await
    }

    pub async fn get(&self, url: &str, headers: &[Header<'_>], bounds: Bounds) -> Result<Reply, Unanswered> {
        self.ask(Method::GET, url, headers, Vec::new(), bounds).await
    }

    /// Posts JSON.
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[Header<'_>],
        body: Vec<u8>,
        bounds: Bounds,
    ) -> Result<Reply, Unanswered> {
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
        self.ask(Method::POST, url, &headers, body, bounds).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: &[Header<'_>],
        body: Vec<u8>,
        bounds: Bounds,
    ) -> Result<Reply, Unanswered> {
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, AGENT);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body));
        let request = request.map_err(|_| Unanswered::Unreachable("the address is none".to_owned()))?;
        #[expect(clippy::disallowed_methods, reason = "nothing of a database is in it")]
        let sent = tokio::time::timeout(bounds.within, self.send(request, bounds.most_bytes)).await;
        sent.unwrap_or(Err(Unanswered::TooLate))
    }

    async fn send(&self, request: Request<Full<Bytes>>, most_bytes: usize) -> Result<Reply, Unanswered> {
        let response = self.client.request(request).await.map_err(|cause| {
            let text = causes(&cause);
            if cause.is_connect() { Unanswered::Unreachable(text) } else { Unanswered::BrokenOff(text) }
        })?;
        let status = response.status().as_u16();
        match Limited::new(response.into_body(), most_bytes).collect().await {
            Ok(body) => Ok(Reply { status, body: body.to_bytes().into() }),
            Err(cause) if cause.is::<LengthLimitError>() => Err(Unanswered::TooLong),
            Err(cause) => Err(Unanswered::BrokenOff(causes(&*cause))),
        }
    }
}

/// With what is behind it: "client error (Connect): tcp connect error: Connection refused".
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const BOUNDS: Bounds = Bounds { within: Duration::from_secs(5), most_bytes: 100 };

    /// Answers every connection with these bytes, and keeps it open when there are none.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/check", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let _ = stream.read(&mut request).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
                if answer.is_empty() {
                    kept.push(stream);
                }
            }
        });
        url
    }

    async fn ask(url: &str, bounds: Bounds) -> Result<Reply, Unanswered> {
        Outgoing::default().post_form(url, &[("secret", "hunter2")], bounds).await
    }

    #[tokio::test]
    async fn answers_come_with_their_status_and_redirects_are_not_followed() {
        let url = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        assert_eq!(ask(&url, BOUNDS).await, Ok(Reply { status: 200, body: b"{}".to_vec() }));
        let url = server("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(ask(&url, BOUNDS).await, Ok(Reply { status: 302, body: Vec::new() }));
    }

    #[tokio::test]
    async fn what_was_sent_and_not_answered_is_told_from_what_was_not_sent() {
        for broken in ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12", "HTTP/1.1 2"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                stream.write_all(broken.as_bytes()).await.unwrap();
            });
            assert!(matches!(ask(&url, BOUNDS).await, Err(Unanswered::BrokenOff(_))), "{broken}");
        }
        assert!(matches!(ask("http://127.0.0.1:1/", BOUNDS).await, Err(Unanswered::Unreachable(_))));
    }

    #[tokio::test]
    async fn what_is_too_long_too_late_or_away_is_told_apart_and_tells_nothing() {
        let url = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345").await;
        assert_eq!(ask(&url, Bounds { most_bytes: 4, ..BOUNDS }).await, Err(Unanswered::TooLong));
        let url = server("").await;
        let soon = Bounds { within: Duration::from_millis(50), ..BOUNDS };
        assert_eq!(ask(&url, soon).await, Err(Unanswered::TooLate));
        let Err(away) = ask("http://127.0.0.1:1/check", BOUNDS).await else { panic!("nobody is there") };
        let text = away.to_string();
        assert!(text.contains("refused") && !text.contains("hunter2") && !text.contains("check"), "{text}");
    }
}
