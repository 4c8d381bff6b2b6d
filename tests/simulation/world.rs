//! One world: persons, a kabinet, a bank, a network, a clock, and what happens to them.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{Locale, PaymentMethod};
use entity::exact::Money;
use entity::ids::{PaymentId, PersonalAccountId};
use kabinet::accounts::attachment::AccessProof;
use kabinet::app::{App, Outside};
use kabinet::identity::audit::Origin;
use kabinet::integrators::demo::{DemoPlan, generate};
use kabinet::integrators::import::{Importer, Mode};
use kabinet::kernel::{Clock, EmailAddress, Entropy, Failure, Page, Person};
use kabinet::payments::acquirer::sandbox::outcome::Choice;
use kabinet::payments::acquirer::yookassa::transport::{Broken, Call, Reply};
use kabinet::payments::checkout::{Amount, Checkout, Started};
use kabinet::payments::error::CheckoutRefusal;
use kabinet::platform::failpoint::Failpoints;
use kabinet::platform::mail::Mailer;
use kabinet::platform::outbox::Lane;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::network::{Network, Waiting};

/// What has happened, in all worlds.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub intents: u64,
    pub succeeded: u64,
    pub canceled: u64,
    pub crashes: u64,
    pub lost_requests: u64,
    pub lost_answers: u64,
    pub late_requests: u64,
    pub doubled_requests: u64,
    pub forged: u64,
    pub searches: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.intents, other.intents),
            (&mut self.succeeded, other.succeeded),
            (&mut self.canceled, other.canceled),
            (&mut self.crashes, other.crashes),
            (&mut self.lost_requests, other.lost_requests),
            (&mut self.lost_answers, other.lost_answers),
            (&mut self.late_requests, other.late_requests),
            (&mut self.doubled_requests, other.doubled_requests),
            (&mut self.forged, other.forged),
            (&mut self.searches, other.searches),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
    }
}

/// How the process dies: between two commits, chosen by chance while `armed`.
#[derive(Debug, Default)]
struct Death {
    armed: AtomicBool,
    /// Crossings until the next death; 0 for none.
    left: AtomicU32,
    died: Notify,
}

/// An intent of a person: its key, what was asked, and the payment that was acknowledged for it.
#[derive(Clone, Debug)]
pub struct Intent {
    pub person: usize,
    pub key: String,
    pub checkout: Checkout,
    pub acknowledged: Option<PaymentId>,
}

#[expect(clippy::large_enum_variant, reason = "there are few at a time")]
enum Done {
    Started(usize, Result<Started, Failure<CheckoutRefusal>>),
    Other,
}

#[expect(clippy::large_enum_variant, reason = "there are few at a time")]
enum Ended {
    Done(Done),
    Parked,
    Died,
}

type Running = Pin<Box<dyn Future<Output = Done>>>;

pub struct World {
    pub app: App,
    pub intents: Vec<Intent>,
    pub tally: Tally,
    pub clock: Clock,
    seed: u64,
    tell: bool,
    chance: StdRng,
    network: Network,
    death: Arc<Death>,
    /// By the ticket of the call that each waits for.
    running: Vec<(u64, Running)>,
    /// The bank is out of reach.
    outage: bool,
    /// Sent long ago, and still on their way.
    late: Vec<(DateTime<Utc>, Call)>,
    people: Vec<(Person, PersonalAccountId)>,
    _dir: TempDir,
}

const PEOPLE: [&str; 3] = ["debt", "overpaid", "debt"];

fn tempdir() -> TempDir {
    // Memory, where there is some: what is checked here is no disk.
    if Path::new("/dev/shm").is_dir() { TempDir::new_in("/dev/shm").unwrap() } else { TempDir::new().unwrap() }
}

fn settings(dir: &Path) -> Vec<(String, String)> {
    let own = [
        ("KABINET__DATA_DIR", dir.display().to_string()),
        ("KABINET__DATABASE__MAX_CONNECTIONS", "2".to_owned()),
        ("KABINET__IDENTITY__ARGON2_MEMORY_KIB", "64".to_owned()),
        ("KABINET__IDENTITY__ARGON2_PASSES", "1".to_owned()),
        ("KABINET__PAYMENTS__WAIT_FOR_CALL_MILLISECONDS", "0".to_owned()),
        ("KABINET__PAYMENTS__MINIMUM", "0.01".to_owned()),
        ("KABINET__PAYMENTS__SANDBOX_KOPECKS", "true".to_owned()),
    ];
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn build(dir: &Path, outside: Outside) -> App {
    let config = kabinet::config::Config::load(None, settings(dir).into_iter()).unwrap();
    App::build(config, outside).await.unwrap()
}

fn address(number: usize) -> EmailAddress {
    EmailAddress::stored(format!("person{number}@example.com"))
}

pub struct Template {
    dir: TempDir,
    people: Vec<(Person, PersonalAccountId)>,
}

/// As the other tests have it: 60 accounts, statements of March to May 2026.
fn plan() -> DemoPlan {
    DemoPlan { accounts: 60, months: 3, seed: 11, until: "2026-06".parse().unwrap() }
}

/// A database with persons who have accounts, as every world begins.
pub fn template() -> Template {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = async {
        let (dir, registers) = (tempdir(), tempdir());
        let samples = generate(plan(), registers.path(), &mut |_| {}).unwrap();
        let clock = Clock::fixed(start());
        let outside = Outside { mailer: Some(Mailer::memory()), clock, entropy: Entropy::seeded(3), ..Outside::real() };
        let app = build(dir.path(), outside).await;
        app.mechanisms.db.migrate_up().await.unwrap();
        let report = Importer::new(&app.mechanisms).import(registers.path(), Mode::Write, &|_| {}).await.unwrap();
        assert!(!report.refused(), "the demonstration registers are refused");
        let mut people = Vec::new();
        for (number, note) in PEOPLE.into_iter().enumerate() {
            let identity = &app.services.identity;
            let password = "correct horse 42".to_owned();
            let user_id = identity.create_confirmed(&address(number), password, Locale::Ru).await.unwrap().unwrap();
            let person = Person { user_id, session: String::new(), confirmed: true, scopes: None };
            let sample = samples.accounts.iter().find(|sample| sample.note == note).unwrap();
            let accounts = &app.services.accounts;
            let providers = accounts.list_providers(None, Page::first(100)).await.unwrap();
            let provider = providers.items.into_iter().find(|found| found.row.code == sample.provider_code).unwrap();
            let proof = Some(AccessProof::Pin(sample.pin.clone()));
            let attached = accounts.attach(&person, Origin::inside(), provider.id(), &sample.number, None, proof).await;
            people.push((person, attached.unwrap().id()));
        }
        app.mechanisms.db.clone().close().await;
        Template { dir, people }
    };
    runtime.block_on(made)
}

/// A Saturday.
fn start() -> DateTime<Utc> {
    "2026-06-20T09:00:00Z".parse().unwrap()
}

impl World {
    pub async fn new(seed: u64, template: &Template, tell: bool) -> Self {
        let dir = tempdir();
        for file in ["kabinet.sqlite", "secret.key"] {
            std::fs::copy(template.dir.path().join(file), dir.path().join(file)).unwrap();
        }
        let (clock, network, death) = (Clock::fixed(start()), Network::default(), Arc::new(Death::default()));
        let watched = Arc::clone(&death);
        let failpoints = Failpoints::new(move |name| {
            let death = Arc::clone(&watched);
            Box::pin(async move { death.cross(name).await })
        });
        let outside = Outside {
            clock: clock.clone(),
            entropy: Entropy::seeded(seed),
            mailer: Some(Mailer::memory()),
            bank: Some(Arc::new(network.clone())),
            failpoints,
        };
        let app = build(dir.path(), outside).await;
        network.bank.set(app.sandbox.clone()).unwrap();
        let people = template.people.clone();
        let chance = StdRng::seed_from_u64(seed);
        let (tally, intents, running, late) = (Tally::default(), Vec::new(), Vec::new(), Vec::new());
        Self {
            app,
            intents,
            tally,
            clock,
            seed,
            tell,
            chance,
            network,
            death,
            running,
            late,
            people,
            outage: false,
            _dir: dir,
        }
    }

    pub fn say(&self, what: impl FnOnce() -> String) {
        if self.tell {
            println!("{} {}", self.clock.now().format("%d %H:%M:%S"), what());
        }
    }

    /// Panics with the seed: that is how a story is told again.
    pub fn need(&self, holds: bool, what: impl FnOnce() -> String) {
        assert!(holds, "KABINET_SIMULATE_SEED={}: {}", self.seed, what());
    }

    fn roll(&mut self, sides: u32) -> u32 {
        self.chance.random_range(0..sides)
    }

    fn pick(&mut self, length: usize) -> usize {
        self.chance.random_range(0..length)
    }

    pub async fn live(&mut self, intents: u64) {
        while (self.intents.len() as u64) < intents || !self.running.is_empty() {
            self.happen(intents).await;
        }
    }

    async fn happen(&mut self, intents: u64) {
        let more = (self.intents.len() as u64) < intents;
        match self.roll(100) {
            0..16 if more => self.start().await,
            16..20 if !self.intents.is_empty() => self.start_again().await,
            20..26 if !self.intents.is_empty() => self.look().await,
            26..40 => self.decide().await,
            40..44 => self.forge().await,
            44..62 => self.work().await,
            62..86 if self.network.waiting() > 0 => self.deliver().await,
            86..89 => self.arrive_late().await,
            89..97 => self.pass_time().await,
            97 => self.crash(),
            98 if self.roll(4) == 0 => self.outage = !self.outage,
            _ => {}
        }
    }

    /// Lets an operation of kabinet go on until it ends, waits for the bank, or the process dies.
    async fn step(&mut self, mut operation: Running) {
        if self.roll(24) == 0 {
            let crossings = self.chance.random_range(1..6);
            self.death.left.store(crossings, Ordering::Relaxed);
        }
        self.death.armed.store(true, Ordering::Relaxed);
        let ended = tokio::select! {
            biased;
            () = self.death.died.notified() => Ended::Died,
            done = &mut operation => Ended::Done(done),
            () = self.network.parked.notified() => Ended::Parked,
        };
        self.death.armed.store(false, Ordering::Relaxed);
        match ended {
            Ended::Done(done) => self.done(done),
            Ended::Parked => self.running.push((self.network.newest_ticket(), operation)),
            Ended::Died => {
                drop(operation);
                self.crash();
            }
        }
    }

    fn done(&mut self, done: Done) {
        let Done::Started(number, result) = done else { return };
        match result {
            Ok(Started { payment, .. }) => {
                let before = self.intents[number].acknowledged.replace(payment.id);
                self.say(|| format!("{number} is {} {}", payment.id.0, payment.status.word()));
                self.need(before.is_none_or(|before| before == payment.id), || "one key, two payments".to_owned());
            }
            Err(Failure::Refused(CheckoutRefusal::NothingOwed | CheckoutRefusal::AmountOutOfRange { .. })) => {}
            Err(Failure::Refused(refusal)) => self.need(false, || format!("refused: {refusal:?}")),
            Err(Failure::Fault(fault)) => self.say(|| format!("{number} failed: {fault}")),
        }
    }

    /// Everything that was under way is gone; what had been sent may arrive.
    fn crash(&mut self) {
        self.tally.crashes += 1;
        self.say(|| "crash".to_owned());
        self.death.left.store(0, Ordering::Relaxed);
        self.running.clear();
        for call in self.network.forget_all() {
            if self.roll(2) == 0 {
                self.late.push((self.clock.now(), call));
            }
        }
    }

    fn operation(&self, number: usize, checkout: Checkout) -> Running {
        let (payments, intent) = (Arc::clone(&self.app.services.payments), self.intents[number].clone());
        let person = self.people[intent.person].0.clone();
        Box::pin(async move {
            Done::Started(number, payments.start_payment(&person, Origin::inside(), checkout, &intent.key).await)
        })
    }

    async fn start(&mut self) {
        let person = self.pick(self.people.len());
        let kopecks = i64::from(self.roll(300_000)) + 1;
        let amount = if self.roll(8) == 0 { Amount::CurrentDebt } else { Amount::Custom(Money(kopecks)) };
        let checkout = Checkout {
            personal_account_id: self.people[person].1,
            amount,
            readings: Vec::new(),
            return_url: None,
            receipt_email: None,
            method: PaymentMethod::Any,
        };
        let number = self.intents.len();
        self.say(|| format!("{number} starts: {amount:?}"));
        self.tally.intents += 1;
        self.intents.push(Intent { person, key: number.to_string(), checkout: checkout.clone(), acknowledged: None });
        let operation = self.operation(number, checkout);
        self.step(operation).await;
    }

    /// A client that got no answer, or an impatient person.
    async fn start_again(&mut self) {
        let number = self.pick(self.intents.len());
        self.say(|| format!("{number} starts again"));
        let operation = self.operation(number, self.intents[number].checkout.clone());
        self.step(operation).await;
    }

    async fn look(&mut self) {
        let number = self.pick(self.intents.len());
        let Some(id) = self.intents[number].acknowledged else { return };
        self.say(|| format!("{number} looks"));
        let (payments, person) =
            (Arc::clone(&self.app.services.payments), self.people[self.intents[number].person].0.clone());
        let look = async move {
            if let Ok(Some(payment)) = payments.find_payment(&person, id).await {
                payments.look(payment).await;
            }
            Done::Other
        };
        self.step(Box::pin(look)).await;
    }

    /// Somebody on the bank's page.
    async fn decide(&mut self) {
        let pending = self.pending_at_bank().await;
        if pending.is_empty() {
            return;
        }
        let id = pending[self.pick(pending.len())].clone();
        let choice = match self.roll(10) {
            0 => Choice::Refuse,
            1 => Choice::ThreeDSecureFailed,
            2 => Choice::PayLate,
            3..6 => Choice::Sbp,
            _ => Choice::Card,
        };
        self.say(|| format!("at the bank {id}: {choice:?}"));
        self.app.sandbox.decide(&id, choice).await.unwrap();
    }

    /// Anybody may call the notification's address.
    async fn forge(&mut self) {
        self.tally.forged += 1;
        let all = self.all_at_bank().await;
        let id = if all.is_empty() || self.roll(4) == 0 { "0".repeat(32) } else { all[self.pick(all.len())].clone() };
        let event = ["payment.succeeded", "payment.canceled", "payment.waiting_for_capture", "refund.succeeded"];
        let event = event[self.pick(4)];
        let status = event.rsplit('.').next();
        let body = serde_json::json!({ "event": event, "object": { "id": id, "payment_id": id, "status": status, "paid": true } });
        let payments = Arc::clone(&self.app.services.payments);
        let take = async move {
            let _ = payments.take_notification("sandbox", body.to_string().as_bytes()).await;
            Done::Other
        };
        self.step(Box::pin(take)).await;
    }

    async fn work(&mut self) {
        let lane = if self.roll(4) == 0 { Lane::Letters } else { Lane::Effects };
        let Some(job) = self.app.mechanisms.outbox.lease(lane, 1).await.unwrap().pop() else { return };
        self.say(|| format!("job {} {}", job.kind, job.payload));
        let worker = self.app.worker.clone();
        let work = async move {
            worker.carry_out(job).await;
            Done::Other
        };
        self.step(Box::pin(work)).await;
    }

    /// Decides what becomes of a call, and lets its caller go on.
    async fn deliver(&mut self) {
        let number = self.pick(self.network.waiting());
        let Waiting { ticket, call, answer } = self.network.take(number);
        if call.path.starts_with("/payments?") {
            self.tally.searches += 1;
        }
        let unanswered = || Err(Broken::Unanswered("lost".to_owned()));
        let fate = if self.outage { [0, 10, 26][self.pick(3)] } else { self.roll(100) };
        self.say(|| format!("{} {} meets {fate}", call.method, call.path));
        let reply = match fate {
            0..6 => {
                self.tally.lost_requests += 1;
                unanswered()
            }
            6..10 => Err(Broken::NotSent("no connection".to_owned())),
            10..20 => {
                self.tally.lost_answers += 1;
                let _ = self.network.arrive(&call).await;
                unanswered()
            }
            20..26 => {
                self.tally.late_requests += 1;
                self.late.push((self.clock.now(), call.clone()));
                unanswered()
            }
            26..30 => Ok(Reply { status: 502, body: b"<html>".to_vec() }),
            30..34 => {
                self.tally.doubled_requests += 1;
                let _ = self.network.arrive(&call).await;
                self.network.arrive(&call).await
            }
            _ => self.network.arrive(&call).await,
        };
        let _ = answer.send(reply);
        self.go_on(ticket).await;
    }

    async fn arrive_late(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let number = self.pick(self.late.len());
        let (_, call) = self.late.remove(number);
        self.say(|| format!("late {} {}", call.method, call.path));
        let _ = self.network.arrive(&call).await;
    }

    /// Nothing is on its way for longer than a quarter of an hour.
    async fn pass_time(&mut self) {
        let seconds = match self.roll(20) {
            0..8 => 1,
            8..14 => 10,
            14..18 => 60,
            18 => 600,
            _ if self.outage => 21_600,
            _ => 7_200,
        };
        if seconds >= 10 {
            self.time_out().await;
        }
        self.clock.advance(TimeDelta::seconds(seconds));
        let oldest = self.clock.now() - TimeDelta::minutes(15);
        self.late.retain(|(sent, _)| *sent > oldest);
    }

    /// No call waits for longer than nine seconds.
    async fn time_out(&mut self) {
        while self.network.waiting() > 0 {
            let Waiting { ticket, call, answer } = self.network.take(0);
            if self.roll(2) == 0 {
                self.late.push((self.clock.now(), call));
            }
            let _ = answer.send(Err(Broken::Unanswered("too late".to_owned())));
            self.go_on(ticket).await;
        }
    }

    async fn go_on(&mut self, ticket: u64) {
        if let Some(place) = self.running.iter().position(|(waiting, _)| *waiting == ticket) {
            let (_, operation) = self.running.remove(place);
            self.step(operation).await;
        }
    }

    async fn bank_ids(&self, which: &str) -> Vec<String> {
        let read = self.app.mechanisms.db.read();
        let sql = format!("SELECT id FROM sandbox_payments {which} ORDER BY created_at, id");
        let rows = read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get("", "id").unwrap()).collect()
    }

    pub async fn pending_at_bank(&self) -> Vec<String> {
        self.bank_ids("WHERE status = 'pending'").await
    }

    pub async fn all_at_bank(&self) -> Vec<String> {
        self.bank_ids("").await
    }

    /// Everything is well from now on, for as long as it takes.
    pub async fn end(mut self) -> Tally {
        self.late.clear();
        self.outage = false;
        // Those that still wait are answered by nobody: the process ends, and begins anew.
        self.crash();
        self.late.clear();
        for _ in 0..60 {
            self.drain().await;
            self.clock.advance(TimeDelta::minutes(45));
        }
        self.drain().await;
        self.check().await;
        self.app.mechanisms.db.clone().close().await;
        self.tally
    }

    async fn drain(&mut self) {
        for lane in [Lane::Effects, Lane::Letters] {
            while let Some(job) = self.app.mechanisms.outbox.lease(lane, 1).await.unwrap().pop() {
                self.say(|| format!("at the end {} {}", job.kind, job.payload));
                let worker = self.app.worker.clone();
                let mut work = Box::pin(async move { worker.carry_out(job).await });
                loop {
                    tokio::select! {
                        biased;
                        () = &mut work => break,
                        () = self.network.parked.notified() => if self.network.waiting() > 0 {
                            let Waiting { call, answer, .. } = self.network.take(0);
                            if call.path.starts_with("/payments?") {
                                self.tally.searches += 1;
                            }
                            let _ = answer.send(self.network.arrive(&call).await);
                        }
                    }
                }
            }
        }
    }
}

impl Death {
    async fn cross(&self, _: &'static str) {
        if !self.armed.load(Ordering::Relaxed) || self.left.load(Ordering::Relaxed) == 0 {
            return;
        }
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}
