//! `kabinet doctor --argon2`: what a password costs on this machine, and which settings fit it.

use std::time::Duration;

use super::doctor::DoctorArgs;
use crate::config::Config;
use crate::identity::password::calibration::{Measured, advise, calibrate};
use crate::identity::password::hashed_at_once;
use crate::kernel::Fault;

pub fn run(args: &DoctorArgs, config: &Config) -> Result<(), Fault> {
    let identity = &config.identity;
    let (aim, at_once) = (Duration::from_millis(args.aim_milliseconds.into()), hashed_at_once(identity));
    println!("argon2id here, {at_once} at once (identity.hashing_at_once), aim {} ms", aim.as_millis());
    println!("  memory KiB  passes  lanes     ms  passwords/s  memory in use");
    let now = Measured::of(identity.argon2_memory_kib, identity.argon2_passes, identity.argon2_lanes, at_once)?;
    println!("{}  as configured", row(&now, at_once));
    let measured = calibrate(aim, at_once, &mut |measured| println!("{}", row(measured, at_once)))?;
    let advised = match advise(aim, &measured) {
        Ok(advised) => advised,
        Err(Some(advised)) => {
            println!("No set that is strong enough keeps to the aim here; the fastest is:");
            advised
        }
        Err(None) => return Ok(()),
    };
    println!("\n[identity]");
    println!("argon2_memory_kib = {}", advised.memory_kib);
    println!("argon2_passes = {}", advised.passes);
    println!("argon2_lanes = {}", advised.lanes);
    println!("\n{}", meaning(&advised, identity.hashing_queue));
    Ok(())
}

fn row(measured: &Measured, at_once: usize) -> String {
    let Measured { memory_kib, passes, lanes, took, per_second } = measured;
    let memory = (u64::from(*memory_kib) * u64::try_from(at_once).unwrap_or(u64::MAX)).div_ceil(1024);
    format!("  {memory_kib:>10}  {passes:>6}  {lanes:>5}  {:>5}  {per_second:>11}  {memory:>9} MiB", took.as_millis())
}

fn meaning(advised: &Measured, queue: usize) -> String {
    let per_second = advised.per_second.max(1);
    format!(
        "A wrong password costs two hashes, a right one one: {per_second} sign-ins a second at most. A full queue\n\
         (identity.hashing_queue = {queue}) waits for {} s. Hashes that people have are made anew when they sign in next.",
        (queue as u128).div_ceil(per_second)
    )
}
