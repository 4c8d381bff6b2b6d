//! A captcha service as its makers document it, on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const SECRET: &str = "the-captcha-servers-key-91";
pub const SITE_KEY: &str = "site-key-of-the-tests";
/// How tokens of this service's widget begin.
pub const SOLVED: &str = "solved-";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    SmartCaptcha,
    Turnstile,
    Hcaptcha,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Takes the question and says nothing.
    Silent,
    Status500,
    Garbage,
    /// Sends elsewhere, where everybody is human.
    Redirect,
    /// Hangs up.
    Gone,
}

#[derive(Clone)]
struct State {
    protocol: Protocol,
    mood: Arc<Mutex<Mood>>,
    /// The forms that came.
    asked: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    spent: Arc<Mutex<BTreeSet<String>>>,
}

pub struct CaptchaService {
    pub url: String,
    state: State,
    serving: JoinHandle<()>,
}

impl CaptchaService {
    pub async fn start(protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/check", listener.local_addr().unwrap());
        let mood = Arc::new(Mutex::new(Mood::Well));
        let state = State { protocol, mood, asked: Arc::default(), spent: Arc::default() };
        let answering = state.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = answering.clone();
                // Whoever no longer waits for an answer has hung up.
                tokio::spawn(async move { drop(state.converse(stream).await) });
            }
        });
        Self { url, state, serving }
    }

    pub fn feel(&self, mood: Mood) {
        *self.state.mood.lock().unwrap() = mood;
    }

    /// The forms since it was asked last.
    pub fn take_asked(&self) -> Vec<BTreeMap<String, String>> {
        std::mem::take(&mut *self.state.asked.lock().unwrap())
    }

    /// What a server needs to be told of it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let provider = match self.state.protocol {
            Protocol::SmartCaptcha => "smartcaptcha",
            Protocol::Turnstile => "turnstile",
            Protocol::Hcaptcha => "hcaptcha",
        };
        vec![
            ("KABINET__CAPTCHA__PROVIDER", provider.to_owned()),
            ("KABINET__CAPTCHA__SITE_KEY", SITE_KEY.to_owned()),
            ("KABINET__CAPTCHA__SECRET", SECRET.to_owned()),
            ("KABINET__CAPTCHA__VERIFY_URL", self.url.clone()),
        ]
    }
}

impl Drop for CaptchaService {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    async fn converse(self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let Some((head, body)) = read(&mut stream).await? else { return Ok(()) };
            assert!(head.starts_with("POST /check HTTP/1.1\r\n"), "{head}");
            let lower = head.to_lowercase();
            assert!(lower.contains("content-type: application/x-www-form-urlencoded"), "{head}");
            let form: BTreeMap<String, String> =
                form_urlencoded::parse(body.as_bytes()).map(|(name, value)| (name.into(), value.into())).collect();
            self.asked.lock().unwrap().push(form.clone());
            let mood = *self.mood.lock().unwrap();
            let (status, body) = match mood {
                Mood::Well => ("200 OK", self.answer(&form)),
                Mood::Status500 => ("500 Internal Server Error", "{\"success\":true,\"status\":\"ok\"}".to_owned()),
                Mood::Garbage => ("200 OK", "<html>It works!</html>".to_owned()),
                Mood::Redirect => ("307 Temporary Redirect\r\nlocation: /human", String::new()),
                Mood::Gone => return Ok(()),
                Mood::Silent => {
                    // Until the other side hangs up.
                    stream.read_to_end(&mut Vec::new()).await?;
                    return Ok(());
                }
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await?;
        }
    }

    fn answer(&self, form: &BTreeMap<String, String>) -> String {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let token = field(if self.protocol == Protocol::SmartCaptcha { "token" } else { "response" });
        let right = field("secret") == SECRET;
        // A check spends the token.
        let fresh = token.starts_with(SOLVED) && self.spent.lock().unwrap().insert(token.to_owned());
        let answer = match self.protocol {
            Protocol::SmartCaptcha if !right => {
                r#"{"status":"failed","message":"Authentication failed. Invalid secret."}"#
            }
            Protocol::SmartCaptcha if field("ip").is_empty() => r#"{"status":"failed","message":"Invalid IP."}"#,
            Protocol::SmartCaptcha if fresh => r#"{"status":"ok","message":"","host":"lk.example"}"#,
            Protocol::SmartCaptcha => r#"{"status":"failed","message":"Token invalid or expired."}"#,
            _ if !right => r#"{"success":false,"error-codes":["invalid-input-secret"]}"#,
            Protocol::Turnstile if fresh => {
                r#"{"success":true,"challenge_ts":"2026-06-20T09:00:00.000Z","hostname":"lk.example","error-codes":[],"action":"","cdata":""}"#
            }
            Protocol::Turnstile if token.starts_with(SOLVED) => {
                r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#
            }
            Protocol::Hcaptcha if field("sitekey") != SITE_KEY => {
                r#"{"success":false,"error-codes":["sitekey-secret-mismatch"]}"#
            }
            Protocol::Hcaptcha if fresh => {
                r#"{"success":true,"challenge_ts":"2026-06-20T09:00:00Z","hostname":"lk.example","credit":false}"#
            }
            Protocol::Hcaptcha if token.starts_with(SOLVED) => {
                r#"{"success":false,"error-codes":["already-seen-response"]}"#
            }
            _ => r#"{"success":false,"error-codes":["invalid-input-response"]}"#,
        };
        answer.to_owned()
    }
}

/// Head and body of the next request on a connection; none when it has ended.
async fn read(stream: &mut TcpStream) -> std::io::Result<Option<(String, String)>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(Some((format!("{head}\r\n"), body.to_owned())));
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&more[..read]),
        }
    }
}
