//! A provider's server that takes messages, on this machine.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// By names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn signatures(&self) -> Vec<&str> {
        self.headers["webhook-signature"].split(' ').collect()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// With `Retry-After`.
    Later(u16, &'static str),
    /// Takes the message and says nothing.
    Silent,
}

#[derive(Clone, Default)]
struct State {
    received: Arc<Mutex<Vec<Received>>>,
    /// For the next messages; then `always`.
    replies: Arc<Mutex<VecDeque<Reply>>>,
    always: Arc<Mutex<Option<Reply>>>,
}

pub struct Receiver {
    pub url: String,
    state: State,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Takes every message, unless told otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = State::default();
        let answering = state.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = answering.clone();
                tokio::spawn(async move { drop(state.converse(stream).await) });
            }
        });
        Self { url, state, serving }
    }

    /// What the next messages are answered.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.replies.lock().unwrap().extend(replies);
    }

    /// What all others are answered.
    pub fn always(&self, reply: Reply) {
        *self.state.always.lock().unwrap() = Some(reply);
    }

    /// Since they were last taken.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.state.received.lock().unwrap())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    async fn converse(self, mut stream: TcpStream) -> std::io::Result<()> {
        while let Some(received) = read(&mut stream).await? {
            self.received.lock().unwrap().push(received);
            let reply = self.replies.lock().unwrap().pop_front();
            let reply = reply.or_else(|| self.always.lock().unwrap().clone()).unwrap_or(Reply::Status(200));
            let (status, more) = match reply {
                Reply::Status(status) => (status, String::new()),
                Reply::Later(status, after) => (status, format!("retry-after: {after}\r\n")),
                Reply::Silent => {
                    // Until the other side hangs up.
                    stream.read_to_end(&mut Vec::new()).await?;
                    return Ok(());
                }
            };
            let body = format!("answer {status}");
            let answer = format!("HTTP/1.1 {status} Word\r\n{more}content-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }
}

/// The next message on a connection; none when it has ended.
async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Received>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            assert_eq!(lines.next(), Some("POST /hook HTTP/1.1"));
            let header = |line: &str| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_lowercase(), value.to_owned())
            };
            let headers: BTreeMap<_, _> = lines.map(header).collect();
            if body.len() >= headers["content-length"].parse().unwrap() {
                return Ok(Some(Received { headers, body: body.to_owned() }));
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&more[..read]),
        }
    }
}
