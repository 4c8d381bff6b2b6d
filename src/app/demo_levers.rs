//! What is moved by hand on an instance with demonstration data: its clock, so that a month passes in a moment, and the line to
//! its bank, which can be cut.
//!
//! Where they stand is written in files beside the data. The server looks at them every second, every command at its start. Time
//! never goes back: what was decided stays decided.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::kernel::{Clock, Fault};
use crate::payments::acquirer::sandbox::Sandbox;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Further than anybody's trial.
const FURTHEST: TimeDelta = TimeDelta::days(3660);

/// Whether the instance has demonstration data, and nobody's own.
pub fn is_demo(config: &Config) -> bool {
    config.embedded() && config.data_dir.join("demo").join("samples.json").is_file()
}

/// The clock that an app goes by. What is everybody's own, and any clock of a test, stays as it is.
pub fn clock_of(clock: Clock, config: &Config) -> Clock {
    match clock {
        Clock::System if config.embedded() => moved_clock(config),
        other => other,
    }
}

/// The system's clock, as far on as somebody has moved it.
pub fn moved_clock(config: &Config) -> Clock {
    let clock = Clock::movable();
    clock.move_to(moved(config));
    clock
}

fn file(config: &Config, name: &str) -> PathBuf {
    config.data_dir.join("demo").join(name)
}

/// A number of seconds; none where there are no demonstration data.
fn read(config: &Config, name: &str) -> Option<i64> {
    if !is_demo(config) {
        return None;
    }
    std::fs::read_to_string(file(config, name)).ok()?.trim().parse().ok()
}

/// A reader sees the old number or the new one.
fn write(config: &Config, name: &str, seconds: i64) -> Result<(), Fault> {
    if !is_demo(config) {
        return Err(Fault::internal("only an instance with demonstration data has levers"));
    }
    let written = file(config, &format!("{name}.new"));
    let kept = std::fs::write(&written, seconds.to_string());
    kept.and_then(|()| std::fs::rename(&written, file(config, name))).map_err(Fault::unavailable)
}

fn moved(config: &Config) -> TimeDelta {
    let moved = read(config, "clock").and_then(TimeDelta::try_seconds);
    moved.unwrap_or_default().clamp(TimeDelta::zero(), FURTHEST)
}

/// Moves the clock on, and returns how far it is moved in all.
///
/// # Errors
/// The instance has no demonstration data, or the clock is far enough in the future.
pub fn move_clock(config: &Config, by: TimeDelta) -> Result<TimeDelta, Fault> {
    let moved = moved(config) + by;
    if by < TimeDelta::zero() || moved > FURTHEST {
        return Err(Fault::internal("the clock goes forward, by ten years at most"));
    }
    write(config, "clock", moved.num_seconds())?;
    Ok(moved)
}

/// The sandbox bank answers nobody until then.
///
/// # Errors
/// The instance has no demonstration data.
pub fn cut_bank_off(config: &Config, until: DateTime<Utc>) -> Result<(), Fault> {
    write(config, "outage", until.timestamp())
}

fn bank_is_out_until(config: &Config) -> DateTime<Utc> {
    read(config, "outage").and_then(|seconds| DateTime::from_timestamp(seconds, 0)).unwrap_or_default()
}

/// Moves the levers of the running server when somebody has moved the files'.
pub async fn follow(config: &Config, (clock, bank): (&Clock, &Sandbox), until: CancellationToken) {
    while !until.is_cancelled() {
        clock.move_to(moved(config));
        bank.answer_nobody_until(bank_is_out_until(config));
        tokio::select! {
            () = until.cancelled() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
