//! Payments through the real binary with PostgreSQL, Redis and a bank of its own behind HTTP, each of which fails: after every
//! fault the books are looked at.

mod check;
mod world;

use std::ops::Range;
use std::time::Instant;

use crate::harness::Trouble;
use world::World;

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// While the payment is started.
    Start,
    /// While the payer pays and the bank tells of it.
    Settle,
    /// While the payer gives the payment up.
    Cancel,
    /// While an operator gives the money back.
    Refund,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// On the way to the bank.
    Network(Trouble),
    /// What the bank does wrong by itself.
    Kopecks(i64),
    /// The process ends where it crosses the place for the n-th time.
    Failpoint(&'static str, u32),
    /// The process is killed after so many milliseconds.
    Kill(u64),
    PostgresStops,
    RedisDies,
    RedisForgets,
    BankDies,
}

use Fault::{BankDies, Failpoint, Kill, Kopecks, Network, PostgresStops, RedisDies, RedisForgets};
use Stage::{Cancel, Refund, Settle, Start};

/// Every one of them must have been crossed by a process that died there.
pub const PLACES: [&str; 10] = [
    "before_create",
    "after_create",
    "before_read",
    "after_read",
    "before_commit",
    "after_commit",
    "before_cancel",
    "after_cancel",
    "before_refund",
    "after_refund",
];

/// What a network does.
const NETWORK: [Trouble; 4] = [Trouble::Latency(200), Trouble::ResetAfterSend, Trouble::BlackHole, Trouble::Refuse];

fn faults() -> Vec<(Fault, Stage)> {
    let mut faults = Vec::new();
    for _ in 0..2 {
        for trouble in NETWORK {
            faults.extend([(Network(trouble), Start), (Network(trouble), Settle)]);
        }
    }
    for trouble in NETWORK {
        faults.extend([(Network(trouble), Cancel), (Network(trouble), Refund)]);
    }
    // .19 loses a fiscal receipt, and no payment here asks for one.
    faults.extend(
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18].map(|kopecks| (Kopecks(kopecks), Start)),
    );
    faults.extend(["before_create", "after_create"].map(|place| (Failpoint(place, 1), Start)));
    faults.extend(["before_read", "after_read"].map(|place| (Failpoint(place, 1), Settle)));
    for count in 1..=4 {
        faults.extend([(Failpoint("before_commit", count), Start), (Failpoint("after_commit", count), Start)]);
    }
    for count in 1..=3 {
        faults.extend([(Failpoint("before_commit", count), Settle), (Failpoint("after_commit", count), Settle)]);
    }
    faults.extend(["before_cancel", "after_cancel"].map(|place| (Failpoint(place, 1), Cancel)));
    faults.extend(["before_refund", "after_refund"].map(|place| (Failpoint(place, 1), Refund)));
    faults.extend([5, 20, 40, 80].map(|milliseconds| (Kill(milliseconds), Start)));
    faults.extend([10, 60].map(|milliseconds| (Kill(milliseconds), Settle)));
    for stage in [Start, Settle] {
        faults.extend([(PostgresStops, stage); 3]);
        faults.extend([
            (RedisDies, stage),
            (RedisDies, stage),
            (RedisForgets, stage),
            (BankDies, stage),
            (BankDies, stage),
        ]);
    }
    faults
}

/// `KABINET_FAULTS=30..40` for those of these numbers only.
fn wanted() -> Option<Range<usize>> {
    let text = std::env::var("KABINET_FAULTS").ok()?;
    let (from, to) = text.split_once("..").expect("KABINET_FAULTS is like 30..40");
    Some(from.parse().unwrap()..to.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_loses_doubles_or_invents_money() {
    let faults = faults();
    assert!(faults.len() >= 60, "{}", faults.len());
    let wanted = wanted();
    let mut world = World::start().await;
    for (number, (fault, stage)) in faults.iter().enumerate() {
        if wanted.as_ref().is_none_or(|wanted| wanted.contains(&number)) {
            let begun = Instant::now();
            world.live_through(number, *fault, *stage).await;
            println!("{number:2} {fault:?} at {stage:?}: {:.1} s", begun.elapsed().as_secs_f32());
        }
    }
    world.end(wanted.is_none()).await;
}
