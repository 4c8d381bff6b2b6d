use std::time::{Duration, Instant};

use poem::http::StatusCode;
use reqwest::Response;
use serde_json::{Value, json};

use crate::http::Ended;
use crate::http::live::Pace;
use crate::http::testing::{Server, client};

fn quick(change: impl FnOnce(&mut Pace)) -> Pace {
    let mut pace = Pace::default();
    change(&mut pace);
    pace
}

async fn ask(server: &Server, token: Option<&str>, query: &str) -> Response {
    let mut request = client().post(server.url("/graphql")).header("accept", "text/event-stream");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let request = request.header("content-type", "application/json").body(json!({ "query": query }).to_string());
    request.send().await.unwrap()
}

/// A stream's texts, one after another.
struct Texts {
    response: Response,
    read: String,
}

impl Texts {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        Self { response, read: String::new() }
    }

    /// None at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((text, rest)) = self.read.split_once("\n\n") {
                let text = text.to_owned();
                self.read = rest.to_owned();
                return Some(text);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn all(mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(text) = self.next().await {
            texts.push(text);
        }
        texts
    }
}

fn payload(text: &str) -> Value {
    let (event, data) = text.split_once("\ndata: ").unwrap();
    assert_eq!(event, "event: next");
    serde_json::from_str(data).unwrap()
}

const COMPLETE: &str = "event: complete\ndata:";

#[tokio::test]
async fn every_operation_has_its_events_and_its_end() {
    let server = Server::start().await;
    for (query, expected) in [
        ("subscription { numbers(to: 2) }", vec![json!({ "numbers": 1 }), json!({ "numbers": 2 })]),
        ("{ hello }", vec![json!({ "hello": "hello" })]),
        ("mutation { count }", vec![json!({ "count": 1 })]),
    ] {
        let response = ask(&server, None, query).await;
        for (name, value) in [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        let mut texts = Texts::of(response).all().await;
        assert_eq!(texts.pop().unwrap(), COMPLETE);
        let data: Vec<Value> = texts.iter().map(|text| payload(text)["data"].clone()).collect();
        assert_eq!(data, expected, "{query}");
    }
    let url = server.url("/graphql?query=subscription{numbers(to:1)}");
    let by_get = client().get(url).header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(Texts::of(by_get).all().await.len(), 2);
}

#[tokio::test]
async fn request_errors_are_told_in_the_stream_and_misshapen_requests_by_their_status() {
    let server = Server::start().await;
    for (query, code) in [
        ("{", "BAD_INPUT"),
        ("subscription { helo }", "BAD_INPUT"),
        ("{ panics }", "INTERNAL"),
        ("subscription { refused }", "BAD_INPUT"),
    ] {
        let texts = Texts::of(ask(&server, None, query).await).all().await;
        let answer = payload(&texts[0]);
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}");
        assert_eq!(answer.get("data"), None, "{query}");
        assert_eq!(texts[1..], [COMPLETE]);
    }
    let post = |body: &'static str| {
        let request = client().post(server.url("/graphql")).header("accept", "text/event-stream");
        request.header("content-type", "application/json").body(body).send()
    };
    assert_eq!(post("{").await.unwrap().status().as_u16(), 400);
    assert_eq!(post("{}").await.unwrap().status().as_u16(), 422);
    let mutation = client().get(server.url("/graphql?query=mutation{count}")).header("accept", "text/event-stream");
    assert_eq!(mutation.send().await.unwrap().status().as_u16(), 405);
    assert_eq!(server.executed(), 0);
}

#[tokio::test]
async fn a_quiet_stream_shows_life() {
    let server = Server::with(|_| {}, quick(|pace| pace.heartbeat = Duration::from_millis(50))).await;
    let mut texts = Texts::of(ask(&server, None, "subscription { never }").await);
    assert_eq!(texts.next().await.unwrap(), ":");
    assert_eq!(texts.next().await.unwrap(), ":");
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let server = Server::start().await;
    let mut texts = Texts::of(ask(&server, Some("live"), "subscription { never }").await);
    let mut anonymous = Texts::of(ask(&server, None, "subscription { numbers(to: 1) }").await);
    server.seen.sessions.lock().unwrap().clear();
    server.ended(&Ended::Any);
    let began = Instant::now();
    assert_eq!(payload(&texts.next().await.unwrap())["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(texts.next().await.unwrap(), COMPLETE);
    assert_eq!(texts.next().await, None);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(anonymous.next().await.is_some());
}

#[tokio::test]
async fn so_many_streams_and_no_more() {
    let server = Server::with(|config| config.http.max_live_per_session = 1, Pace::default()).await;
    let first = ask(&server, Some("live"), "subscription { never }").await;
    let second = ask(&server, Some("live"), "subscription { never }").await;
    assert_eq!((second.status().as_u16(), &second.headers()["retry-after"]), (429, &"60".parse().unwrap()));
    assert_eq!(ask(&server, None, "subscription { never }").await.status().as_u16(), 200);
    drop(first);
    server.until(|live| live.of_sessions() == 0).await;
    assert_eq!(ask(&server, Some("live"), "subscription { never }").await.status().as_u16(), 200);

    let server = Server::with(|config| config.http.max_live_per_address = 1, Pace::default()).await;
    let _first = ask(&server, None, "subscription { never }").await;
    assert_eq!(ask(&server, None, "subscription { never }").await.status().as_u16(), 429);
}

#[tokio::test]
async fn a_shutdown_ends_streams_so_that_clients_come_back() {
    let server = Server::start().await;
    let mut texts = Texts::of(ask(&server, None, "subscription { never }").await);
    server.shutdown.cancel();
    assert_eq!(texts.next().await.unwrap(), ": the server is shutting down\nretry: 1000");
    assert_eq!(texts.next().await, None);
    server.served.await.unwrap().unwrap();
    assert!(server.tasks.is_empty());
}

#[tokio::test]
async fn a_slow_reader_misses_nothing_and_a_dead_one_is_given_up() {
    let server = Server::start().await;
    let mut texts = Texts::of(ask(&server, None, "subscription { padded(to: 5000) }").await);
    for n in 1..=5000 {
        let answer = payload(&texts.next().await.unwrap());
        let text = answer["data"]["padded"].as_str().unwrap();
        assert_eq!(text.split(' ').next(), Some(n.to_string().as_str()));
    }
    assert_eq!(texts.next().await.unwrap(), COMPLETE);

    let server = Server::with(|_| {}, quick(|pace| pace.silence = Duration::from_millis(100))).await;
    let unread = ask(&server, Some("live"), "subscription { padded(to: 100000) }").await;
    server.until(|live| live.of_sessions() == 0).await;
    drop(unread);
}

#[tokio::test]
async fn who_wants_to_go_on_behind_no_event_of_ours_is_told_so() {
    let server = Server::start().await;
    let after = async |id: &[u8]| {
        let request = client().post(server.url("/graphql")).header("accept", "text/event-stream");
        let request = request.header("content-type", "application/json").header("last-event-id", id);
        request.body(json!({ "query": "subscription { numbers(to: 1) }" }).to_string()).send().await.unwrap()
    };
    for (about, id) in [("too long", vec![b'a'; 16 * 1024 + 1]), ("no ASCII", "курсор".as_bytes().to_vec())] {
        let refused = after(&id).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{about}");
        assert!(refused.headers()["content-type"].to_str().unwrap().starts_with("application/json"), "{about}");
        let answer: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_INPUT", "{about}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("Last-Event-ID"), "{about}");
    }
    for taken in [vec![], vec![b'a'; 16 * 1024]] {
        assert_eq!(Texts::of(after(&taken).await).all().await.len(), 2);
    }
}
