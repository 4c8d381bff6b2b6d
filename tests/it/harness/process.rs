//! The real binary as an operator runs it: started, killed and started again on the same data.

use std::fs::File;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;

use super::backend::{Backend, Full, Way, execute, service};
use super::customer::Customer;
use super::smtp::Smtp;

/// Far beyond anything that works: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Looks until there is something, and fails when there never is.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// `kabinet` with these arguments and nothing of this process's environment.
pub fn kabinet(arguments: &[&str], environment: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kabinet"));
    command.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

/// A port below those that the system gives to clients, so that it stays free while a server is down.
pub async fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 12_000 + u16::try_from(std::process::id() % 180).unwrap() * 100;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed) % 100;
        if TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return port;
        }
    }
}

impl Backend {
    /// Data of its own without a schema.
    pub async fn empty(way: Way) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let full = match way {
            Way::Embedded => None,
            Way::Full => {
                let server = service("KABINET_TEST_POSTGRES_URL");
                let unique: String = dir.path().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
                let database = format!("kabinet_{}", unique.to_lowercase());
                execute(&server, &format!("CREATE DATABASE {database}")).await;
                Some(Full { server, database, redis: service("KABINET_TEST_REDIS_URL") })
            }
        };
        Self { dir, full }
    }
}

/// A running `kabinet serve` with its data.
pub struct Server {
    pub url: String,
    pub environment: Vec<(String, String)>,
    pub backend: Option<Backend>,
    smtp: Option<Smtp>,
    process: Option<Child>,
}

impl Server {
    /// On a copy of the registers.
    pub async fn start(way: Way) -> Self {
        let mut server = Self::on(Box::pin(Backend::prepare(way)).await, way).await;
        server.start_again().await;
        server
    }

    /// Not started yet.
    pub async fn on(backend: Backend, way: Way) -> Self {
        let port = free_port().await;
        let url = format!("http://127.0.0.1:{port}");
        let smtp = match way {
            Way::Embedded => None,
            Way::Full => Some(Smtp::start().await),
        };
        let mut environment = backend.environment(&url);
        environment.push(("KABINET__HTTP__LISTEN".to_owned(), format!("127.0.0.1:{port}")));
        // A killed worker's jobs are free again after it.
        environment.push(("KABINET__WORKER__LEASE_SECONDS".to_owned(), "5".to_owned()));
        environment.push(("KABINET__WORKER__POLL_SECONDS".to_owned(), "1".to_owned()));
        if let Some(smtp) = &smtp {
            environment.push(("KABINET__MAIL__SMTP_URL".to_owned(), smtp.url.clone()));
        }
        Self { url, environment, backend: Some(backend), smtp, process: None }
    }

    pub fn begin(&mut self) {
        assert!(self.process.is_none(), "one at a time");
        let log = self.backend.as_ref().unwrap().dir.path().join("server.log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut command = kabinet(&["serve"], &self.environment);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
    }

    pub async fn ready(&mut self) {
        let client = reqwest::Client::new();
        eventually("the server is ready", async || {
            assert!(self.process.as_mut().unwrap().try_wait().unwrap().is_none(), "the server ended");
            let answer = client.get(format!("{}/health/ready", self.url)).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// The same for a process that may die while it starts.
    pub async fn ready_or_ended(&mut self) {
        let client = reqwest::Client::new();
        eventually("the server is ready or ended", async || {
            if self.process.as_mut().unwrap().try_wait().unwrap().is_some() {
                return Some(());
            }
            let answer = client.get(format!("{}/health/ready", self.url)).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// Whether it ends by itself in that time.
    pub async fn ended_within(&mut self, patience: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if self.process.as_mut().expect("it runs").try_wait().unwrap().is_some() {
                self.process = None;
                return true;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        false
    }

    /// Killed, with its data left to whoever has made them.
    pub fn stop_for_good(mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }

    pub async fn start_again(&mut self) {
        self.begin();
        self.ready().await;
    }

    /// SIGKILL: nothing is finished, nothing flushed.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// A setting as the process gets it.
    pub fn setting(&self, name: &str) -> String {
        let found = self.environment.iter().rev().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("{name} is not set")).1.clone()
    }

    /// Where the server's log lines go.
    pub fn log(&self) -> std::path::PathBuf {
        self.backend.as_ref().unwrap().dir.path().join("server.log")
    }

    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id();
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().unwrap();
        assert!(sent.success());
    }

    /// How the process ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let process = self.process.as_mut().expect("it runs");
        let status = eventually("the process ends", async || process.try_wait().unwrap()).await;
        self.process = None;
        status
    }

    /// Killed and started again, with the person's next connection to the new process.
    pub async fn crash(&mut self, person: &mut Customer) {
        self.kill();
        self.start_again().await;
        let token = person.token.take();
        *person = self.customer();
        person.token = token;
    }

    pub fn customer(&self) -> Customer {
        Customer::new(&self.url)
    }

    /// Texts of the letters that went to an address, the oldest first; those of the embedded way are asked of the server.
    pub async fn letters(&self, to: &str) -> Vec<String> {
        if let Some(smtp) = &self.smtp {
            return smtp.letters(to);
        }
        let answer = reqwest::get(format!("{}/dev/mailbox/messages", self.url)).await.unwrap();
        let messages: Vec<Value> = answer.json().await.unwrap();
        let sent = messages.iter().rev().filter(|message| message["to"] == to);
        sent.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    /// The token in the newest letter that has one.
    pub async fn confirmation_token(&self, to: &str) -> String {
        eventually("a letter with a link", async || {
            let letters = self.letters(to).await;
            let (_, rest) = letters.iter().rev().find_map(|letter| letter.split_once("token="))?;
            Some(rest.split_whitespace().next().unwrap().to_owned())
        })
        .await
    }

    pub async fn clean_up(mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        self.backend.take().unwrap().clean_up().await;
    }
}

/// A test that failed leaves no process behind and shows what the server said.
impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking()
            && let Some(backend) = &self.backend
        {
            let log = std::fs::read_to_string(backend.dir.path().join("server.log")).unwrap_or_default();
            eprintln!("the server said:\n{log}");
        }
    }
}
