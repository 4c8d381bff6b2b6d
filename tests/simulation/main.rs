//! Payments under every fault that we can think of, in worlds that a seed decides: a virtual clock, a virtual network between
//! kabinet and the sandbox bank, and crashes at every commit and at every call, over the real code on SQLite.
//!
//! `make test` lives 20,000 histories (one history: one intent to pay), `cargo test` 2,000, `make simulate` a million. A violation names its seed;
//! `KABINET_SIMULATE_SEED=… cargo test --test simulation -- --nocapture` tells that world's story again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod acts;
mod autopay;
mod autopay_check;
mod check;
mod network;
mod process;
mod tally;
mod template;
mod traffic;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tally::Tally;
use template::Template;
use world::World;

/// Intents to pay in one world.
const INTENTS: u64 = 40;
const BY_DEFAULT: u64 = 2_000;
/// In so many histories everything happens, dozens of times; `make test` lives them.
const OF_EVERYTHING: u64 = 20_000;
/// Worlds between two words about how far we are.
const WORLDS_A_WORD: u64 = 500;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// A runtime of one thread: what happens is decided by the seed alone.
fn live(seed: u64, template: &Template, tell: bool) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = async {
        let mut world = World::new(seed, template, tell).await;
        world.live(INTENTS).await;
        Box::pin(world.end()).await
    };
    runtime.block_on(world)
}

/// A world is two threads that wait for one another, SQLite's being the other: on one core they do so a third faster.
#[cfg(target_os = "linux")]
fn stay_on(core: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None).unwrap();
    let own = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).nth(core).unwrap();
    let mut only = CpuSet::new();
    only.set(own);
    sched_setaffinity(None, &only).unwrap();
}

#[cfg(not(target_os = "linux"))]
fn stay_on(_: usize) {}

/// All worlds from the seed `first` on, on every core; and the seeds of those that broke a rule. Such a world has said which, and
/// the others are lived all the same: a long run finds what there is, not the first of it.
fn live_all(first: u64, worlds: u64, template: &Template) -> (Tally, Vec<u64>) {
    let (next, total, violations) = (AtomicU64::new(0), Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let one_after_another = &|| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= worlds {
                break;
            }
            let seed = first + number;
            match catch_unwind(AssertUnwindSafe(|| live(seed, template, false))) {
                Ok(tally) => total.lock().unwrap().add(&tally),
                Err(_) => violations.lock().unwrap().push(seed),
            }
            if (number + 1).is_multiple_of(WORLDS_A_WORD) {
                let broken = violations.lock().unwrap().len();
                println!("{} of {worlds} worlds, violations: {broken}", number + 1);
            }
        }
    };
    thread::scope(|scope| {
        for core in 0..threads {
            scope.spawn(move || {
                stay_on(core);
                one_after_another();
            });
        }
    });
    (total.into_inner().unwrap(), violations.into_inner().unwrap())
}

#[test]
fn no_money_is_lost_doubled_or_invented() {
    let template = template::template();
    if let Some(seed) = number("KABINET_SIMULATE_SEED") {
        println!("{:?}", live(seed, &template, true));
        return;
    }
    let histories = number("KABINET_SIMULATE").unwrap_or(BY_DEFAULT);
    let first = number("KABINET_SIMULATE_FROM").unwrap_or(1);
    let worlds = histories.div_ceil(INTENTS);
    let (total, violations) = live_all(first, worlds, &template);
    println!("{total:?}\nhistories: {}, violations: {}", total.intents, violations.len());
    assert!(violations.is_empty(), "KABINET_SIMULATE_SEED of each: {violations:?}");
    assert!(total.intents >= histories, "{total:?}");
    // A world without faults proves nothing.
    let faults = [
        total.crashes,
        total.restarts,
        total.lost_answers,
        total.lost_requests,
        total.late_requests,
        total.forged,
        total.searches,
        total.refunds,
        total.refunds_by_bank,
        total.refunded,
        total.together,
        total.registers,
        total.returns,
        total.cancels,
        total.postings,
    ];
    assert!(faults.iter().all(|count| *count > 0), "{total:?}");
    // A few to a world, so a handful of worlds may lack one of these.
    let rare =
        [total.autopaid, total.autopay_failures, total.autopays_given_up, total.autopays_above, total.refunds_given_up];
    assert!(rare.iter().all(|count| *count > 0) || histories < OF_EVERYTHING, "{total:?}");
}
