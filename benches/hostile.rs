//! CPU time and memory of the door for each family of hostile requests: `make bench-hostile`. Linux only.
//!
//! Measured: reading the envelope, and everything up to the refusal or the plan. Each request is new to the server.
//! At the end the same for a trivial request, new and known: the guard's share of what `make front-door` measures.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

#[path = "../tests/it/hostile/families.rs"]
mod families;

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use kabinet::config::{Config, GraphqlConfig};
use kabinet::graphql;
use kabinet::graphql::document::Size;
use kabinet::http::graphql::document::prepare;
use kabinet::http::graphql::door::Door;
use kabinet::http::graphql::envelope::Envelope;
use kabinet::kernel::Clock;

const RUNS: u64 = 5;
const TRIVIAL: u64 = 20_000;

/// Nanoseconds of CPU that this thread has used.
fn cpu() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// A line of /proc/self/status in KiB.
fn status(line: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|found| found.starts_with(line)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Nanoseconds of CPU for one request of many.
fn trivial(config: &GraphqlConfig, known: bool) -> u64 {
    let door = Door::new(graphql::documents(config).unwrap(), Clock::System, config.budget);
    let body = |n: u64| format!("{{\"query\":\"{{ __typename }} #{}\"}}", if known { 0 } else { n });
    let bodies: Vec<String> = (0..TRIVIAL).map(body).collect();
    let before = cpu();
    for body in &bodies {
        let envelope = Envelope::from_body(body.as_bytes()).unwrap();
        std::hint::black_box(prepare(&door, envelope, IpAddr::V4(Ipv4Addr::LOCALHOST), Size::Usual)).unwrap();
    }
    (cpu() - before) / TRIVIAL
}

fn main() {
    let mut config = Config::load::<String>(None, std::iter::empty()).unwrap().graphql;
    config.budget.unknown_bytes = u64::MAX;
    let mut worst = (0, 0);
    println!("{:>10} {:>10}  family", "CPU, us", "peak, KiB");
    for family in families::families() {
        let mut most = (0, 0);
        for _ in 0..RUNS {
            let door = Door::new(graphql::documents(&config).unwrap(), Clock::System, config.budget);
            // Resets the peak (proc(5)).
            fs::write("/proc/self/clear_refs", "5").unwrap();
            let (before, resident) = (cpu(), status("VmRSS"));
            if let Ok(envelope) = Envelope::from_body(&family.body) {
                let _ = std::hint::black_box(prepare(&door, envelope, IpAddr::V4(Ipv4Addr::LOCALHOST), Size::Usual));
            }
            most = (most.0.max(cpu() - before), most.1.max(status("VmHWM").saturating_sub(resident)));
        }
        let code = if family.code.is_empty() { "answered" } else { family.code };
        println!("{:>10} {:>10}  {} ({code})", most.0 / 1000, most.1, family.name);
        worst = (worst.0.max(most.0), worst.1.max(most.1));
    }
    for (name, known) in [("new", false), ("known", true)] {
        println!("{{ __typename }}, {name}: {} ns of CPU", trivial(&config, known));
    }
    println!("worst of {RUNS} runs each: {} us of CPU, {} KiB of memory", worst.0 / 1000, worst.1);
}
