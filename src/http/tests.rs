//! What holds for every address: security headers, framing, overload, other sites' pages.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::live::Pace;
use super::testing::{Server, client};

const HEADERS: [(&str, &str); 9] = [
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

fn assert_shielded(response: &Response, exceptions: &[&str], about: &str) {
    for (name, value) in HEADERS.into_iter().filter(|(name, _)| !exceptions.contains(name)) {
        let found = response.headers().get(name).map(|found| found.to_str().unwrap());
        assert_eq!(found, Some(value), "{name} of {about}");
    }
    assert!(!response.headers().contains_key("server"), "{about}");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let https = |config: &mut crate::config::Config| {
        config.http.public_url = "https://cabinet.example".to_owned();
        config.http.max_body_bytes = 1024;
    };
    let server = Server::with(https, Pace::default()).await;
    let (json, text) = ("application/json", "text/plain");
    let own = ["content-security-policy"];
    for (method, path, content_type, body, status, exceptions) in [
        ("GET", "/", "", "", 200, &[][..]),
        ("GET", "/confirm-email?token=x", "", "", 200, &[]),
        ("POST", "/confirm-email", "application/x-www-form-urlencoded", "token=good&password=x", 200, &[]),
        ("POST", "/confirm-email", "application/x-www-form-urlencoded", "token=bad&password=x", 410, &[]),
        ("GET", "/dev/mailbox", "", "", 200, &own[..]),
        ("GET", "/dev/mailbox/messages", "", "", 200, &[]),
        ("GET", "/sandbox/payments/p1", "", "", 200, &[]),
        ("GET", "/sandbox/payments/none", "", "", 404, &[]),
        ("GET", "/payments/returned", "", "", 200, &[]),
        ("POST", "/acquirers/none/notifications", json, "{}", 404, &[]),
        ("POST", "/acquirers/sandbox/notifications", json, "{}", 200, &[]),
        ("GET", "/health/live", "", "", 200, &[]),
        ("GET", "/health/ready", "", "", 200, &[]),
        ("GET", "/assets/none.js", "", "", 404, &[]),
        ("GET", "/nowhere", "", "", 404, &[]),
        ("DELETE", "/", "", "", 405, &[]),
        ("GET", "/graphql?query={hello}", "", "", 200, &[]),
        ("POST", "/graphql", json, r#"{"query":"{ hello fails }"}"#, 294, &[]),
        ("POST", "/graphql", json, r#"{"query":"{ panics }"}"#, 500, &[]),
        ("POST", "/graphql", json, "{", 400, &[]),
        ("POST", "/graphql", json, "{}", 422, &[]),
        ("POST", "/graphql", text, "{}", 415, &[]),
        ("PUT", "/graphql", json, "{}", 405, &[]),
    ] {
        let request = client().request(Method::from_bytes(method.as_bytes()).unwrap(), server.url(path));
        let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
        let response = request.body(body).send().await.unwrap();
        let about = format!("{method} {path} {body}");
        assert_eq!(response.status().as_u16(), status, "{about}");
        assert_shielded(&response, exceptions, &about);
    }
    let long = client().post(server.url("/graphql")).header("content-type", json).body("x".repeat(2000));
    let long = long.send().await.unwrap();
    assert_eq!(long.status().as_u16(), 413);
    assert_shielded(&long, &[], "a body that is too long");
    let foreign =
        client().get(server.url("/graphql")).header("upgrade", "websocket").header("origin", "https://evil.example");
    let foreign = foreign.send().await.unwrap();
    assert_eq!(foreign.status().as_u16(), 403);
    assert_shielded(&foreign, &[], "a foreign page's socket");
}

/// Far beyond anything that works: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends the bytes as they are; what the server says until it closes.
async fn raw(server: &Server, bytes: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            read = stream.read(&mut chunk) => match read {
                // An end, or a reset by a server that has not read everything.
                Ok(0) | Err(_) => return String::from_utf8_lossy(&answer).into_owned(),
                Ok(length) => answer.extend_from_slice(&chunk[..length]),
            },
            () = &mut patience => panic!("the connection stays open after {}", String::from_utf8_lossy(&answer)),
        }
    }
}

#[tokio::test]
async fn two_readings_of_a_bodys_length_never_make_two_requests() {
    let server = Server::start().await;
    let hidden = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n\
                  {\"query\":\"mutation { count }\"}";
    // Whoever takes the hidden one for a request answers, and waits for another: to the end of a test's patience.
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    for (about, framing, body, status) in [
        ("both lengths", "content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n", "400"),
        // hyper forgets the second one: the body is read by its chunks, and the connection is over.
        (
            "both lengths, the other way round",
            "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
            "0\r\n\r\n",
            "400",
        ),
        ("chunks", "transfer-encoding: chunked\r\n", "0\r\n\r\n", "400"),
        ("two lengths", "content-length: 5\r\ncontent-length: 6\r\n", "0\r\n\r\n", "400"),
        ("a list of lengths", "content-length: 5, 6\r\n", "0\r\n\r\n", "400"),
        ("a signed length", "content-length: +5\r\n", "0\r\n\r\n", "400"),
        ("an unknown coding", "transfer-encoding: xchunked\r\n", "0\r\n\r\n", "400"),
        ("chunks that are not last", "transfer-encoding: chunked, identity\r\n", "0\r\n\r\n", "400"),
        ("a blank before the colon", "transfer-encoding : chunked\r\n", "0\r\n\r\n", "400"),
        ("a folded header", "x: y\r\n transfer-encoding: chunked\r\n", "0\r\n\r\n", "400"),
        ("a broken chunk", "transfer-encoding: chunked\r\n", "zz\r\n\r\n", "400"),
    ] {
        let answer = raw(&server, &format!("{head}{framing}\r\n{body}{hidden}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{about}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{about}: {answer}");
        assert_eq!(server.executed(), 0, "{about}");
    }
    let old = raw(&server, &format!("{}transfer-encoding: chunked\r\n\r\n0\r\n\r\n", head.replace("1.1", "1.0"))).await;
    assert!(old.contains(" 400 "), "{old}");
    // The same two requests, one after the other and well framed, are two.
    let last = hidden.replacen("host: x", "host: x\r\nconnection: close", 1);
    let answer = raw(&server, &format!("{hidden}{last}")).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
}

#[tokio::test]
async fn beyond_what_can_be_served_requests_are_turned_away_at_once() {
    let few = |config: &mut crate::config::Config| {
        (config.http.max_requests, config.http.max_waiting_requests) = (2, 2);
        config.http.max_wait = Duration::from_mins(1);
    };
    let server = Server::with(few, Pace::default()).await;
    let slow = |millis: u64| {
        let url = server.url(&format!("/graphql?query={{slow(millis:{millis})}}"));
        tokio::spawn(async move { client().get(url).send().await.unwrap() })
    };
    let accepted: Vec<_> = (0..4).map(|_| slow(5000)).collect();
    server.admitted(4).await;
    let began = Instant::now();
    for _ in 0..20 {
        let response = client().get(server.url("/graphql?query={hello}")).send().await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"1".parse().unwrap()));
        assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
        let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    }
    assert_eq!(client().get(server.url("/health/live")).send().await.unwrap().status().as_u16(), 200);
    assert!(began.elapsed() < Duration::from_millis(4800), "{:?}", began.elapsed());
    for accepted in accepted {
        assert_eq!(accepted.await.unwrap().status().as_u16(), 200);
    }
    assert_eq!(client().get(server.url("/graphql?query={hello}")).send().await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn who_waited_too_long_is_turned_away_and_slow_senders_take_no_place() {
    let one = |config: &mut crate::config::Config| {
        config.http.max_requests = 1;
        config.http.max_wait = Duration::from_millis(50);
    };
    let server = Server::with(one, Pace::default()).await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    half.write_all(head.as_bytes()).await.unwrap();
    let hello = || client().get(server.url("/graphql?query={hello}")).send();
    assert_eq!(hello().await.unwrap().status().as_u16(), 200);
    let url = server.url("/graphql?query={slow(millis:1000)}");
    let slow = tokio::spawn(async move { client().get(url).send().await.unwrap().status().as_u16() });
    server.admitted(1).await;
    assert_eq!(hello().await.unwrap().status().as_u16(), 503);
    assert_eq!(slow.await.unwrap(), 200);
}

/// Four content types, two methods, four origins, five Sec-Fetch-Site, with a cookie and without.
#[tokio::test]
async fn other_sites_pages_cannot_use_a_browsers_cookies() {
    let listed = |config: &mut crate::config::Config| config.http.allowed_origins = vec!["https://app.example".into()];
    let server = Server::with(listed, Pace::default()).await;
    let own = format!("http://{}", server.address);
    let mut executed = 0;
    for cookie in [false, true] {
        for method in ["GET", "POST"] {
            for content_type in
                ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
            {
                for origin in ["", own.as_str(), "https://app.example", "https://evil.example"] {
                    for site in ["", "same-origin", "none", "same-site", "cross-site"] {
                        for preflight in
                            ["", "apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight"]
                        {
                            let get = method == "GET";
                            let path = if get { "/graphql?query={hello}" } else { "/graphql" };
                            let request = client().request(method.parse().unwrap(), server.url(path));
                            let mut request = request.header("content-type", content_type);
                            if !get {
                                request = request.body(r#"{"query":"{ hello }"}"#);
                            }
                            let given = [("origin", origin), ("sec-fetch-site", site)];
                            for (name, value) in given.into_iter().chain([(preflight, "1"), ("cookie", "a=b")]) {
                                let wanted = !name.is_empty() && !value.is_empty() && (name != "cookie" || cookie);
                                request = if wanted { request.header(name, value) } else { request };
                            }
                            let by_browser = match (origin, site) {
                                ("https://evil.example", _) => false,
                                ("https://app.example", _) | (_, "same-origin" | "none") => true,
                                (_, "same-site" | "cross-site") => false,
                                ("", _) => !get || !preflight.is_empty(),
                                _ => true,
                            };
                            let expected = match (cookie && !by_browser, get || content_type == "application/json") {
                                (true, _) => 403,
                                (false, false) => 415,
                                (false, true) => 200,
                            };
                            let status = request.send().await.unwrap().status().as_u16();
                            let about = format!("{method} {content_type} {origin} {site} {preflight} cookie: {cookie}");
                            assert_eq!(status, expected, "{about}");
                            executed += usize::from(expected == 200);
                            assert_eq!(server.executed(), executed, "{about}");
                        }
                    }
                }
            }
        }
    }
}

/// True when the server lets go of a connection on which nothing was sent.
async fn let_go(stream: &mut TcpStream) -> bool {
    !matches!(stream.read(&mut [0; 1]).await, Ok(1))
}

#[tokio::test]
async fn one_network_has_so_many_connections_and_no_more() {
    let two = |config: &mut crate::config::Config| config.http.max_connections_per_address = 2;
    let server = Server::with(two, Pace::default()).await;
    let (first, _second) = (raw_connection(&server).await, raw_connection(&server).await);
    let mut third = TcpStream::connect(server.address).await.unwrap();
    assert!(let_go(&mut third).await);
    assert!(client().get(server.url("/health/live")).send().await.is_err());
    drop(first);
    let mut tries = 0;
    while client().get(server.url("/health/live")).send().await.is_err() {
        tries += 1;
        assert!(tries < 1000, "a place that was given back stays taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let proxied = |config: &mut crate::config::Config| {
        config.http.max_connections_per_address = 1;
        config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    };
    let server = Server::with(proxied, Pace::default()).await;
    let _all = [raw_connection(&server).await, raw_connection(&server).await, raw_connection(&server).await];
}

/// A connection that the server has taken: it has answered on it.
async fn raw_connection(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream
}
