use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct HttpConfig {
    pub listen: SocketAddr,
    /// Without a slash at the end.
    pub public_url: String,
    /// None: where no customers are, see `Config::graphiql`.
    pub graphiql: Option<bool>,
    pub max_body_bytes: usize,
    /// The same, of a provider's program.
    pub max_batch_bytes: usize,
    pub read_timeout: Duration,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub max_requests: usize,
    pub max_waiting_requests: usize,
    pub max_wait: Duration,
    pub trusted_proxies: Vec<IpAddr>,
    pub allowed_origins: Vec<String>,
    pub max_subscriptions_per_socket: usize,
    pub max_live_per_session: usize,
    pub max_live_per_address: usize,
    pub shutdown: Duration,
}

impl HttpConfig {
    /// The name of the session's cookie. Browsers take `__Host-` over https only, and then from this host alone
    /// (RFC 6265bis, 4.1.3.2).
    pub fn session_cookie(&self) -> &'static str {
        if self.https() { "__Host-kabinet" } else { "kabinet" }
    }

    /// Whether clients reach this server by https.
    pub fn https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The name that customers know this server by, without a port; empty for a bare IPv6 address.
    pub fn public_host(&self) -> &str {
        let (_, rest) = self.public_url.split_once("://").unwrap_or_default();
        rest.split(['/', ':', '[']).next().unwrap_or_default()
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let listen =
            reader.parsed("http.listen", "an address with a port such as 127.0.0.1:8080", |text| text.parse().ok());
        let public_url =
            reader.parsed("http.public_url", "an http:// or https:// address without a slash at its end", |text| {
                let fits = (text.starts_with("http://") || text.starts_with("https://")) && !text.ends_with('/');
                fits.then(|| text.to_owned())
            });
        let graphiql = reader.parsed("http.graphiql", "\"auto\", \"on\" or \"off\"", |text| match text {
            "auto" => Some(None),
            "on" | "true" => Some(Some(true)),
            "off" | "false" => Some(Some(false)),
            _ => None,
        });
        Self {
            listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: public_url.unwrap_or_default(),
            graphiql: graphiql.flatten(),
            max_body_bytes: reader.number("http.max_body_bytes", 1024..=16 * 1024 * 1024),
            max_batch_bytes: reader.number("http.max_batch_bytes", 1024..=64 * 1024 * 1024),
            read_timeout: Duration::from_secs(reader.number("http.read_timeout_seconds", 1..=300)),
            max_connections: reader.number("http.max_connections", 1..=1_000_000),
            max_connections_per_address: reader.number("http.max_connections_per_address", 1..=1_000_000),
            max_requests: reader.number("http.max_requests", 1..=100_000),
            max_waiting_requests: reader.number("http.max_waiting_requests", 0..=100_000),
            max_wait: Duration::from_millis(reader.number("http.max_wait_milliseconds", 1..=60_000)),
            trusted_proxies: proxies(reader),
            allowed_origins: reader.list("http.allowed_origins"),
            max_subscriptions_per_socket: reader.number("http.max_subscriptions_per_socket", 1..=10_000),
            max_live_per_session: reader.number("http.max_live_per_session", 1..=10_000),
            max_live_per_address: reader.number("http.max_live_per_address", 1..=1_000_000),
            shutdown: Duration::from_secs(reader.number("http.shutdown_seconds", 1..=300)),
        }
    }
}

fn proxies(reader: &mut Reader) -> Vec<IpAddr> {
    let texts = reader.list("http.trusted_proxies");
    let mut proxies = Vec::with_capacity(texts.len());
    for text in texts {
        match text.parse() {
            Ok(address) => proxies.push(address),
            Err(_) => reader.problem("http.trusted_proxies", &format!("has \"{text}\", which is no address")),
        }
    }
    proxies
}
