//! Messages to addresses that others have named: never into a network of our own.
//!
//! A name is looked up once; every address that it has is checked, and the connection goes to one of those and no other. No
//! redirect is followed, no proxy of the environment asked, and of an answer no more is read than is kept.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::{Request, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::public_address::is_public;
use super::{AGENT, Bounds, CONNECT, Header, IDLE, Unanswered, causes};

/// Longer addresses are nobody's.
const LONGEST_URL: usize = 2000;

#[derive(Clone)]
pub struct Courier {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    resolver: Resolver,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}

/// What came back. Its body is cut where the bounds end, and may be cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// As it came: seconds, or a date (RFC 9110, section 10.2.3).
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
}

/// Why nothing can be sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is none, is too long, names a user, or has a fragment.
    Malformed,
    /// It does not begin with https.
    Open,
    /// It is one of this machine or of a private network.
    Private,
}

impl Courier {
    /// With `anywhere` also without TLS and to private addresses.
    pub fn new(anywhere: bool) -> Self {
        let resolver = Resolver { anywhere };
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new().with_webpki_roots();
        let connector = if anywhere { connector.https_or_http() } else { connector.https_only() };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector.enable_http1().wrap_connector(http));
        Self { client, resolver }
    }

    /// Whether messages can go to this address, as far as it shows without looking its name up.
    pub fn check(&self, url: &str) -> Result<(), Unfit> {
        self.target(url).map(|_| ())
    }

    fn target(&self, url: &str) -> Result<Uri, Unfit> {
        let uri = Uri::from_str(url).map_err(|_| Unfit::Malformed)?;
        let authority = uri.authority().ok_or(Unfit::Malformed)?;
        let host = authority.host();
        if url.len() > LONGEST_URL || url.contains('#') || authority.as_str().contains('@') || host.is_empty() {
            return Err(Unfit::Malformed);
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if self.resolver.anywhere => {}
            Some("http") => return Err(Unfit::Open),
            _ => return Err(Unfit::Malformed),
        }
        // An address instead of a name is looked up by nobody: the resolver does not see it.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if literal.is_ok_and(|address| !self.resolver.lets_through(address)) {
            return Err(Unfit::Private);
        }
        Ok(uri)
    }

    /// Posts JSON. An answer that breaks off or is late after its head is an answer.
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[Header<'_>],
        body: Vec<u8>,
        bounds: Bounds,
    ) -> Result<Answer, Unanswered> {
        let until = Instant::now() + bounds.within;
        let uri = self.target(url).map_err(|unfit| Unanswered::Unreachable(unfit.text().to_owned()))?;
        let mut request =
            Request::post(uri).header(header::CONTENT_TYPE, "application/json").header(header::USER_AGENT, AGENT);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body));
        let request = request.map_err(|_| Unanswered::Unreachable("the request is none".to_owned()))?;
        let response = timeout_at(until, self.client.request(request)).await.map_err(|_| Unanswered::TooLate)?;
        let response = response.map_err(|cause| {
            let text = causes(&cause);
            if cause.is_connect() { Unanswered::Unreachable(text) } else { Unanswered::BrokenOff(text) }
        })?;
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let mut answer = Answer {
            status: response.status().as_u16(),
            retry_after: retry_after.map(str::to_owned),
            body: Vec::new(),
        };
        // Cut off by the clock: what has come by then stays.
        let _ = timeout_at(until, read(response.into_body(), bounds.most_bytes, &mut answer.body)).await;
        Ok(answer)
    }
}

impl Unfit {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Malformed => "the address is none",
            Self::Open => "the address does not begin with https",
            Self::Private => "the address is not public",
        }
    }
}

async fn read(mut body: impl Body<Data = Bytes> + Unpin, most: usize, kept: &mut Vec<u8>) {
    while kept.len() < most
        && let Some(Ok(frame)) = body.frame().await
    {
        let data = frame.into_data().unwrap_or_default();
        let room = data.len().min(most - kept.len());
        kept.extend_from_slice(data.get(..room).unwrap_or_default());
    }
}

/// Looks names up, and gives no address that is not public: where one of several is not, none.
#[derive(Clone, Copy, Debug)]
struct Resolver {
    anywhere: bool,
}

impl Resolver {
    fn lets_through(self, address: IpAddr) -> bool {
        self.anywhere || is_public(address)
    }

    fn checked(self, addresses: Vec<SocketAddr>) -> io::Result<IntoIter<SocketAddr>> {
        if addresses.iter().all(|address| self.lets_through(address.ip())) {
            return Ok(addresses.into_iter());
        }
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "the name leads to an address that is not public"))
    }
}

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<IntoIter<SocketAddr>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            resolver.checked(found.collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const BOUNDS: Bounds = Bounds { within: Duration::from_secs(5), most_bytes: 10 };

    /// Answers one connection with these bytes and keeps it open for a second.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
        url
    }

    #[tokio::test]
    async fn of_an_answer_the_beginning_is_kept_whatever_follows() {
        let courier = Courier::new(true);
        for head in ["content-length: 5000000", "content-length: 12", "transfer-encoding: chunked"] {
            let answer = format!("HTTP/1.1 200 OK\r\nretry-after: 7\r\n{head}\r\n\r\nc\r\n0123456789ab");
            let url = server(answer.leak()).await;
            let short = Bounds { within: Duration::from_millis(300), ..BOUNDS };
            let answer = courier.post_json(&url, &[], b"{}".to_vec(), short).await.unwrap();
            assert_eq!((answer.status, answer.retry_after.as_deref()), (200, Some("7")), "{head}");
            assert!(answer.body.len() <= 10, "{head}");
        }
        let url =
            server("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
        let answer = courier.post_json(&url.await, &[], Vec::new(), BOUNDS).await.unwrap();
        assert_eq!(answer.status, 307, "no redirect is followed");
    }

    #[tokio::test]
    async fn names_and_addresses_of_own_networks_are_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let courier = Courier::new(false);
        for host in ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "[::1]", "[::ffff:127.0.0.1]"]
        {
            let sent = courier.post_json(&format!("https://{host}:{port}/"), &[], Vec::new(), BOUNDS).await;
            // Not looked up, refused by TLS as no name, or refused because of where it leads.
            assert!(matches!(sent, Err(Unanswered::Unreachable(_))), "{host}: {sent:?}");
        }
        // Whoever had connected would wait to be taken by now.
        assert!(listener.accept().now_or_never().is_none(), "somebody has connected");
    }

    #[test]
    fn one_address_that_is_not_public_spoils_a_name() {
        let resolver = Resolver { anywhere: false };
        let of = |addresses: &[&str]| addresses.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
        assert_eq!(resolver.checked(of(&["1.1.1.1", "2a02:6b8::1"])).unwrap().count(), 2);
        assert!(resolver.checked(of(&["1.1.1.1", "10.0.0.1"])).is_err());
        assert!(resolver.checked(of(&["1.1.1.1", "fe80::1"])).is_err());
    }

    #[test]
    fn what_an_address_must_be() {
        let (public, anywhere) = (Courier::new(false), Courier::new(true));
        for (url, expected) in [
            ("https://hooks.example/in?a=1", Ok(())),
            ("https://hooks.example:8443/", Ok(())),
            ("https://1.1.1.1/", Ok(())),
            ("http://hooks.example/", Err(Unfit::Open)),
            ("ftp://hooks.example/", Err(Unfit::Malformed)),
            ("hooks.example", Err(Unfit::Malformed)),
            ("/hooks", Err(Unfit::Malformed)),
            ("https://user@hooks.example/", Err(Unfit::Malformed)),
            ("https://hooks.example/#part", Err(Unfit::Malformed)),
            ("https://10.0.0.1/", Err(Unfit::Private)),
            ("https://[fd00::1]/", Err(Unfit::Private)),
            ("https://[::ffff:10.0.0.1]:8443/", Err(Unfit::Private)),
        ] {
            assert_eq!(public.check(url), expected, "{url}");
        }
        assert_eq!(public.check(&format!("https://hooks.example/{}", "a".repeat(2000))), Err(Unfit::Malformed));
        assert_eq!(anywhere.check("http://127.0.0.1:8080/"), Ok(()));
        assert_eq!(anywhere.check("gopher://127.0.0.1/"), Err(Unfit::Malformed));
    }
}
