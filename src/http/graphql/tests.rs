use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use poem::http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::live::Pace;
use crate::http::testing::{Server, client};

const MODERN: &str = "application/graphql-response+json";
const LEGACY: &str = "application/json";

struct Answer {
    status: u16,
    content_type: String,
    body: Value,
    headers: reqwest::header::HeaderMap,
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let content_type = headers.get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    Answer { status, content_type, body, headers }
}

async fn post(server: &Server, accept: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = client().post(server.url("/graphql")).header("content-type", "application/json");
    answer(request.header("accept", accept).body(body)).await
}

async fn query(server: &Server, query: &str) -> Answer {
    post(server, MODERN, json!({ "query": query }).to_string()).await
}

#[tokio::test]
async fn each_outcome_has_its_status_and_type() {
    let server = Server::start().await;
    let long = format!("{{\"query\":\"{{ {} }}\"}}", "x".repeat(160_000));
    for (body, modern, legacy, code) in [
        (r#"{"query":"{ hello }"}"#, 200, 200, ""),
        (r#"{"query":"{ hello fails }"}"#, 294, 200, "BAD_INPUT"),
        ("not json", 400, 400, "BAD_INPUT"),
        (r#"[{"query":"{ hello }"}]"#, 400, 400, "BAD_INPUT"),
        (r#"{"query":"{"}"#, 400, 400, "BAD_INPUT"),
        (r#"{"qeury":"{ hello }"}"#, 422, 422, "BAD_INPUT"),
        (r#"{"query":"{ helo }"}"#, 422, 422, "BAD_INPUT"),
        (&long, 422, 422, "QUERY_TOO_EXPENSIVE"),
        (r#"{"query":"query A { hello } query B { hello }"}"#, 422, 422, "BAD_INPUT"),
        (r#"{"query":"query A { hello }","operationName":"B"}"#, 422, 422, "BAD_INPUT"),
        (r#"{"query":"query($t: String!) { echo(text: $t) }"}"#, 422, 422, "BAD_INPUT"),
        (r#"{"query":"query($t: String!) { echo(text: $t) }","variables":{"t":7}}"#, 422, 422, "BAD_INPUT"),
        (r#"{"query":"subscription { never }"}"#, 422, 422, "BAD_INPUT"),
        (r#"{"query":"{ panics }"}"#, 500, 500, "INTERNAL"),
    ] {
        let shown = &body[..body.len().min(80)];
        for (accept, expected) in [(MODERN, modern), (LEGACY, legacy)] {
            let answer = post(&server, accept, body.to_owned()).await;
            assert_eq!(answer.status, expected, "{shown} {:?}", answer.body);
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert_eq!(answer.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default(), code, "{shown}");
            assert_eq!(answer.body.get("data").is_some(), expected < 300, "{shown} {:?}", answer.body);
            let error = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(error.chars().count() <= 501, "{shown}");
            if expected < 300 {
                assert_eq!(answer.content_type, format!("{accept}; charset=utf-8"), "{shown}");
            }
        }
    }
}

#[tokio::test]
async fn errors_before_there_is_a_graphql_response_do_not_claim_its_type() {
    let server = Server::start().await;
    for (body, expected) in [("not json", LEGACY), ("{}", LEGACY), (r#"{"query":"{"}"#, MODERN)] {
        let answer = post(&server, MODERN, body).await;
        assert_eq!(answer.content_type, format!("{expected}; charset=utf-8"), "{body}");
    }
    assert_eq!(post(&server, "text/html", r#"{"query":"{ hello }"}"#).await.status, 406);
    let answer = query(&server, "{ panics }").await;
    assert!(answer.body["errors"][0]["extensions"]["reference"].is_string(), "{:?}", answer.body);
    assert!(!answer.body.to_string().contains("a bug"));
}

#[tokio::test]
async fn no_page_of_the_web_can_make_a_browser_execute_a_mutation() {
    let server = Server::start().await;
    let body = r#"{"query":"mutation { count }"}"#;
    let types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""];
    for content_type in types.into_iter().chain(["application/json; charset=latin1", "application/graphql"]) {
        for origin in ["", "https://evil.example"] {
            let mut request = client().post(server.url("/graphql")).body(body);
            for (name, value) in [("content-type", content_type), ("origin", origin)] {
                if !value.is_empty() {
                    request = request.header(name, value);
                }
            }
            assert_eq!(answer(request).await.status, 415, "{content_type} {origin}");
        }
    }
    for query in ["mutation { count }", "subscription { never }"] {
        let answer = answer(client().get(server.url(&format!("/graphql?query={query}")))).await;
        assert_eq!((answer.status, &answer.headers["allow"]), (405, &"POST".parse().unwrap()), "{query}");
    }
    for method in ["PUT", "DELETE", "HEAD"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer = answer(client().request(method, server.url("/graphql")).body(body)).await;
        assert_eq!((answer.status, &answer.headers["allow"]), (405, &"GET, POST".parse().unwrap()));
    }
    assert_eq!(server.executed(), 0);
}

#[tokio::test]
async fn queries_may_come_in_a_url() {
    let server = Server::start().await;
    let get = |parameters: &[(&str, &str)]| {
        client().get(reqwest::Url::parse_with_params(&server.url("/graphql"), parameters).unwrap())
    };
    let text = "query A($t: String!) { echo(text: $t) }";
    let good = answer(get(&[("query", text), ("variables", r#"{"t":"я"}"#), ("operationName", "A"), ("x", "y")])).await;
    assert_eq!((good.status, &good.body["data"]["echo"]), (200, &json!("я")));
    assert_eq!(answer(get(&[("query", "{ hello }"), ("variables", ""), ("operationName", "")])).await.status, 200);
    assert_eq!(answer(get(&[("query", "{ hello }"), ("variables", "{")])).await.status, 400);
    assert_eq!(answer(get(&[])).await.status, 422);
    assert_eq!(answer(get(&[("query", "{ hello }"), ("query", "{ hello }")])).await.status, 422);
}

#[tokio::test]
async fn pages_of_allowed_origins_only_may_read_answers() {
    let allow = |config: &mut crate::config::Config| config.http.allowed_origins = vec!["https://app.example".into()];
    let server = Server::with(allow, Pace::default()).await;
    for (origin, expected) in [("https://app.example", Some("https://app.example")), ("https://evil.example", None)] {
        let ask = client().request(reqwest::Method::OPTIONS, server.url("/graphql")).header("origin", origin);
        let asked = answer(ask.header("access-control-request-method", "POST")).await;
        assert_eq!(asked.status, if expected.is_some() { 204 } else { 405 });
        let request = client().get(server.url("/graphql?query={hello}")).header("origin", origin);
        for headers in [asked.headers, answer(request).await.headers] {
            let permitted = headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap());
            assert_eq!(permitted, expected);
            assert_eq!(headers["vary"], "Origin");
        }
    }
}

#[tokio::test]
async fn a_body_may_be_so_long_and_no_longer() {
    let server = Server::with(|config| config.http.max_body_bytes = 2000, Pace::default()).await;
    let body = |length: usize| format!("{{\"query\":\"{{ hello }}\",\"x\":\"{}\"}}", "x".repeat(length));
    assert_eq!(post(&server, MODERN, body(1000)).await.status, 200);
    assert_eq!(post(&server, MODERN, body(2000)).await.status, 413);
    let announced = raw(&server, "content-length: 9000000000\r\n\r\n").await;
    assert!(announced.starts_with("HTTP/1.1 413"), "{announced}");
    let chunk = format!("7d0\r\n{}\r\n", "x".repeat(2000));
    let chunked = raw(&server, &format!("transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n")).await;
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");
    let fits = "transfer-encoding: chunked\r\n\r\n13\r\n{\"query\":\"{hello}\"}\r\n0\r\n\r\n";
    let fits = raw(&server, fits).await;
    assert!(fits.starts_with("HTTP/1.1 200"), "{fits}");
}

#[tokio::test]
async fn a_client_that_does_not_finish_sending_is_not_waited_for() {
    let server = Server::with(|config| config.http.read_timeout = Duration::from_millis(200), Pace::default()).await;
    let started = Instant::now();
    let half_body = raw(&server, "content-length: 20\r\n\r\n{\"query\"").await;
    assert!(half_body.starts_with("HTTP/1.1 408"), "{half_body}");
    let mut half_head = TcpStream::connect(server.address).await.unwrap();
    half_head.write_all(b"POST /graphql HTTP/1.1\r\nhost:").await.unwrap();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    for stream in [&mut half_head, &mut silent] {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// Sends a POST's remaining headers and body as they are, and reads until the server closes.
async fn raw(server: &Server, rest: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";
    stream.write_all(format!("{head}{rest}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn fan_out_is_refused_at_once() {
    let server = Server::start().await;
    let mut bomb = String::from("{ ...f0 }");
    for level in 0..31 {
        write!(bomb, " fragment f{level} on Query {{ ...f{0} ...f{0} }}", level + 1).unwrap();
    }
    bomb += " fragment f31 on Query { hello }";
    let started = Instant::now();
    let answer = query(&server, &bomb).await;
    // Visited path by path it takes minutes.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(answer.status, 422);
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "QUERY_TOO_EXPENSIVE");
    assert_eq!(server.executed(), 0);
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = r#"{"query":"{ slow(millis: 300) }"}"#;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
    stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    server.admitted(1).await;
    drop(stream);
    server.admitted(0).await;
    assert_eq!(server.seen.slow_done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_shutdown_finishes_what_was_accepted() {
    let server = Server::start().await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let url = server.url("/graphql?query={slow(millis:300)}");
    let request = tokio::spawn(async move { client().get(url).send().await.unwrap().status() });
    server.admitted(1).await;
    let started = Instant::now();
    server.shutdown.cancel();
    server.served.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(request.await.unwrap(), StatusCode::OK);
    assert!(TcpStream::connect(server.address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn a_shutdown_waits_only_so_long() {
    let server = Server::with(|config| config.http.shutdown = Duration::from_millis(200), Pace::default()).await;
    let url = server.url("/graphql?query={slow(millis:60000)}");
    tokio::spawn(async move { client().get(url).send().await });
    server.admitted(1).await;
    let started = Instant::now();
    server.shutdown.cancel();
    server.served.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn the_actor_is_who_the_token_says() {
    let trust = |config: &mut crate::config::Config| config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let server = Server::with(trust, Pace::default()).await;
    let who = |token: &str| {
        let request =
            client().get(server.url("/graphql?query={who}")).header("authorization", format!("Bearer {token}"));
        answer(request.header("accept-language", "en").header("x-forwarded-for", "6.6.6.6, 198.51.100.7"))
    };
    assert_eq!(who("live").await.body["data"]["who"], "true EN 198.51.100.7");
    assert_eq!(who("dead").await.body["data"]["who"], "false EN 198.51.100.7");
    *server.seen.down.lock().unwrap() = true;
    assert_eq!(who("live").await.status, 503);
}

/// Apollo's automatic persisted queries, as its clients speak: the hash, then the text with it, then the hash alone.
#[tokio::test]
async fn a_text_is_sent_once_and_its_hash_from_then_on() {
    let server = Server::start().await;
    let hash = crate::platform::secret::hex(&crate::graphql::document::hash_of("{ hello }"));
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let by_hash = json!({ "extensions": extensions }).to_string();
    for (accept, status) in [(MODERN, 422), (LEGACY, 200)] {
        let unknown = post(&server, accept, by_hash.clone()).await;
        assert_eq!(unknown.status, status);
        assert_eq!(unknown.body["errors"][0]["message"], "PersistedQueryNotFound");
        assert_eq!(unknown.body["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
        assert!(unknown.body.get("data").is_none());
    }
    let other = json!({ "query": "{ who }", "extensions": extensions }).to_string();
    assert_eq!(post(&server, MODERN, other).await.status, 422);
    let learnt = post(&server, MODERN, json!({ "query": "{ hello }", "extensions": extensions }).to_string()).await;
    assert_eq!((learnt.status, &learnt.body["data"]["hello"]), (200, &json!("hello")));
    assert_eq!(post(&server, MODERN, by_hash).await.body["data"]["hello"], "hello");
    let url =
        reqwest::Url::parse_with_params(&server.url("/graphql"), [("extensions", extensions.to_string())]).unwrap();
    assert_eq!(answer(client().get(url)).await.body["data"]["hello"], "hello");
}

#[tokio::test]
async fn trusted_documents_are_asked_for_by_their_ids() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("hello.graphql"), "query Hello { hello }").unwrap();
    std::fs::write(dir.path().join("count.graphql"), "mutation Count { count }").unwrap();
    let id = |text: &str| format!("sha256:{}", crate::platform::secret::hex(&crate::graphql::document::hash_of(text)));
    let (hello, count) = (id("query Hello { hello }"), id("mutation Count { count }"));
    let trusting = |config: &mut crate::config::Config| {
        config.graphql.trusted_documents = Some(dir.path().to_owned());
        config.graphql.documents = crate::config::DocumentsAccepted::TrustedOnly;
    };
    let server = Server::with(trusting, Pace::default()).await;
    let by_id = post(&server, MODERN, json!({ "documentId": hello, "operationName": "Hello" }).to_string()).await;
    assert_eq!((by_id.status, &by_id.body["data"]["hello"]), (200, &json!("hello")));
    let get = |id: &str| {
        client().get(reqwest::Url::parse_with_params(&server.url("/graphql"), [("documentId", id)]).unwrap())
    };
    assert_eq!(answer(get(&hello)).await.body["data"]["hello"], "hello");
    assert_eq!(answer(get(&count)).await.status, 405);
    let unknown = answer(get("sha256:0")).await;
    assert_eq!((unknown.status, &unknown.body["errors"][0]["extensions"]["code"]), (422, &json!("NOT_FOUND")));
    for text in ["{ hello }", "{ __schema { types { name } } }"] {
        let refused = query(&server, text).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["extensions"]["code"]), (403, &json!("FORBIDDEN")));
    }
}

#[tokio::test]
async fn a_spent_budget_says_when_to_return() {
    let server = Server::with(|config| config.graphql.budget.address = 2, Pace::default()).await;
    let first = query(&server, "{ hello }").await;
    assert_eq!(first.body["extensions"]["cost"]["budget"]["remaining"], 1);
    assert_eq!(first.body["extensions"]["cost"]["budget"]["resetsAt"], "2027-01-15T08:01:00Z");
    let refused = query(&server, "{ hello who }").await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (429, &"60".parse().unwrap()));
    assert_eq!(refused.body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(server.executed(), 1);
}
