//! A shop, its bank, and what stands between them and under them.

use std::collections::BTreeSet;
use std::time::Duration;

use kabinet::integrators::demo::Sample;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};

use super::{Fault, PLACES, Stage};
use crate::harness::{
    Backend, Customer, FaultProxy, Full, OwnPostgres, OwnRedis, PASSWORD, Server, Trouble, Way, eventually, execute,
    kabinet, sample,
};

pub const SHOP: &str = "100500";
pub const KEY: &str = "test_key";
const EMAIL: &str = "anna@example.com";
const START: &str = "mutation($input: StartPaymentInput!) { startPayment(input: $input) {
    payment { id } replayed userErrors { code } } }";
const SIGN_IN: &str = "mutation($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }";
const CANCEL: &str = "mutation($input: CancelPaymentInput!) { cancelPayment(input: $input) {
    payment { status } userErrors { code } } }";
/// How requests to the bank begin.
const CREATES: &str = "POST /sandbox/v3/payments HTTP/";
const GIVES_BACK: &str = "POST /sandbox/v3/refunds HTTP/";
const PAYMENT: &str = "query($id: ID!) { node(id: $id) { ... on Payment { status confirmationUrl } } }";

/// A payment that was acknowledged, and how it must end.
pub struct Known {
    pub id: String,
    pub end: &'static str,
}

impl Known {
    /// The bank never makes it, or leaves it pending for ever.
    pub fn is_open(&self) -> bool {
        matches!(self.end, "UNKNOWN" | "PENDING")
    }
}

pub struct World {
    pub gateway: Server,
    pub bank: Server,
    between: FaultProxy,
    pub postgres: OwnPostgres,
    pub database: String,
    redis: OwnRedis,
    anna: Customer,
    account: String,
    /// Of the same provider.
    other: String,
    pub known: Vec<Known>,
    /// Places at which a process has died.
    died_at: BTreeSet<&'static str>,
    /// The fault that is lived through, for whoever reads of a failure.
    during: String,
}

fn set(server: &mut Server, settings: &[(&str, &str)]) {
    server.environment.extend(settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
}

impl World {
    pub async fn start() -> Self {
        let (postgres, redis) = (OwnPostgres::start().await, OwnRedis::start().await);
        execute(&postgres.url, "CREATE DATABASE kabinet").await;
        let full = Full { server: postgres.url.clone(), database: "kabinet".to_owned(), redis: redis.url.clone() };
        let backend = Backend { dir: tempfile::tempdir().unwrap(), full: Some(full) };
        backend.load().await;
        let mut gateway = Server::on(backend, Way::Full).await;
        let mut bank = Server::on(Box::pin(Backend::prepare(Way::Embedded)).await, Way::Embedded).await;
        let told = format!("{}/acquirers/yookassa/notifications", gateway.url);
        set(
            &mut bank,
            &[
                ("KABINET__PAYMENTS__SANDBOX_SHOP_ID", SHOP),
                ("KABINET__PAYMENTS__SANDBOX_SECRET_KEY", KEY),
                ("KABINET__PAYMENTS__SANDBOX_NOTIFICATION_URL", &told),
            ],
        );
        let between = FaultProxy::before(bank.url.strip_prefix("http://").unwrap()).await;
        let url = format!("http://{}/sandbox/v3", between.address);
        set(
            &mut gateway,
            &[
                ("KABINET__PAYMENTS__ACQUIRER", "yookassa"),
                ("KABINET__PAYMENTS__YOOKASSA_SHOP_ID", SHOP),
                ("KABINET__PAYMENTS__YOOKASSA_SECRET_KEY", KEY),
                ("KABINET__PAYMENTS__YOOKASSA_URL", &url),
                ("KABINET__PAYMENTS__YOOKASSA_TIMEOUT_MILLISECONDS", "1500"),
                ("KABINET__PAYMENTS__YOOKASSA_NOTIFICATION_NETWORKS", "127.0.0.1"),
                ("KABINET__PAYMENTS__WAIT_FOR_CALL_MILLISECONDS", "300"),
            ],
        );
        bank.start_again().await;
        gateway.start_again().await;
        let mut anna = gateway.customer();
        anna.register(EMAIL).await;
        let token = gateway.confirmation_token(EMAIL).await;
        anna.confirm(&token).await;
        anna.sign_in(EMAIL).await;
        let debtor = sample("debt");
        let account = anna.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
        let database = postgres.url.replace("/postgres", "/kabinet");
        let (number, pin) = neighbour(&database, debtor).await;
        let other = anna.attach(&debtor.provider_code, &number, Some(&pin)).await;
        let (known, died_at, during) = (Vec::new(), BTreeSet::new(), String::new());
        Self { gateway, bank, between, postgres, database, redis, anna, account, other, known, died_at, during }
    }

    /// One payment, begun, paid or given up, with a fault at its stage; then everything must be as if there had been none.
    pub async fn live_through(&mut self, number: usize, fault: Fault, stage: Stage) {
        self.during = format!("{number} {fault:?} at {stage:?}");
        let kopecks = if let Fault::Kopecks(kopecks) = fault { kopecks } else { 0 };
        let roubles = 100 + i64::try_from(number).unwrap();
        let mut input = json!({
            "personalAccountId": self.account, "amount": { "custom": format!("{roubles}.{kopecks:02}") },
            "idempotencyKey": format!("fault-{number}"),
        });
        // Every third pays two accounts at once.
        if number % 3 == 2 {
            input["otherAccounts"] = json!([{ "personalAccountId": self.other, "amount": { "custom": "7.00" } }]);
        }
        let begun = if stage == Stage::Start { self.with_fault(fault, START, &input, CREATES).await } else { None };
        let id = self.acknowledged(&input).await;
        let first = begun.as_ref().and_then(|payload| payload["payment"]["id"].as_str());
        assert!(first.is_none_or(|first| first == id), "{fault:?}: one key, two payments");
        let end = match (kopecks, stage) {
            (1..=3, _) | (_, Stage::Cancel) => "CANCELED",
            (4, _) => "PENDING",
            (6, _) => "UNKNOWN",
            (10, _) => "PARTIALLY_REFUNDED",
            (_, Stage::Refund) => "REFUNDED",
            _ => "SUCCEEDED",
        };
        self.known.push(Known { id: id.clone(), end });
        match stage {
            Stage::Cancel => {
                let canceled = format!("POST {}/cancel ", bank_path(&self.url_of(&id).await));
                self.with_fault(fault, CANCEL, &json!({ "id": id }), &canceled).await;
                eventually("the payment is given up", async || {
                    let payload = self.ask(CANCEL, &json!({ "input": { "id": id } })).await?;
                    (payload["cancelPayment"]["payment"]["status"] == "CANCELED").then_some(())
                })
                .await;
            }
            _ if end == "UNKNOWN" => {}
            _ => self.pay(&id, fault, stage).await,
        }
        if stage == Stage::Refund {
            self.ends(&id, "SUCCEEDED").await;
            self.refund(&id, fault).await;
        }
        self.ends(&id, end).await;
        self.check(&self.during).await;
    }

    async fn pay(&mut self, id: &str, fault: Fault, stage: Stage) {
        let url = self.url_of(id).await;
        if stage == Stage::Settle {
            // A dead bank takes nothing: it dies when it has, before or after it tells of it.
            if fault == Fault::BankDies {
                pay_at(&url).await;
            }
            self.break_it(fault).await;
            pay_at(&url).await;
            if let Fault::Kill(milliseconds) = fault {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
            // The gateway hears of it by and by, and then asks.
            self.is_met(fault, &format!("GET {} ", bank_path(&url))).await;
            self.mend(fault).await;
        }
        eventually("the bank takes the money", async || pay_at(&url).await).await;
    }

    /// A broken network has done nothing until the request that it is meant for has met it. Of the other faults, what
    /// is killed, stopped or emptied is so at once; a place at which to die is waited for where it is mended; and that
    /// the bank goes by the kopecks is seen by how payments end.
    async fn is_met(&self, fault: Fault, request: &str) {
        if matches!(fault, Fault::Network(_)) {
            let met = format!("{}: it meets \"{request}\"", self.during);
            eventually(&met, async || self.between.met_by(request).then_some(())).await;
        }
    }

    /// Sends a mutation while it is broken; the payload when it was acknowledged all the same. `request`: what it makes
    /// the gateway send to the bank.
    async fn with_fault(
        &mut self,
        fault: Fault,
        mutation: &'static str,
        input: &Value,
        request: &str,
    ) -> Option<Value> {
        self.break_it(fault).await;
        let (anna, variables) = (self.anna.clone(), json!({ "input": input }));
        let sent = tokio::spawn(async move { send(&anna, mutation, &variables).await });
        match fault {
            Fault::Kill(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            Fault::Failpoint(..) => {}
            // It is mended while the call is under way, or after it.
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
        let answered = if matches!(fault, Fault::Network(_) | Fault::Failpoint(..) | Fault::Kopecks(_)) {
            let answered = sent.await.unwrap();
            self.is_met(fault, request).await;
            self.mend(fault).await;
            answered
        } else {
            self.mend(fault).await;
            sent.await.unwrap()
        };
        let data = answered?;
        let payload = data.as_object()?.values().next()?.clone();
        payload["payment"].is_object().then_some(payload)
    }

    async fn break_it(&mut self, fault: Fault) {
        match fault {
            Fault::Network(trouble) => self.between.set(trouble),
            Fault::Failpoint(place, count) => {
                self.gateway.kill();
                self.gateway.environment.push(("KABINET_FAILPOINT".to_owned(), format!("{place}:{count}")));
                self.gateway.begin();
                self.gateway.environment.pop();
                self.gateway.ready_or_ended().await;
            }
            Fault::PostgresStops => self.postgres.stop_at_once(),
            Fault::RedisDies => self.redis.kill(),
            Fault::RedisForgets => self.redis.flush().await,
            Fault::BankDies => self.bank.kill(),
            Fault::Kill(_) | Fault::Kopecks(_) => {}
        }
    }

    async fn mend(&mut self, fault: Fault) {
        match fault {
            Fault::Network(_) => self.between.set(Trouble::None),
            Fault::Failpoint(place, _) => {
                // A commit that the payment has not come to is one of the job that looks at it ten seconds later.
                let died = self.gateway.ended_within(Duration::from_secs(25)).await;
                assert!(died, "{}: no process has died there", self.during);
                self.died_at.insert(place);
                self.gateway.start_again().await;
            }
            Fault::Kill(_) => {
                self.gateway.kill();
                self.gateway.start_again().await;
            }
            Fault::PostgresStops => self.postgres.start_again(),
            Fault::RedisDies => self.redis.start_again().await,
            Fault::BankDies => self.bank.start_again().await,
            Fault::RedisForgets | Fault::Kopecks(_) => {}
        }
        // A session that is gone may be remembered for a moment.
        if matches!(fault, Fault::RedisDies | Fault::RedisForgets) {
            self.anna.token = None;
        }
        self.come_back().await;
    }

    /// Everything answers, and the person is signed in again where their session is gone.
    async fn come_back(&mut self) {
        self.gateway.ready().await;
        let token = self.anna.token.take();
        self.anna = self.gateway.customer();
        self.anna.token = token;
        let signed_in = eventually("the person is known or not", async || {
            Some(send(&self.anna, "{ viewer { id } }", &json!({})).await?["viewer"].is_object())
        });
        if !signed_in.await {
            self.anna.token = None;
            let input = json!({ "input": { "email": EMAIL, "password": PASSWORD } });
            let token = eventually("the person signs in", async || {
                let data = send(&self.anna, SIGN_IN, &input).await?;
                data["signIn"]["token"].as_str().map(str::to_owned)
            });
            self.anna.token = Some(token.await);
        }
    }

    async fn ask(&self, query: &'static str, variables: &Value) -> Option<Value> {
        send(&self.anna, query, variables).await
    }

    /// Repeated with the same key until there is an answer.
    async fn acknowledged(&self, input: &Value) -> String {
        eventually("the start is acknowledged", async || {
            let data = self.ask(START, &json!({ "input": input })).await?;
            data["startPayment"]["payment"]["id"].as_str().map(str::to_owned)
        })
        .await
    }

    async fn url_of(&self, id: &str) -> String {
        eventually("the bank knows the payment", async || {
            let data = self.ask(PAYMENT, &json!({ "id": id })).await?;
            data["node"]["confirmationUrl"].as_str().map(str::to_owned)
        })
        .await
    }

    async fn ends(&self, id: &str, end: &str) {
        eventually("the payment ends", async || {
            let data = self.ask(PAYMENT, &json!({ "id": id })).await?;
            (data["node"]["status"] == end).then_some(())
        })
        .await;
    }

    /// An operator's process dies in the middle, or gets through to nobody; the server finishes what it began.
    async fn refund(&mut self, id: &str, fault: Fault) {
        let mut environment = self.gateway.environment.clone();
        match fault {
            Fault::Failpoint(place, count) => {
                environment.push(("KABINET_FAILPOINT".to_owned(), format!("{place}:{count}")));
            }
            Fault::Network(_) => self.break_it(fault).await,
            _ => panic!("{fault:?} at a refund"),
        }
        let arguments = ["refunds", "make", id, "--reason", "test", "--by", "op"];
        let mut command = kabinet(&arguments, &environment);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        if let Fault::Failpoint(place, _) = fault {
            assert!(output.status.code().is_none(), "{}: it dies: {output:?}", self.during);
            self.died_at.insert(place);
        } else {
            assert!(output.status.success(), "{}: what was asked for is recorded: {output:?}", self.during);
            self.is_met(fault, GIVES_BACK).await;
            self.mend(fault).await;
        }
    }

    /// `all`: every fault was lived through.
    pub async fn end(self, all: bool) {
        self.check_end().await;
        let missed: Vec<_> = PLACES.iter().filter(|place| !self.died_at.contains(*place)).collect();
        assert!(missed.is_empty() || !all, "no process died at {missed:?}");
        let (met, payments) = (self.between.met(), self.known.len());
        println!("{payments} faults, {met} pieces of requests met a broken network: books and bank agree");
        let Self { gateway, bank, postgres, redis, .. } = self;
        bank.clean_up().await;
        gateway.stop_for_good();
        drop((redis, postgres));
    }
}

/// Where the bank has the payment, below its address: its page has the same name for it.
fn bank_path(page: &str) -> String {
    format!("/sandbox/v3/payments/{}", page.rsplit('/').next().unwrap())
}

/// Number and PIN of another account of the provider.
async fn neighbour(database: &str, of: &Sample) -> (String, String) {
    let db = Database::connect(database).await.unwrap();
    let sql = format!(
        "SELECT a.number, a.pin FROM personal_accounts a JOIN providers p ON p.id = a.provider_id \
         WHERE p.code = '{}' AND a.number <> '{}' AND a.pin IS NOT NULL ORDER BY a.number LIMIT 1",
        of.provider_code, of.number
    );
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    let found = (row.try_get("", "number").unwrap(), row.try_get("", "pin").unwrap());
    db.close().await.unwrap();
    found
}

/// Data of an answer without errors.
async fn send(person: &Customer, query: &str, variables: &Value) -> Option<Value> {
    let mut request = reqwest::Client::new().post(format!("{}/graphql", person.url));
    if let Some(token) = &person.token {
        request = request.bearer_auth(token);
    }
    let request = request.timeout(Duration::from_secs(20)).json(&json!({ "query": query, "variables": variables }));
    let mut answer: Value = request.send().await.ok()?.json().await.ok()?;
    answer.get("errors").is_none().then(|| answer["data"].take())
}

async fn pay_at(url: &str) -> Option<()> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body("outcome=pay");
    let status = request.timeout(Duration::from_secs(20)).send().await.ok()?.status();
    (status == 303).then_some(())
}
