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
mod check;
mod network;
mod tally;
mod template;
mod traffic;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tally::Tally;
use template::Template;
use world::World;

/// Intents to pay in one world.
const INTENTS: u64 = 40;
const BY_DEFAULT: u64 = 2_000;
/// In so many histories everything happens; `make test` lives them.
const OF_EVERYTHING: u64 = 20_000;

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

#[test]
fn no_money_is_lost_doubled_or_invented() {
    let template = template::template();
    if let Some(seed) = number("KABINET_SIMULATE_SEED") {
        println!("{:?}", live(seed, &template, true));
        return;
    }
    let histories = number("KABINET_SIMULATE").unwrap_or(BY_DEFAULT);
    let first = number("KABINET_SIMULATE_FROM").unwrap_or(1);
    let (worlds, next) = (histories.div_ceil(INTENTS), AtomicU64::new(0));
    let total = std::sync::Mutex::new(Tally::default());
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= worlds {
                        break;
                    }
                    let tally = live(first + number, &template, false);
                    total.lock().unwrap().add(&tally);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("{total:?}");
    assert!(total.intents >= histories, "{total:?}");
    // A world without faults proves nothing.
    let faults = [
        total.crashes,
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
    ];
    assert!(faults.iter().all(|count| *count > 0), "{total:?}");
    // A month of an autopay that is announced, due, and paid within a world's day or two is rare.
    assert!(total.autopaid > 0 || histories < OF_EVERYTHING, "{total:?}");
}
