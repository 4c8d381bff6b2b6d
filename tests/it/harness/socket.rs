//! A graphql-transport-ws client.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// What the server said with its close.
    pub reason: String,
}

/// Far beyond anything that works: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

impl Socket {
    pub async fn open(url: &str, token: Option<&str>) -> Self {
        Self::attempt(url, token).await.unwrap_or_else(|socket| panic!("not let in: {}", socket.reason))
    }

    /// The socket that was not let in, with the server's reason, when there is no acknowledgement.
    pub async fn attempt(url: &str, token: Option<&str>) -> Result<Self, Self> {
        Self::over(TcpSocket::new_v4().unwrap(), url, token).await
    }

    /// With little room for what it has not read yet.
    pub async fn narrow(url: &str, token: Option<&str>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::over(socket, url, token).await.unwrap_or_else(|socket| panic!("not let in: {}", socket.reason))
    }

    async fn over(socket: TcpSocket, url: &str, token: Option<&str>) -> Result<Self, Self> {
        let stream = socket.connect(url.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap();
        let mut request = format!("{}/graphql", url.replace("http://", "ws://")).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (stream, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let mut socket = Self { stream, reason: String::new() };
        let payload = token.map(|token| json!({ "authorization": format!("Bearer {token}") }));
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        let answer = socket.next().await;
        if answer["type"] == "connection_ack" {
            return Ok(socket);
        }
        assert!(answer["close"].is_u64(), "neither let in nor turned away: {answer}");
        Err(socket)
    }

    pub async fn send(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } }))
            .await;
    }

    /// The next message that is no ping; the server's close is `{"close": code}`.
    pub async fn next(&mut self) -> Value {
        loop {
            #[expect(clippy::disallowed_methods, reason = "a test that waits for ever tells nothing")]
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a message in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ping" && message["type"] != "pong" {
                        return message;
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    self.reason = frame.as_ref().map(|frame| frame.reason.to_string()).unwrap_or_default();
                    return json!({ "close": frame.map(|frame| u16::from(frame.code)) });
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return json!({ "close": null }),
            }
        }
    }

    /// The data of the next event.
    pub async fn event(&mut self) -> Value {
        let mut message = self.next().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].take()
    }
}
