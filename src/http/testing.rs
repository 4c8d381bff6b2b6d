//! A tiny schema and fake doors behind a real listener, for the tests of this room.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::{Context, Object, Result, Schema, Subscription};
use async_trait::async_trait;
use entity::enums::Locale;
use entity::ids::{TypedId, UserId};
use futures_util::Stream;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gate::Gate;
use super::graphql::door::Door;
use super::live::{Live, Pace};
use super::{
    Check, ClientProof, ConsentAccount, ConsentAnswer, ConsentAsked, ConsentGiven, ConsentPage, ConsentRequest, Doors,
    Ended, ExportAnswer, Grant, Http, LinkOutcome, MailboxMessage, Paper, SandboxCall, SandboxPage, SandboxReply,
    SignInAnswer, Taken, TokenFacts, Traded, Unproved, UsedLink, routes, serve,
};
use crate::config::Config;
use crate::graphql::document::Documents;
use crate::kernel::{Actor, Bearer, Clock, Entropy, Fault, Person};
use crate::platform::metrics::Traffic;

pub fn config() -> Config {
    Config::load::<String>(None, std::iter::empty()).unwrap()
}

/// What the schema and the doors did, for a test to look at.
#[derive(Default)]
pub struct Seen {
    pub executed: AtomicUsize,
    pub slow_done: AtomicUsize,
    pub sessions: Mutex<HashMap<String, bool>>,
    pub confirmations: Mutex<Vec<String>>,
    pub decisions: Mutex<Vec<String>>,
    pub notifications: Mutex<Vec<Vec<u8>>>,
    pub down: Mutex<bool>,
    pub without_mailbox: Mutex<bool>,
    /// Looks at sessions that were no use of them.
    pub looks: AtomicUsize,
}

pub struct Query;

#[Object]
impl Query {
    async fn hello(&self, context: &Context<'_>) -> String {
        seen(context).executed.fetch_add(1, Ordering::SeqCst);
        "hello".to_owned()
    }

    async fn who(&self, context: &Context<'_>) -> String {
        let actor = context.data_unchecked::<Actor>();
        format!("{} {} {}", actor.person.is_some(), actor.locale.word(), actor.address)
    }

    async fn fails(&self) -> Result<Option<i32>> {
        std::future::ready(Err(async_graphql::Error::new("no such thing"))).await
    }

    async fn panics(&self) -> i32 {
        std::hint::black_box(None).unwrap()
    }

    async fn echo(&self, text: String) -> String {
        text
    }

    async fn slow(&self, context: &Context<'_>, millis: u64) -> i32 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        seen(context).slow_done.fetch_add(1, Ordering::SeqCst);
        1
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn count(&self, context: &Context<'_>) -> usize {
        seen(context).executed.fetch_add(1, Ordering::SeqCst)
    }
}

pub struct Ticks;

#[Subscription]
impl Ticks {
    /// Counts to `to` without waiting for anybody.
    async fn numbers(&self, to: usize) -> impl Stream<Item = usize> {
        futures_util::stream::iter(1..=to)
    }

    async fn padded(&self, to: usize) -> impl Stream<Item = String> {
        futures_util::stream::iter((1..=to).map(|n| format!("{n} {}", "x".repeat(1000))))
    }

    async fn never(&self) -> impl Stream<Item = usize> {
        futures_util::stream::pending()
    }

    async fn refused(&self) -> Result<impl Stream<Item = usize>> {
        std::future::ready(Err::<futures_util::stream::Empty<usize>, _>(async_graphql::Error::new("no"))).await
    }

    async fn breaks(&self) -> impl Stream<Item = usize> {
        futures_util::stream::once(async { panic!("a bug") })
    }
}

fn seen<'a>(context: &Context<'a>) -> &'a Arc<Seen> {
    context.data_unchecked::<Arc<Seen>>()
}

struct FakeDoors(Arc<Seen>);

#[async_trait]
impl Doors for FakeDoors {
    async fn bearer(&self, token: &str) -> Result<Option<Bearer>, Fault> {
        if *self.0.down.lock().unwrap() {
            return Err(Fault::unavailable("Redis is away"));
        }
        let alive = self.0.sessions.lock().unwrap().get(token).copied().unwrap_or(false);
        let user_id = UserId::from_uuid(uuid::Uuid::nil());
        let person = || Person { user_id, session: token.to_owned(), confirmed: true, scopes: None, limits: None };
        Ok(alive.then(|| Bearer::Person(person())))
    }

    async fn grant_token(&self, proof: &ClientProof, wanted: Option<&str>) -> Result<Grant, Fault> {
        if *self.0.down.lock().unwrap() {
            return Err(Fault::unavailable("the database is away"));
        }
        if (proof.id.as_str(), proof.secret.as_str()) != ("client_1", "a secret") {
            return Ok(Grant::Unproved);
        }
        let scope = wanted.unwrap_or("BALANCES READINGS").to_owned();
        let token = || Grant::Token { token: "ctok_1".to_owned(), refresh: None, seconds: 60, scope: scope.clone() };
        Ok(if scope == "NONE" { Grant::Scope } else { token() })
    }

    async fn consent_request(&self, asked: &ConsentAsked) -> Result<ConsentRequest, Fault> {
        Ok(match (asked.client_id.as_str(), asked.redirect_uri.as_str()) {
            ("app_1", "https://app.example/back" | "http://[::1]:4711/back") if asked.response_type == "code" => {
                ConsentRequest::Good { app: "An <app>".to_owned() }
            }
            ("app_1", "https://app.example/back") => ConsentRequest::Wrong("unsupported_response_type"),
            ("app_1", _) => ConsentRequest::UnknownAddress,
            _ => ConsentRequest::UnknownApp,
        })
    }

    async fn consent_page(&self, _: &Person, asked: &ConsentAsked, _: Locale) -> Result<ConsentPage, Fault> {
        let account = ConsentAccount {
            id: "account_1".to_owned(),
            provider: "Газ".to_owned(),
            number: "42".to_owned(),
            address: None,
        };
        Ok(ConsentPage {
            email: "anna@example.com".to_owned(),
            may: vec!["see meters"],
            accounts: vec![account],
            back: asked.redirect_uri.clone(),
            form_token: "bound".to_owned(),
        })
    }

    async fn decide_consent(&self, _: &Actor, _: &ConsentAsked, given: ConsentGiven) -> Result<ConsentAnswer, Fault> {
        if given.form_token != "bound" {
            return Ok(ConsentAnswer::Forged);
        }
        self.0.decisions.lock().unwrap().push(given.accounts.join(","));
        Ok(match (given.approved, given.password.as_str()) {
            (false, _) => ConsentAnswer::Denied,
            (true, "right") => ConsentAnswer::Code("gcode_1".to_owned()),
            (true, _) => ConsentAnswer::Wrong("password"),
        })
    }

    async fn sign_in(&self, _: &Actor, email: &str, password: &str, _: Option<String>) -> Result<SignInAnswer, Fault> {
        Ok(match (email, password) {
            ("anna@example.com", "right") => SignInAnswer::Session("sess_1".to_owned()),
            (_, "often") => SignInAnswer::Refused { why: "wait", seconds: 7 },
            _ => SignInAnswer::Refused { why: "credentials", seconds: 0 },
        })
    }

    async fn trade(&self, proof: &ClientProof, traded: &Traded, _: std::net::IpAddr) -> Result<Grant, Fault> {
        if proof.id != "app_1" {
            return Ok(Grant::Unproved);
        }
        let good = match traded {
            Traded::Code { code, redirect_uri, verifier } => [code, redirect_uri, verifier] == ["a code", "x:y", "v"],
            Traded::Refresh { token, .. } => token == "gref_1",
        };
        let (token, refresh) = ("gtok_1".to_owned(), Some("gref_2".to_owned()));
        let tokens = Grant::Token { token, refresh, seconds: 60, scope: "BALANCE".to_owned() };
        Ok(if good { tokens } else { Grant::Invalid })
    }

    async fn introspect(
        &self,
        proof: &ClientProof,
        token: &str,
        _: std::net::IpAddr,
    ) -> Result<Result<Option<TokenFacts>, Unproved>, Fault> {
        let at = |second| chrono::DateTime::from_timestamp(second, 0).unwrap();
        let facts = || TokenFacts {
            client_id: proof.id.clone(),
            subject: None,
            scope: "BALANCES".to_owned(),
            issued_at: at(1_800_000_000),
            expires_at: at(1_800_000_060),
        };
        let proved = if proof.secret == "a secret" { Ok(()) } else { Err(Unproved) };
        Ok(proved.map(|()| (token == "ctok_1").then(facts)))
    }

    async fn revoke_token(
        &self,
        proof: &ClientProof,
        token: &str,
        _: std::net::IpAddr,
    ) -> Result<Result<(), Unproved>, Fault> {
        self.0.confirmations.lock().unwrap().push(token.to_owned());
        Ok(if proof.secret == "a secret" { Ok(()) } else { Err(Unproved) })
    }

    async fn paper(&self, _: &Bearer, path: &str, _: Locale) -> Result<Option<Paper>, Fault> {
        let paper =
            Paper { name: "a.csv".to_owned(), content_type: "text/csv; charset=utf-8", bytes: b"a\r\n".to_vec() };
        Ok((path == "accounts/1/usage.csv").then_some(paper))
    }

    async fn look(&self, token: &str) -> Result<Option<Bearer>, Fault> {
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        self.bearer(token).await
    }

    async fn hear_of_endings(&self, _: &(dyn Fn(Ended) + Send + Sync)) {
        std::future::pending::<()>().await;
    }

    async fn confirm_email(&self, UsedLink { token, password, .. }: UsedLink) -> Result<LinkOutcome, Fault> {
        if *self.0.down.lock().unwrap() {
            return Err(Fault::unavailable("the database is away"));
        }
        if password.is_empty() {
            return Ok(LinkOutcome::Refused("<too short>".to_owned()));
        }
        self.0.confirmations.lock().unwrap().push(token.clone());
        Ok(if token == "good" { LinkOutcome::Done } else { LinkOutcome::Expired })
    }

    async fn confirm_email_change(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        if link.token == "first" { Ok(LinkOutcome::Half) } else { self.cancel_email_change(link).await }
    }

    async fn cancel_email_change(&self, UsedLink { token, .. }: UsedLink) -> Result<LinkOutcome, Fault> {
        if *self.0.down.lock().unwrap() {
            return Err(Fault::unavailable("the database is away"));
        }
        self.0.confirmations.lock().unwrap().push(token.clone());
        Ok(if token == "good" { LinkOutcome::Done } else { LinkOutcome::Expired })
    }

    async fn reset_password(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        self.confirm_email(link).await
    }

    async fn cancel_deletion(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        self.confirm_email(link).await
    }

    async fn report_foreign_sign_in(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        self.confirm_email(UsedLink { password: "none".to_owned(), ..link }).await
    }

    async fn open_export(&self, _: &Actor, _: &str) -> Result<ExportAnswer, Fault> {
        Ok(ExportAnswer::Nothing)
    }

    async fn export_piece(&self, _: &str, _: i32) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    async fn sandbox_payment(&self, id: &str) -> Result<Option<SandboxPage>, Fault> {
        Ok((id == "p1").then(|| SandboxPage {
            id: "p1".to_owned(),
            amount: "1956.85".to_owned(),
            description: "Газ <б>".to_owned(),
            status: "pending".to_owned(),
            return_url: "/payments/returned".to_owned(),
            qr_svg: Some("<svg></svg>".to_owned()),
        }))
    }

    async fn decide_sandbox_payment(&self, id: &str, outcome: &str) -> Result<Option<SandboxPage>, Fault> {
        self.0.decisions.lock().unwrap().push(outcome.to_owned());
        self.sandbox_payment(id).await
    }

    async fn returned_payment(&self, id: &str) -> Result<Option<&'static str>, Fault> {
        Ok((id == "p1").then_some("paid"))
    }

    async fn sandbox_call(&self, call: SandboxCall) -> Result<Option<SandboxReply>, Fault> {
        let SandboxCall { shop, method, path, body, .. } = call;
        let body = format!("{method} {path} {}", String::from_utf8_lossy(&body));
        let reset = path == "/reset";
        Ok((shop == "shop").then_some(SandboxReply { status: 200, kind: "application/json", body, reset }))
    }

    async fn take_notification(&self, acquirer: &str, _: std::net::IpAddr, body: &[u8]) -> Result<Taken, Fault> {
        self.0.notifications.lock().unwrap().push(body.to_owned());
        Ok(if acquirer == "sandbox" { Taken::Stored } else { Taken::Unreadable })
    }

    async fn mailbox(&self) -> Result<Option<Vec<MailboxMessage>>, Fault> {
        let letter = |id: &str, second| MailboxMessage {
            id: id.to_owned(),
            to: "anna@example.com".to_owned(),
            subject: format!("Letter {id}"),
            text: "Open http://127.0.0.1/confirm-email?token=good\nnow".to_owned(),
            html: Some("<p style=\"color: red\">Hi</p>".to_owned()),
            sent_at: chrono::DateTime::from_timestamp(second, 0).unwrap(),
        };
        let letters = vec![letter("old", 1_700_000_000), letter("new", 1_800_000_000)];
        Ok((!*self.0.without_mailbox.lock().unwrap()).then_some(letters))
    }

    async fn ready(&self) -> Vec<Check> {
        let database = if *self.0.down.lock().unwrap() { Err("password=hush".to_owned()) } else { Ok(()) };
        let check = |name, needed, result| Check { name, needed, result, took: Duration::from_millis(3) };
        let late = Err("a job is late".to_owned());
        vec![check("database", true, database), check("keyvalue", true, Ok(())), check("outbox", false, late)]
    }

    async fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    pub live: Arc<Live>,
    admitted: Box<dyn Fn() -> usize + Send + Sync>,
    pub shutdown: CancellationToken,
    pub tasks: TaskTracker,
    pub served: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(|_| {}, Pace::default()).await
    }

    pub async fn with(change: impl FnOnce(&mut Config), pace: Pace) -> Self {
        let mut config = config();
        change(&mut config);
        let seen = Arc::new(Seen::default());
        seen.sessions.lock().unwrap().insert("live".to_owned(), true);
        let executor = Schema::build(Query, Mutation, Ticks).data(Arc::clone(&seen)).finish();
        let documents = Documents::new(|| Schema::build(Query, Mutation, Ticks), &config.graphql).unwrap();
        let clock = Clock::fixed(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let door = Door::new(documents, clock, config.graphql.budget);
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let live = Arc::new(Live::default());
        let gate = Gate::new(&config.http);
        let http = Arc::new(Http {
            executor,
            door,
            doors: Arc::new(FakeDoors(Arc::clone(&seen))),
            config: Arc::new(config),
            entropy: Entropy::seeded(1),
            traffic: Traffic::default(),
            demo: None,
            pace,
            live: Arc::clone(&live),
            gate,
            shutdown: shutdown.clone(),
            tasks: tasks.clone(),
        });
        let counted = Arc::clone(&http);
        let admitted = Box::new(move || counted.gate.admitted(&counted.config.http));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn({
            let (shutdown, tasks) = (shutdown.clone(), tasks.clone());
            async move {
                let limits = http.config.http.clone();
                serve(listener, Arc::new(routes(http)), &limits, shutdown, &tasks).await
            }
        });
        Self { address, seen, live, admitted, shutdown, tasks, served }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Tells of sessions that may have ended, as another instance would.
    pub fn ended(&self, ended: &Ended) {
        self.live.tell(ended);
    }

    /// Until the live connections are as expected; the test's own patience ends a wait in vain.
    pub async fn until(&self, expected: impl Fn(&Live) -> bool) {
        for _ in 0..1000 {
            if expected(&self.live) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited in vain");
    }

    /// Until so many requests are served or wait.
    pub async fn admitted(&self, count: usize) {
        for _ in 0..1000 {
            if (self.admitted)() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} instead of {count} requests were admitted", (self.admitted)());
    }

    pub fn executed(&self) -> usize {
        self.seen.executed.load(Ordering::SeqCst)
    }
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
