//! A whole kabinet for one test: production wiring, a clock that is moved by hand, seeded chance, letters in memory.

mod authenticator;
mod backend;
mod captcha_service;
mod customer;
mod faults;
mod own_services;
mod proxy;
mod process;
mod receiver;
mod registers;
mod smtp;
mod socket;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use kabinet::app::{App, Outside};
use kabinet::config::Config;
use kabinet::kernel::{Clock, Entropy, Failure, Fault};
use kabinet::platform::mail::{Letter, Mailer};
use reqwest::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use authenticator::Authenticator;
pub use backend::{Backend, Full, Way, execute};
pub use captcha_service::{CaptchaService, Mood, Protocol, SECRET, SITE_KEY, SOLVED};
pub use customer::{Customer, PASSWORD};
pub use faults::{FaultProxy, Trouble};
pub use own_services::{OwnPostgres, OwnRedis};
pub use process::{Server, eventually, free_port, kabinet};
pub use proxy::Proxy;
pub use receiver::{Received, Receiver, Reply};
pub use registers::{registers_folder, sample};
pub use smtp::Smtp;
pub use socket::Socket;

/// Declares one test for both ways to run: `both_ways!(name, |app| { … })` with `app: TestApp`.
macro_rules! both_ways {
    ($(#[$meta:meta])* $name:ident, |$app:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn body($app: $crate::harness::TestApp) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$meta])*
            async fn embedded() {
                body($crate::harness::TestApp::start($crate::harness::Way::Embedded).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$meta])*
            async fn full() {
                body($crate::harness::TestApp::start($crate::harness::Way::Full).await).await;
            }
        }
    };
}
pub(crate) use both_ways;

/// A test that forgot `finish` has checked nothing of what holds after every test.
struct Unfinished(bool);

impl Drop for Unfinished {
    fn drop(&mut self) {
        assert!(!self.0 || std::thread::panicking(), "a test ends with app.finish().await");
    }
}

pub struct TestApp {
    pub app: App,
    pub url: String,
    pub clock: Clock,
    letters: Arc<Mutex<Vec<Letter>>>,
    shutdown: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
    backend: Backend,
    unfinished: Unfinished,
}

/// A Saturday, inside every provider's reading window of the tests.
pub fn start_of_test() -> DateTime<Utc> {
    "2026-06-20T09:00:00Z".parse().unwrap()
}

impl TestApp {
    pub async fn start(way: Way) -> Self {
        let backend = Backend::prepare(way).await;
        Self::on(backend, Clock::fixed(start_of_test()), &[], 7).await
    }

    /// With settings of its own, such as `("KABINET__CAPTCHA__DIFFICULTY", "0")`.
    pub async fn start_with(way: Way, settings: &[(&str, &str)]) -> Self {
        let backend = Backend::prepare(way).await;
        Self::on(backend, Clock::fixed(start_of_test()), settings, 7).await
    }

    /// The full way with something between the app and Redis that the test can cut.
    pub async fn start_behind_proxy() -> (Self, Proxy) {
        let mut backend = Backend::prepare(Way::Full).await;
        let full = backend.full.as_mut().unwrap();
        let proxy = Proxy::before(&full.redis).await;
        full.redis.clone_from(&proxy.url);
        (Self::on(backend, Clock::fixed(start_of_test()), &[], 7).await, proxy)
    }

    /// Stopped, and started again on the same data with other settings.
    pub async fn restart_with(mut self, settings: &[(&str, &str)]) -> Self {
        self.unfinished.0 = false;
        self.shutdown.cancel();
        self.server.await.unwrap().unwrap();
        self.app.mechanisms.db.clone().close().await;
        // Another seed: chance must not repeat itself on the same data.
        Self::on(self.backend, self.clock, settings, 8).await
    }

    async fn on(backend: Backend, clock: Clock, settings: &[(&str, &str)], seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let letters = Arc::new(Mutex::new(Vec::new()));
        let mailer = Some(Mailer::Memory(Arc::clone(&letters)));
        let outside = Outside { clock: clock.clone(), entropy: Entropy::seeded(seed), mailer, ..Outside::real() };
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let environment = backend.environment(&url).into_iter().chain(settings);
        let config = Config::load(None, environment).expect("the settings are valid");
        let app = App::build(config, outside).await.expect("the app is built");
        app.mechanisms.db.migrate_up().await.expect("the schema is brought up to date");
        let shutdown = CancellationToken::new();
        let serving = app.clone();
        let until = shutdown.clone();
        let server = tokio::spawn(async move { serving.serve(listener, None, until).await });
        let wakeups = app.mechanisms.wakeups.clone();
        tokio::spawn(async move { wakeups.hear_others().await });
        Self { app, url, clock, letters, shutdown, server, backend, unfinished: Unfinished(true) }
    }

    /// Someone with a client, signed in or not.
    pub fn customer(&self) -> Customer {
        Customer::new(&self.url)
    }

    /// A person who has registered and confirmed, signed in.
    pub async fn confirmed_customer(&self, email: &str) -> Customer {
        let mut customer = self.customer();
        customer.register(email).await;
        self.drain().await;
        let token = self.confirmation_token(email);
        customer.confirm(&token).await;
        customer.sign_in(email).await;
        customer
    }

    /// Carries out jobs until none is due.
    pub async fn drain(&self) {
        while self.app.worker.run_due().await.expect("the outbox is read") > 0 {}
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Letters to an address since they were last taken.
    pub fn take_letters(&self, to: &str) -> Vec<Letter> {
        let mut letters = self.letters.lock().unwrap();
        letters.extract_if(.., |letter| letter.to.as_str() == to).collect()
    }

    /// For a test that is not about letters.
    pub fn discard_letters(&self) {
        self.letters.lock().unwrap().clear();
    }

    /// The token in the newest letter to an address.
    pub fn confirmation_token(&self, to: &str) -> String {
        let letter = self.take_letters(to).pop().expect("a letter was sent");
        let (_, rest) = letter.text.split_once("token=").expect("the letter has a link");
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Changes what no request can change.
    pub async fn sql(&self, statement: &str) {
        self.try_sql(statement).await.unwrap();
    }

    /// The same where the database may refuse.
    pub async fn try_sql(&self, statement: &str) -> Result<(), Fault> {
        let change = self.app.mechanisms.db.transaction(|tx| async move {
            tx.execute_unprepared(statement).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(change.await?)
    }

    /// `kabinet` as an operator runs it, beside the server and on its data.
    pub async fn operator(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = kabinet(arguments, &self.backend.environment(&self.url));
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
    }

    /// SQL statements that `work` sends.
    pub async fn statements<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let before = self.app.mechanisms.db.statements();
        let result = work.await;
        (self.app.mechanisms.db.statements() - before, result)
    }

    /// Plays the bank: decides the payment behind a confirmation URL on its page.
    pub async fn bank(&self, confirmation_url: &str, outcome: &str) {
        let response = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
            .post(confirmation_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("outcome={outcome}"))
            .send()
            .await
            .unwrap();
        assert!(response.status().as_u16() < 400, "the bank answers {}", response.status());
    }

    /// Presses the button on the page behind a confirmation link.
    pub async fn confirm_on_page(&self, token: &str) -> StatusCode {
        self.post_link("/confirm-email", token, PASSWORD).await
    }

    /// Types a password on the page behind a letter's link and presses its button.
    pub async fn post_link(&self, path: &str, token: &str, password: &str) -> StatusCode {
        let request = reqwest::Client::new()
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={token}&password={}", password.replace(' ', "+")));
        request.send().await.unwrap().status()
    }

    /// Every second person on an account makes a letter to the first: the tests about these letters look at them, the
    /// others need not.
    async fn forget_about_attachments(&self) {
        self.sql("DELETE FROM outbox_jobs WHERE kind = 'send_account_attached' AND attempts = 0").await;
        self.letters.lock().unwrap().retain(|letter| !letter.subject.ends_with("was attached to another cabinet"));
    }

    /// What holds after every test.
    pub async fn finish(mut self) {
        self.unfinished.0 = false;
        // A wrong password leaves a job as well: not every test can know of them.
        self.drain().await;
        let unbalanced = self.app.services.billing.unbalanced_accounts(10).await.expect("the ledger is read");
        assert!(unbalanced.is_empty(), "balances that are not the sum of their entries: {unbalanced:?}");
        let payments = &self.app.services.payments;
        let books: i64 = payments.trial_balance().await.unwrap().iter().map(|sum| sum.amount.0).sum();
        assert_eq!(books, 0, "the journal does not sum to zero");
        assert_eq!(payments.journal_differences().await.unwrap(), 0, "journal and ledger differ");
        let audited = self.app.services.identity.audit.verify().await.expect("the audit log is read");
        assert_eq!(audited.broken, [], "chains of the audit log are broken");
        self.forget_about_attachments().await;
        let (due, dead) = self.app.mechanisms.outbox.backlog().await.expect("the outbox is read");
        assert_eq!(dead, 0, "jobs were put aside");
        assert_eq!(due, 0, "jobs could not be done");
        let letters: Vec<_> = self.letters.lock().unwrap().drain(..).collect();
        let unexpected: Vec<_> = letters.iter().map(|letter| (&letter.to, &letter.subject)).collect();
        assert!(unexpected.is_empty(), "letters nobody looked at: {unexpected:?}");
        self.shutdown.cancel();
        self.server.await.unwrap().unwrap();
        let Self { app, backend, .. } = self;
        app.mechanisms.db.clone().close().await;
        drop(app);
        backend.clean_up().await;
    }
}

/// The errors of a payload as (code, field).
pub fn user_errors(payload: &Value) -> Vec<(String, Value)> {
    let errors = payload["userErrors"].as_array().unwrap_or_else(|| panic!("no userErrors in {payload}"));
    errors.iter().map(|error| (error["code"].as_str().unwrap().to_owned(), error["field"].clone())).collect()
}

/// The code of the first top-level error.
pub fn top_code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no top-level error in {answer}"))
}

/// The Redis that all tests share.
pub fn redis_url() -> String {
    backend::service("KABINET_TEST_REDIS_URL")
}

pub fn agreements() -> Value {
    json!(["USER_AGREEMENT@2026-11-01", "PERSONAL_DATA_CONSENT@2026-11-01"])
}
