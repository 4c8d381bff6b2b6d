//! The orderly end, and starts that follow or meet each other.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::in_both_ways;
use crate::harness::{Backend, PASSWORD, Server, Way, agreements, eventually};

const EMAIL: &str = "slow@example.com";

in_both_ways!(a_request_that_was_accepted_before_sigterm_is_finished_and_kept, slow_request);
in_both_ways!(sigterm_closes_sockets_with_1001, sockets);
in_both_ways!(a_shutdown_does_not_wait_for_ever, bounded);
in_both_ways!(two_starts_at_once_on_an_empty_database_both_serve, two_starts);

async fn slow_request(way: Way) {
    let mut server = Server::start(way).await;
    let captcha = server.customer().solve_captcha().await;
    let input = json!({ "email": EMAIL, "password": PASSWORD, "captcha": captcha, "acceptedAgreements": agreements(), "locale": "EN" });
    let query = "mutation($input: RegisterInput!) { register(input: $input) { email userErrors { code } } }";
    let body = json!({ "query": query, "variables": { "input": input } }).to_string();
    let (first, second) = body.split_at(body.len() / 2);
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let mut client = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body when it has begun to serve the request.
    let mut asked = [0; 25];
    client.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 Continue"));
    client.write_all(first.as_bytes()).await.unwrap();

    server.signal("TERM");
    eventually("nobody else is let in", async || TcpStream::connect(&address).await.is_err().then_some(())).await;
    client.write_all(second.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(EMAIL) && answer.contains("\"userErrors\":[]"), "{answer}");
    assert!(server.ended().await.success());

    server.start_again().await;
    server.confirmation_token(EMAIL).await;
    server.customer().sign_in(EMAIL).await;
    server.clean_up().await;
}

/// A request that never arrives whole, and in the full way a mail server that never speaks.
async fn bounded(way: Way) {
    let mut server = Server::on(Box::pin(Backend::prepare(way)).await, way).await;
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut set = |name: &str, value: &str| server.environment.push((name.to_owned(), value.to_owned()));
    set("KABINET__HTTP__SHUTDOWN_SECONDS", "1");
    // Beyond a test's patience.
    set("KABINET__HTTP__READ_TIMEOUT_SECONDS", "300");
    if way == Way::Full {
        set("KABINET__MAIL__SMTP_URL", &format!("smtp://{}", mute.local_addr().unwrap()));
    }
    server.start_again().await;
    let mut connected = None;
    if way == Way::Full {
        server.customer().register(EMAIL).await;
        connected = Some(mute.accept().await.unwrap());
    }
    let address = server.url.strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\
                expect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    client.read_exact(&mut [0; 25]).await.unwrap();
    server.signal("TERM");
    assert!(server.ended().await.success());
    let log = std::fs::read_to_string(server.log()).unwrap();
    assert!(log.contains("not everything was finished in time"), "{log}");
    assert_eq!(log.contains("a job was not finished in time"), way == Way::Full, "{log}");
    drop(connected);
    server.clean_up().await;
}

async fn sockets(way: Way) {
    let mut server = Server::start(way).await;
    let mut person = server.customer();
    person.register(EMAIL).await;
    let token = server.confirmation_token(EMAIL).await;
    person.confirm(&token).await;
    person.sign_in(EMAIL).await;
    let mut idle = server.customer().socket().await;
    let mut listening = person.socket().await;
    listening.subscribe("1", "subscription { balanceUpdated { cursor } }", json!({})).await;
    server.signal("TERM");
    assert_eq!(idle.next().await, json!({ "close": 1001 }));
    loop {
        let message = listening.next().await;
        if message["type"] != "complete" {
            assert_eq!(message, json!({ "close": 1001 }));
            break;
        }
    }
    assert!(server.ended().await.success());
    server.start_again().await;
    let viewer = person.ask("{ viewer { email } }", json!({})).await;
    assert_eq!(viewer["viewer"]["email"], EMAIL, "the second start reads what the first left");
    server.clean_up().await;
}

async fn two_starts(way: Way) {
    let mut first = Server::on(Backend::empty(way).await, way).await;
    let same = Backend {
        dir: tempfile::tempdir().unwrap(),
        full: first.backend.as_ref().unwrap().full.as_ref().map(|full| crate::harness::Full {
            server: full.server.clone(),
            database: full.database.clone(),
            redis: full.redis.clone(),
        }),
    };
    let mut second = Server::on(same, way).await;
    let data_dir = first.backend.as_ref().unwrap().dir.path().display().to_string();
    second.environment.push(("KABINET__DATA_DIR".to_owned(), data_dir));
    first.begin();
    second.begin();
    first.ready().await;
    second.ready().await;
    for server in [&first, &second] {
        let data = server.customer().ask("{ providers(first: 1) { edges { node { id } } } }", json!({})).await;
        assert_eq!(data["providers"]["edges"], json!([]));
    }
    second.signal("TERM");
    assert!(second.ended().await.success());
    first.signal("TERM");
    assert!(first.ended().await.success());
    drop(second);
    first.clean_up().await;
}
