//! One world: persons, a kabinet, a bank, a network, a clock, and what happens to them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use entity::ids::PaymentId;
use kabinet::app::{App, Outside};
use kabinet::kernel::{Clock, Entropy, Failure};
use kabinet::payments::acquirer::yookassa::transport::Call;
use kabinet::payments::checkout::{Checkout, Started};
use kabinet::payments::error::CheckoutRefusal;
use kabinet::platform::failpoint::Failpoints;
use kabinet::platform::mail::Mailer;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::network::Network;
use super::tally::Tally;
use super::template::{Payer, Template, build, start, tempdir};

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
pub(super) enum Done {
    Started(usize, Result<Started, Failure<CheckoutRefusal>>),
    Other,
}

#[expect(clippy::large_enum_variant, reason = "there are few at a time")]
enum Ended {
    Done(Done),
    Parked,
    Died,
}

pub(super) type Running = Pin<Box<dyn Future<Output = Done>>>;

pub struct World {
    pub app: App,
    pub intents: Vec<Intent>,
    pub tally: Tally,
    pub clock: Clock,
    seed: u64,
    tell: bool,
    chance: StdRng,
    pub(super) network: Network,
    death: Arc<Death>,
    /// By the ticket of the call that each waits for.
    pub(super) running: Vec<(u64, Running)>,
    /// The bank is out of reach.
    pub(super) outage: bool,
    /// Sent long ago, and still on their way.
    pub(super) late: Vec<(DateTime<Utc>, Call)>,
    pub(super) people: Vec<Payer>,
    /// A day has passed in which nobody did anything.
    pub(super) slept: bool,
    _dir: TempDir,
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
            slept: false,
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

    pub(super) fn roll(&mut self, sides: u32) -> u32 {
        self.chance.random_range(0..sides)
    }

    pub(super) fn pick(&mut self, length: usize) -> usize {
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
            26..36 => self.decide().await,
            40..44 => self.forge().await,
            44..58 => self.work().await,
            58 => self.bill().await,
            59 | 60 => self.order_autopay().await,
            39 if self.roll(3) == 0 => self.pause_autopay().await,
            61 => self.write_registers().await,
            62..86 if self.network.waiting() > 0 => self.deliver().await,
            86..89 => self.arrive_late().await,
            89..97 => self.pass_time().await,
            97 => self.crash(),
            36..38 if !self.intents.is_empty() => self.refund().await,
            38 => self.refund_at_bank().await,
            98 if self.roll(4) == 0 => self.outage = !self.outage,
            _ => {}
        }
    }

    /// Lets an operation of kabinet go on until it ends, waits for the bank, or the process dies.
    pub(super) async fn step(&mut self, mut operation: Running) {
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
            Err(Failure::Refused(CheckoutRefusal::Other { refusal, .. }))
                if *refusal == CheckoutRefusal::NothingOwed => {}
            Err(Failure::Refused(refusal)) => self.need(false, || format!("refused: {refusal:?}")),
            Err(Failure::Fault(fault)) => self.say(|| format!("{number} failed: {fault}")),
        }
    }

    /// Everything that was under way is gone; what had been sent may arrive.
    pub(super) fn crash(&mut self) {
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
