//! One world: persons, a kabinet, a bank, a network, a clock, and what happens to them.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use entity::enums::ReceiptMode;
use entity::ids::{PaymentId, PersonalAccountId, UserId};
use kabinet::app::{App, Outside};
use kabinet::kernel::{Clock, Failure};
use kabinet::payments::acquirer::yookassa::transport::Call;
use kabinet::payments::checkout::{Checkout, Started};
use kabinet::payments::error::CheckoutRefusal;
use kabinet::payments::terms::PaymentTerms;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::network::Network;
use super::process::{Death, outside};
use super::tally::Tally;
use super::template::{Payer, Template, build, start, tempdir};

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
    /// A payer gave a payment up.
    GivenUp,
    /// A provider posted so many rows.
    Posted(u64),
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
    pub(super) death: Arc<Death>,
    /// What every process of this world is built with.
    pub(super) outside: Outside,
    /// By the ticket of the call that each waits for.
    pub(super) running: Vec<(u64, Running)>,
    /// The bank is out of reach.
    pub(super) outage: bool,
    /// Sent long ago, and still on their way.
    pub(super) late: Vec<(DateTime<Utc>, Call)>,
    pub(super) people: Vec<Payer>,
    /// When faults have ended.
    pub(super) quiet_since: Option<DateTime<Utc>>,
    /// Payments by themselves that were looked at when they began.
    pub(super) begun: BTreeSet<PaymentId>,
    /// Whose autopay of which account was taken back, or was about to be: its months are gone.
    pub(super) gone: BTreeSet<(UserId, PersonalAccountId)>,
    pub(super) dir: TempDir,
}

impl World {
    pub async fn new(seed: u64, template: &Template, tell: bool) -> Self {
        let dir = tempdir();
        for file in ["kabinet.sqlite", "secret.key"] {
            std::fs::copy(template.dir.path().join(file), dir.path().join(file)).unwrap();
        }
        let (clock, network, death) = (Clock::fixed(start()), Network::default(), Arc::new(Death::default()));
        let outside = outside(seed, &clock, &network, &death);
        let app = build(dir.path(), outside.clone()).await;
        network.connect(app.sandbox.clone());
        // In half of the worlds there are fiscal receipts.
        for terms in template.terms.iter().filter(|_| seed.is_multiple_of(2)) {
            let terms = PaymentTerms { receipt: ReceiptMode::WithPayment, ..terms.clone() };
            app.services.payments.set_terms(terms).await.unwrap();
        }
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
            outside,
            running,
            late,
            people,
            outage: false,
            quiet_since: None,
            begun: BTreeSet::new(),
            gone: BTreeSet::new(),
            dir,
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
        match self.roll(108) {
            0..16 if more => self.start().await,
            16..20 if !self.intents.is_empty() => self.start_again().await,
            20..26 if !self.intents.is_empty() => self.look().await,
            26..36 => self.decide().await,
            40..44 => self.forge().await,
            44..58 | 104..108 => self.work().await,
            58 | 100..102 => self.bill().await,
            59 | 60 => self.order_autopay().await,
            39 => self.change_autopay().await,
            61 => self.write_registers().await,
            62..86 if self.network.waiting() > 0 => self.deliver().await,
            86..89 => self.arrive_late().await,
            89..97 => self.pass_time().await,
            97 => self.crash().await,
            36..38 if !self.intents.is_empty() => self.refund().await,
            38 => self.refund_at_bank().await,
            98 if self.roll(4) == 0 => self.outage = !self.outage,
            99 => self.post().await,
            102..104 if !self.intents.is_empty() => self.cancel().await,
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
                self.crash().await;
            }
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Started(number, result) => self.started(number, result),
            Done::GivenUp => self.tally.cancels += 1,
            Done::Posted(rows) => self.tally.postings += rows,
            Done::Other => {}
        }
    }

    fn started(&mut self, number: usize, result: Result<Started, Failure<CheckoutRefusal>>) {
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
}
