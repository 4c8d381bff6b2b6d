use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::http::Ended;
use crate::http::live::Pace;
use crate::http::testing::Server;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn dial(server: &Server, headers: &[(&'static str, &str)]) -> Result<Socket, tungstenite::Error> {
    let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

async fn open(server: &Server) -> Socket {
    dial(server, &[PROTOCOL]).await.unwrap()
}

async fn ready(server: &Server) -> Socket {
    let mut socket = open(server).await;
    tell(&mut socket, json!({ "type": "connection_init" })).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
    socket
}

async fn tell(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

async fn subscribe(socket: &mut Socket, id: &str, query: &str) {
    tell(socket, json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
}

/// The next message of the protocol.
/// Without `extensions`, which say what an operation cost.
async fn hear(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                let mut message: Value = serde_json::from_str(&text).unwrap();
                if let Some(payload) = message.get_mut("payload").and_then(Value::as_object_mut) {
                    payload.remove("extensions");
                }
                return message;
            }
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The code that the socket is closed with, whatever comes before.
async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(Some(frame)) => return frame.code.into(),
            Message::Close(None) => panic!("no code"),
            _ => {}
        }
    }
}

fn quick(change: impl FnOnce(&mut Pace)) -> Pace {
    let mut pace = Pace::default();
    change(&mut pace);
    pace
}

#[tokio::test]
async fn foreign_pages_get_no_socket() {
    let server = Server::start().await;
    let Err(tungstenite::Error::Http(response)) = dial(&server, &[PROTOCOL, ("origin", "https://evil.example")]).await
    else {
        panic!("a foreign page was let in")
    };
    assert_eq!(response.status().as_u16(), 403);
    let own = format!("http://{}", server.address);
    assert!(dial(&server, &[PROTOCOL, ("origin", &own)]).await.is_ok());
}

#[tokio::test]
async fn only_one_subprotocol_is_spoken() {
    let server = Server::start().await;
    assert_eq!(close_code(&mut dial(&server, &[]).await.unwrap()).await, 4406);
    assert!(dial(&server, &[("sec-websocket-protocol", "graphql-ws")]).await.is_err());
    let both = ("sec-websocket-protocol", "graphql-ws, graphql-transport-ws");
    let mut socket = dial(&server, &[both]).await.unwrap();
    tell(&mut socket, json!({ "type": "connection_init", "payload": null })).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
}

#[tokio::test]
async fn who_does_not_introduce_himself_is_not_waited_for() {
    // Whoever introduces himself has all the time that a loaded machine needs; whoever does not gets none.
    let server = Server::with(|_| {}, quick(|pace| pace.init = Duration::ZERO)).await;
    assert_eq!(close_code(&mut open(&server).await).await, 4408);
    let server = Server::with(|_| {}, quick(|pace| pace.init = Duration::from_secs(2))).await;
    let (mut silent, mut socket) = (open(&server).await, ready(&server).await);
    // The one who was silent for as long has been closed: the time of the other is over as well, and nothing comes of it.
    assert_eq!(close_code(&mut silent).await, 4408);
    subscribe(&mut socket, "1", "{ hello }").await;
    assert_eq!(hear(&mut socket).await["type"], "next");
}

#[tokio::test]
async fn breaches_of_the_protocol_close_with_their_codes() {
    let server = Server::start().await;
    let start = json!({ "type": "start", "id": "1", "payload": { "query": "{ hello }" } });
    for (message, expected) in [
        (json!({ "type": "connection_init" }), 4429),
        (start, 4400),
        (json!([]), 4400),
        (json!({ "type": "x".repeat(500) }), 4400),
        (json!({ "type": "subscribe", "id": "1", "payload": {} }), 4400),
    ] {
        let mut socket = ready(&server).await;
        tell(&mut socket, message.clone()).await;
        assert_eq!(close_code(&mut socket).await, expected, "{message}");
    }
    let mut early = open(&server).await;
    subscribe(&mut early, "1", "{ hello }").await;
    assert_eq!(close_code(&mut early).await, 4401);

    let mut socket = ready(&server).await;
    socket.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(close_code(&mut socket).await, 4400);

    let mut socket = ready(&server).await;
    socket.send(Message::text("x".repeat(300 * 1024))).await.unwrap();
    assert_eq!(close_code(&mut socket).await, 4400);

    let mut socket = ready(&server).await;
    subscribe(&mut socket, "1", "subscription { never }").await;
    subscribe(&mut socket, "1", "subscription { never }").await;
    assert_eq!(close_code(&mut socket).await, 4409);
    assert_eq!(server.executed(), 0);
}

#[tokio::test]
async fn so_many_operations_and_no_more() {
    let server = Server::with(|config| config.http.max_subscriptions_per_socket = 3, Pace::default()).await;
    let mut socket = ready(&server).await;
    for id in ["1", "2", "3"] {
        subscribe(&mut socket, id, "subscription { never }").await;
    }
    tell(&mut socket, json!({ "type": "complete", "id": "2" })).await;
    subscribe(&mut socket, "4", "subscription { never }").await;
    tell(&mut socket, json!({ "type": "ping" })).await;
    assert_eq!(hear(&mut socket).await["type"], "pong");
    subscribe(&mut socket, "5", "subscription { never }").await;
    assert_eq!(close_code(&mut socket).await, 4429);

    let mut socket = ready(&server).await;
    for id in 0..100 {
        let message =
            json!({ "type": "subscribe", "id": id.to_string(), "payload": { "query": "subscription { never }" } });
        let ended = json!({ "type": "complete", "id": id.to_string() });
        if socket.send(Message::text(message.to_string())).await.is_err() {
            break;
        }
        let _ = socket.send(Message::text(ended.to_string())).await;
    }
    assert_eq!(close_code(&mut socket).await, 4429);
}

#[tokio::test]
async fn queries_mutations_and_subscriptions_run_to_their_end() {
    let server = Server::start().await;
    let mut socket = ready(&server).await;
    for (query, results) in [
        ("{ hello }", vec![json!({ "data": { "hello": "hello" } })]),
        ("mutation { count }", vec![json!({ "data": { "count": 1 } })]),
        (
            "subscription { numbers(to: 2) }",
            vec![json!({ "data": { "numbers": 1 } }), json!({ "data": { "numbers": 2 } })],
        ),
    ] {
        subscribe(&mut socket, "a", query).await;
        for result in results {
            assert_eq!(hear(&mut socket).await, json!({ "type": "next", "id": "a", "payload": result }));
        }
        assert_eq!(hear(&mut socket).await, json!({ "type": "complete", "id": "a" }));
    }
}

#[tokio::test]
async fn request_errors_come_as_error_and_nothing_follows() {
    let server = Server::start().await;
    let mut socket = ready(&server).await;
    let bomb = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
    for (query, code) in [
        ("{", "BAD_INPUT"),
        ("{ helo }", "BAD_INPUT"),
        ("subscription { helo }", "BAD_INPUT"),
        ("query($t: String!) { echo(text: $t) }", "BAD_INPUT"),
        (bomb, "QUERY_TOO_EXPENSIVE"),
        ("{ panics }", "INTERNAL"),
        ("subscription { breaks }", "INTERNAL"),
        ("subscription { refused }", "BAD_INPUT"),
    ] {
        subscribe(&mut socket, "a", query).await;
        let message = hear(&mut socket).await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("a")), "{query} {message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], code, "{query} {message}");
    }
    subscribe(&mut socket, "a", "{ hello fails }").await;
    let message = hear(&mut socket).await;
    assert_eq!((&message["type"], &message["payload"]["data"]["hello"]), (&json!("next"), &json!("hello")));
}

#[tokio::test]
async fn an_ended_operation_is_never_heard_of_again() {
    let server = Server::start().await;
    let mut socket = ready(&server).await;
    subscribe(&mut socket, "a", "{ slow(millis: 100) }").await;
    tell(&mut socket, json!({ "type": "complete", "id": "a" })).await;
    subscribe(&mut socket, "a", "{ slow(millis: 300) hello }").await;
    let message = hear(&mut socket).await;
    assert_eq!(message["payload"]["data"]["hello"], "hello", "{message}");
    assert_eq!(hear(&mut socket).await["type"], "complete");
    // The first one was not cut off either.
    assert_eq!(server.seen.slow_done.load(std::sync::atomic::Ordering::SeqCst), 2);

    subscribe(&mut socket, "b", "subscription { never }").await;
    tell(&mut socket, json!({ "type": "complete", "id": "b" })).await;
    tell(&mut socket, json!({ "type": "ping", "payload": { "n": 1 } })).await;
    assert_eq!(hear(&mut socket).await, json!({ "type": "pong", "payload": { "n": 1 } }));
}

#[tokio::test]
async fn a_slow_reader_misses_nothing() {
    let server = Server::start().await;
    let mut socket = ready(&server).await;
    subscribe(&mut socket, "a", "subscription { padded(to: 20000) }").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 1..=20_000 {
        let mut message = hear(&mut socket).await;
        // A loaded machine takes longer than the server waits between pings.
        while message["type"] == "ping" {
            tell(&mut socket, json!({ "type": "pong" })).await;
            message = hear(&mut socket).await;
        }
        let text = message["payload"]["data"]["padded"].as_str().unwrap();
        assert_eq!(text.split(' ').next(), Some(n.to_string().as_str()));
    }
    assert_eq!(hear(&mut socket).await["type"], "complete");
}

#[tokio::test]
async fn both_sides_ping() {
    let server = Server::with(|_| {}, quick(|pace| pace.ping = Duration::from_millis(50))).await;
    let mut socket = ready(&server).await;
    assert_eq!(hear(&mut socket).await, json!({ "type": "ping" }));
    tell(&mut socket, json!({ "type": "pong" })).await;
    assert_eq!(hear(&mut socket).await, json!({ "type": "ping" }));
}

#[tokio::test]
async fn a_peer_that_shows_no_life_is_given_up() {
    let hurry = |pace: &mut Pace| (pace.ping, pace.silence) = (Duration::from_millis(50), Duration::from_millis(80));
    let server = Server::with(|_| {}, quick(hurry)).await;
    let mut socket = ready(&server).await;
    // Not reading, this client answers no pings.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(close_code(&mut socket).await, 1001);
}

#[tokio::test]
async fn a_session_is_known_by_its_token() {
    let server = Server::start().await;
    for (payload, accepted) in [
        (json!({ "authorization": "Bearer live" }), true),
        (json!({ "Authorization": "bearer live" }), true),
        (json!({ "authorization": "Bearer dead" }), false),
        (json!({ "authorization": "live" }), false),
        (json!({ "authorization": 1 }), false),
    ] {
        let mut socket = open(&server).await;
        tell(&mut socket, json!({ "type": "connection_init", "payload": payload })).await;
        if accepted {
            assert_eq!(hear(&mut socket).await["type"], "connection_ack");
            subscribe(&mut socket, "a", "{ who }").await;
            assert_eq!(hear(&mut socket).await["payload"]["data"]["who"], "true RU 127.0.0.1");
        } else {
            assert_eq!(close_code(&mut socket).await, 4403);
        }
    }
    let mut socket = dial(&server, &[PROTOCOL, ("authorization", "Bearer live")]).await.unwrap();
    tell(&mut socket, json!({ "type": "connection_init" })).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
    server.seen.sessions.lock().unwrap().clear();
    subscribe(&mut socket, "a", "mutation { count }").await;
    assert_eq!(close_code(&mut socket).await, 4403);
    assert_eq!(server.executed(), 0);
}

#[tokio::test]
async fn a_session_that_ends_takes_its_sockets_along() {
    let server = Server::with(|_| {}, quick(|pace| pace.recheck = Duration::from_millis(50))).await;
    let mut socket = open(&server).await;
    tell(&mut socket, json!({ "type": "connection_init", "payload": { "authorization": "Bearer live" } })).await;
    assert_eq!(hear(&mut socket).await["type"], "connection_ack");
    subscribe(&mut socket, "a", "subscription { numbers(to: 1) }").await;
    assert_eq!(hear(&mut socket).await["type"], "next");
    assert_eq!(hear(&mut socket).await["type"], "complete");
    *server.seen.down.lock().unwrap() = true;
    tokio::time::sleep(Duration::from_millis(200)).await;
    *server.seen.down.lock().unwrap() = false;
    tell(&mut socket, json!({ "type": "ping" })).await;
    assert_eq!(hear(&mut socket).await["type"], "pong");
    server.seen.sessions.lock().unwrap().clear();
    assert_eq!(close_code(&mut socket).await, 4403);
}

async fn introduced(server: &Server) -> Socket {
    let mut socket = open(server).await;
    tell(&mut socket, json!({ "type": "connection_init", "payload": { "authorization": "Bearer live" } })).await;
    socket
}

#[tokio::test]
async fn word_of_a_sign_out_closes_sockets_at_once_whatever_they_are_doing() {
    let server = Server::start().await;
    let (mut idle, mut stuck, mut other) = (introduced(&server).await, introduced(&server).await, ready(&server).await);
    for socket in [&mut idle, &mut stuck] {
        assert_eq!(hear(socket).await["type"], "connection_ack");
    }
    // Its messages fill every buffer, so that the session waits for its reader.
    subscribe(&mut stuck, "a", "subscription { padded(to: 100000) }").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let looks = server.seen.looks.load(std::sync::atomic::Ordering::SeqCst);
    server.ended(&Ended::Holder(uuid::Uuid::from_u128(7)));
    server.ended(&Ended::Session("another".to_owned()));
    server.ended(&Ended::Session("live".to_owned()));
    // A word in vain: the session lives.
    tell(&mut idle, json!({ "type": "ping" })).await;
    assert_eq!(hear(&mut idle).await["type"], "pong");
    server.seen.sessions.lock().unwrap().clear();
    server.ended(&Ended::Holder(uuid::Uuid::nil()));
    let began = Instant::now();
    assert_eq!(close_code(&mut idle).await, 4403);
    server.until(|live| live.of_sessions() == 0).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let looked = server.seen.looks.load(std::sync::atomic::Ordering::SeqCst) - looks;
    assert!((2..=4).contains(&looked), "{looked} looks: strangers' sessions concern nobody");
    tell(&mut other, json!({ "type": "ping" })).await;
    assert_eq!(hear(&mut other).await["type"], "pong");
}

#[tokio::test]
async fn so_many_sockets_and_no_more() {
    let server = Server::with(|config| config.http.max_live_per_session = 1, Pace::default()).await;
    let mut first = introduced(&server).await;
    assert_eq!(hear(&mut first).await["type"], "connection_ack");
    assert_eq!(close_code(&mut introduced(&server).await).await, 4429);
    drop(first);
    server.until(|live| live.of_sessions() == 0).await;
    assert_eq!(hear(&mut introduced(&server).await).await["type"], "connection_ack");

    let server = Server::with(|config| config.http.max_live_per_address = 1, Pace::default()).await;
    let _first = ready(&server).await;
    let Err(tungstenite::Error::Http(response)) = dial(&server, &[PROTOCOL]).await else { panic!("let in") };
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"60".parse().unwrap()));
}

#[tokio::test]
async fn a_shutdown_closes_sockets_and_waits_for_them() {
    let server = Server::start().await;
    let mut socket = ready(&server).await;
    subscribe(&mut socket, "a", "subscription { never }").await;
    subscribe(&mut socket, "b", "{ slow(millis: 300) }").await;
    tell(&mut socket, json!({ "type": "ping" })).await;
    assert_eq!(hear(&mut socket).await["type"], "pong");
    let started = Instant::now();
    server.shutdown.cancel();
    assert_eq!(close_code(&mut socket).await, 1001);
    drop(socket);
    server.served.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(server.seen.slow_done.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(server.tasks.is_empty());
}

#[tokio::test]
async fn sockets_count_among_the_connections() {
    let server = Server::with(|config| config.http.max_connections = 1, Pace::default()).await;
    let mut socket = ready(&server).await;
    let url = server.url("/health/live");
    let waiting = tokio::spawn(async move { crate::http::testing::client().get(url).send().await.unwrap().status() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    socket.close(None).await.unwrap();
    assert_eq!(waiting.await.unwrap().as_u16(), 200);
}

#[tokio::test]
async fn a_socket_is_a_door_like_the_others() {
    let server = Server::with(|config| config.graphql.budget.address = 3, Pace::default()).await;
    let mut socket = ready(&server).await;
    let hash = crate::platform::secret::hex(&crate::graphql::document::hash_of("{ hello }"));
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    for (payload, kind, code) in [
        (json!({ "extensions": persisted }), "error", "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "query": "{ hello }", "extensions": persisted }), "next", ""),
        (json!({ "extensions": persisted }), "next", ""),
        (json!({ "documentId": "sha256:0" }), "error", "NOT_FOUND"),
        (json!({ "query": "{ hello who }" }), "error", "RATE_LIMITED"),
    ] {
        tell(&mut socket, json!({ "type": "subscribe", "id": "a", "payload": payload })).await;
        let message = hear(&mut socket).await;
        assert_eq!(message["type"], kind, "{payload} {message}");
        assert_eq!(message["payload"][0]["extensions"]["code"].as_str().unwrap_or_default(), code, "{message}");
        if kind == "next" {
            assert_eq!(hear(&mut socket).await["type"], "complete");
        }
    }
}
