//! The database breaks under running requests: what clients read then is of the catalogue, and nothing internal.

use std::io::{Seek, SeekFrom, Write};

use futures_util::future::join_all;
use kabinet::graphql::error::TopCode;
use serde_json::{Value, json};

use crate::harness::{Backend, Customer, Proxy, Server, Socket, Way, eventually, execute, sample};
use crate::subscriptions::{BALANCES, follow};

const EMAIL: &str = "anna@example.com";

/// The texts that come with UNAVAILABLE and INTERNAL.
const TEXTS: [&str; 3] = [
    "A part of the service does not answer. Try again in a moment.",
    "The service is briefly unavailable. Try again in a minute.",
    "Something went wrong on our side.",
];

/// Words of our insides, in small letters.
const INTERNAL_WORDS: [&str; 30] = [
    "sql",
    "select ",
    "insert into",
    "relation",
    "no such table",
    "no such column",
    "postgres",
    "redis",
    "sea_orm",
    "seaorm",
    "dberr",
    "pool",
    "connection refused",
    "os error",
    "broken pipe",
    "/tmp",
    "src/",
    ".rs",
    "panicked",
    "unwrap",
    "disk image",
    "not a database",
    "readonly",
    "read-only",
    "constraint",
    "terminating",
    "administrator",
    "deadlock",
    "kabinet::",
    "tokio",
];

const QUERIES: [&str; 8] = [
    "{ viewer { email personalAccounts(first: 5) { edges { node { number balance { owed { amount } } } } } } }",
    "{ providers(first: 3) { edges { node { id name } } } }",
    "{ agreements { id } passwordPolicy { minLength } captcha { challenge } }",
    "{ viewer { personalAccounts(first: 2) { edges { node { meters { lastReading { id } } ledger(first: 5) { edges { node { id } } } } } } } }",
    "mutation { signIn(input: { email: \"anna@example.com\", password: \"correct horse 42\" }) { token userErrors { code message } } }",
    "mutation { confirmEmail(input: { token: \"nothing\" }) { userErrors { code message } } }",
    "{ nonsense }",
    "{ a: __typename",
];

/// Of a person who has an account.
async fn server(way: Way) -> (Server, Customer, String) {
    serve(Box::pin(Backend::prepare(way)).await, way).await
}

async fn serve(backend: Backend, way: Way) -> (Server, Customer, String) {
    let mut server = Server::on(backend, way).await;
    server.environment.push(("KABINET__DATABASE__ACQUIRE_TIMEOUT_SECONDS".to_owned(), "1".to_owned()));
    server.start_again().await;
    let mut person = server.customer();
    person.register(EMAIL).await;
    let token = server.confirmation_token(EMAIL).await;
    person.confirm(&token).await;
    person.sign_in(EMAIL).await;
    let debtor = sample("debt");
    let account = person.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    (server, person, account)
}

/// Everything at once, by every door. Returns the codes that were heard.
async fn ask_everything(person: &Customer, account: &str) -> Vec<String> {
    let own =
        format!("{{ node(id: \"{account}\") {{ ... on PersonalAccount {{ holderName statement {{ period }} }} }} }}");
    let pay = format!(
        "mutation {{ startPayment(input: {{ personalAccountId: \"{account}\", amount: {{ custom: \"100\" }}, idempotencyKey: \"k\" }}) \
         {{ payment {{ id }} userErrors {{ code message }} }} }}"
    );
    let queries = QUERIES.into_iter().chain([own.as_str(), pay.as_str()]);
    let mut heard = Vec::new();
    let answers = join_all(queries.map(|query| person.post(query, json!({})))).await;
    for (_, body) in answers {
        assert_clean(&body.to_string());
        look(&body, &mut heard);
    }
    let client = reqwest::Client::new();
    let at = |path: &str| format!("{}{path}", person.url);
    let form = |path: &str, body: &'static str| {
        client.post(at(path)).header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    let pages = [
        client.get(at("/graphql?query={providers(first:1){edges{node{id}}}}")),
        client.get(at("/confirm-email?token=nothing")),
        form("/confirm-email", "token=nothing"),
        client.get(at("/sandbox/payments/nothing")),
        form("/sandbox/payments/nothing", "outcome=pay"),
        client.post(at("/acquirers/sandbox/notifications")).body("{\"paymentId\":\"nothing\"}"),
        client.get(at("/")),
    ];
    for answer in join_all(pages.map(reqwest::RequestBuilder::send)).await {
        assert_clean(&answer.unwrap().text().await.unwrap());
    }
    // Which part is away is told by one word, and not why.
    let ready = client.get(at("/health/ready")).send().await.unwrap().text().await.unwrap();
    assert_clean(&ready);
    heard
}

/// News that somebody waits for when the break comes, over both transports.
struct Before {
    socket: Socket,
    /// What the subscription's socket said of it.
    told: Option<Value>,
    stream: reqwest::Response,
}

impl Before {
    async fn open(person: &Customer) -> Self {
        let mut socket = person.socket().await;
        follow(&mut socket, "before", json!({})).await;
        let request = reqwest::Client::new()
            .post(format!("{}/graphql", person.url))
            .header("accept", "text/event-stream")
            .bearer_auth(person.token.as_ref().unwrap())
            .json(&json!({ "query": BALANCES }));
        let stream = request.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        Self { socket, told: None, stream }
    }

    /// The next message of the socket, which stays open; the first one about the subscription is kept.
    async fn next(&mut self) -> Value {
        let message = self.socket.next().await;
        assert_clean(&format!("{message} {}", self.socket.reason));
        assert!(message.get("close").is_none(), "{message}");
        if message["id"] == "before" && self.told.is_none() {
            self.told = Some(message.clone());
        }
        message
    }

    /// The codes that the open socket answers a question with.
    async fn ask(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        self.socket.subscribe("question", QUERIES[0], json!({})).await;
        loop {
            let message = self.next().await;
            if message["id"] == "question" {
                look(&message["payload"], &mut heard);
                if message["type"] != "next" {
                    return heard;
                }
            }
        }
    }

    /// The looks of both fail: each tells it, and ends.
    async fn end_with(mut self, code: &str) {
        while self.told.is_none() {
            self.next().await;
        }
        let mut heard = Vec::new();
        look(&self.told.unwrap()["payload"], &mut heard);
        assert_eq!(heard, [code]);
        let told = self.stream.text().await.unwrap();
        assert_clean(&told);
        let data = told.lines().find_map(|line| line.strip_prefix("data: ")).expect("an event");
        let mut heard = Vec::new();
        look(&serde_json::from_str(data).unwrap(), &mut heard);
        assert_eq!(heard, [code], "{told}");
        assert!(told.ends_with("event: complete\ndata:\n\n"), "{told}");
    }
}

/// What a subscription hears that is begun after the break.
async fn hear(person: &Customer) {
    let mut socket = match Socket::attempt(&person.url, person.token.as_deref()).await {
        Ok(socket) => socket,
        // The session cannot be looked up.
        Err(turned_away) => return assert_clean(&turned_away.reason),
    };
    socket.subscribe("1", "subscription { balanceUpdated(after: \"\") { cursor } }", json!({})).await;
    socket.subscribe("2", QUERIES[0], json!({})).await;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let message = socket.next().await;
        assert_clean(&format!("{message} {}", socket.reason));
        look(&message["payload"], &mut heard);
    }
}

fn assert_clean(text: &str) {
    let small = text.to_lowercase();
    // The client's own query may come back in a parse error; ours holds none of these words.
    let told: Vec<_> = INTERNAL_WORDS.iter().filter(|word| small.contains(**word)).collect();
    assert!(told.is_empty(), "{told:?} in {text}");
}

/// Errors of an answer, or the list of them that is a socket's `error`.
fn look(body: &Value, heard: &mut Vec<String>) {
    for error in body.as_array().or(body["errors"].as_array()).into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {body}"));
        let known = TopCode::from_word(code).unwrap_or_else(|| panic!("not in the catalogue: {body}"));
        if matches!(known, TopCode::Unavailable | TopCode::Internal) {
            let message = error["message"].as_str().unwrap();
            assert!(TEXTS.contains(&message), "{message}");
        }
        heard.push(code.to_owned());
    }
}

fn assert_heard(heard: &[String], code: &str) {
    assert!(heard.iter().filter(|heard| *heard == code).count() >= 4, "{code} in {heard:?}");
}

fn assert_all(heard: &[String], code: &str) {
    assert!(!heard.is_empty() && heard.iter().all(|heard| heard == code), "{code} in {heard:?}");
}

const TABLES: [&str; 5] = ["providers", "users", "personal_accounts", "attachments", "payments"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_gone_full() {
    let (server, person, account) = server(Way::Full).await;
    let mut before = Before::open(&person).await;
    let url = server.setting("KABINET__DATABASE__URL");
    for table in TABLES {
        execute(&url, &format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
    }
    assert_heard(&ask_everything(&person, &account).await, "INTERNAL");
    assert_all(&before.ask().await, "INTERNAL");
    before.end_with("INTERNAL").await;
    hear(&person).await;
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_ended_under_running_requests_full() {
    let (server, person, account) = server(Way::Full).await;
    let mut before = Before::open(&person).await;
    let url = server.setting("KABINET__DATABASE__URL");
    let (base, database) = url.rsplit_once('/').unwrap();
    let admin = format!("{base}/postgres");
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
    for _ in 0..5 {
        let (_, ()) = tokio::join!(ask_everything(&person, &account), execute(&admin, &end));
    }
    execute(&admin, &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false")).await;
    execute(&admin, &end).await;
    assert_heard(&ask_everything(&person, &account).await, "UNAVAILABLE");
    assert_all(&before.ask().await, "UNAVAILABLE");
    before.end_with("UNAVAILABLE").await;
    hear(&person).await;
    execute(&admin, &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true")).await;
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_store_is_gone_full() {
    let mut backend = Box::pin(Backend::prepare(Way::Full)).await;
    let full = backend.full.as_mut().unwrap();
    let proxy = Proxy::before(&full.redis).await;
    full.redis.clone_from(&proxy.url);
    let (server, person, account) = serve(backend, Way::Full).await;
    let mut before = Before::open(&person).await;
    let mut stranger = server.customer();
    stranger.token = Some("sess_nothing".to_owned());
    proxy.cut();
    // Nobody can say whose that token is, nor let anybody in; who was let in goes on.
    assert_heard(&ask_everything(&stranger, &account).await, "UNAVAILABLE");
    let heard = ask_everything(&person, &account).await;
    assert!(heard.iter().any(|code| code == "UNAVAILABLE"), "{heard:?}");
    before.ask().await;
    hear(&stranger).await;
    hear(&person).await;
    proxy.restore();
    eventually("the key store is back", async || before.ask().await.is_empty().then_some(())).await;
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_gone_embedded() {
    let (server, person, account) = server(Way::Embedded).await;
    let mut before = Before::open(&person).await;
    let url = format!("sqlite://{}/kabinet.sqlite?mode=rw", server.setting("KABINET__DATA_DIR"));
    for table in TABLES {
        execute(&url, &format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
    }
    assert_heard(&ask_everything(&person, &account).await, "INTERNAL");
    assert_all(&before.ask().await, "INTERNAL");
    before.end_with("INTERNAL").await;
    hear(&person).await;
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_overwritten_embedded() {
    let (server, person, account) = server(Way::Embedded).await;
    let mut before = Before::open(&person).await;
    for name in ["kabinet.sqlite", "kabinet.sqlite-wal"] {
        let path = std::path::Path::new(&server.setting("KABINET__DATA_DIR")).join(name);
        let mut file = std::fs::File::options().write(true).open(&path).unwrap();
        let length = file.metadata().unwrap().len();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
    }
    let heard = ask_everything(&person, &account).await;
    assert!(heard.iter().any(|code| code == "INTERNAL" || code == "UNAVAILABLE"), "{heard:?}");
    // SQLite still has pages in memory: what the open socket hears may be an answer.
    before.ask().await;
    hear(&person).await;
    server.clean_up().await;
}
