//! What argon2id costs on this machine, for `kabinet doctor --argon2`.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};

use crate::kernel::Fault;

/// KiB, and the fewest passes with it that OWASP's Password Storage Cheat Sheet takes as strong enough.
const SETS: [(u32, u32); 4] = [(19_456, 2), (32_768, 2), (47_104, 1), (65_536, 1)];
/// Beyond it more memory is worth more than more passes (RFC 9106, section 4).
const MOST_PASSES: u32 = 10;
/// A set is measured for so long, or for one password where that takes longer.
const MEASURED_FOR: Duration = Duration::from_millis(400);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
    /// Of one password while so many are hashed at once.
    pub took: Duration,
    /// Of all that are hashed at once.
    pub per_second: u128,
}

impl Measured {
    /// # Errors
    /// argon2 refuses the parameters, or a thread is not to be had.
    pub fn of(memory_kib: u32, passes: u32, lanes: u32, at_once: usize) -> Result<Self, Fault> {
        let params = Params::new(memory_kib, passes, lanes, None).map_err(Fault::internal)?;
        let argon2 = &Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let begun = Instant::now();
        let done = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..at_once.max(1)).map(|_| scope.spawn(move || hash_for_a_while(argon2))).collect();
            let counted = threads.into_iter().map(|thread| {
                thread.join().map_err(|_| Fault::internal("a thread has panicked")).and_then(|counted| counted)
            });
            counted.sum::<Result<u128, Fault>>()
        })?;
        let elapsed = begun.elapsed();
        let each = elapsed.as_micros().saturating_mul(at_once.max(1) as u128) / done.max(1);
        let took = Duration::from_micros(u64::try_from(each).unwrap_or(u64::MAX));
        Ok(Self { memory_kib, passes, lanes, took, per_second: done * 1_000_000 / elapsed.as_micros().max(1) })
    }
}

fn hash_for_a_while(argon2: &Argon2<'_>) -> Result<u128, Fault> {
    let (mut hash, mut done, begun) = ([0; Params::DEFAULT_OUTPUT_LEN], 0, Instant::now());
    while done == 0 || begun.elapsed() < MEASURED_FOR {
        argon2.hash_password_into(b"a password to measure", b"sixteen bytes !!", &mut hash).map_err(Fault::internal)?;
        done += 1;
    }
    Ok(done)
}

/// Every set of memory with as many passes as fit into `aim`, at least the fewest that are strong enough.
pub fn calibrate(aim: Duration, at_once: usize, tell: &mut dyn FnMut(&Measured)) -> Result<Vec<Measured>, Fault> {
    let mut all = Vec::new();
    for (memory_kib, fewest) in SETS {
        let mut measured = Measured::of(memory_kib, fewest, 1, at_once)?;
        let passes = passes_within(aim, measured.took, fewest);
        if passes > fewest {
            measured = Measured::of(memory_kib, passes, 1, at_once)?;
        }
        tell(&measured);
        all.push(measured);
    }
    Ok(all)
}

fn passes_within(aim: Duration, took: Duration, passes: u32) -> u32 {
    let each = (took.as_micros() / u128::from(passes)).max(1);
    u32::try_from(aim.as_micros() / each).unwrap_or(MOST_PASSES).clamp(passes, MOST_PASSES)
}

/// The most memory that keeps to the aim. Err: nothing does, and the set that comes nearest without being weak.
pub fn advise(aim: Duration, measured: &[Measured]) -> Result<Measured, Option<Measured>> {
    // A measurement scatters: a tenth over the aim still keeps to it.
    let within = measured.iter().filter(|measured| measured.took <= aim + aim / 10);
    within
        .max_by_key(|measured| measured.memory_kib)
        .copied()
        .ok_or_else(|| measured.iter().min_by_key(|measured| measured.took).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(memory_kib: u32, passes: u32, millis: u64) -> Measured {
        Measured { memory_kib, passes, lanes: 1, took: Duration::from_millis(millis), per_second: 1 }
    }

    #[test]
    fn as_many_passes_as_fit_and_never_fewer_than_are_strong() {
        let millis = Duration::from_millis;
        for (aim, took, fewest, expected) in
            [(100, 40, 2, 5), (100, 100, 2, 2), (100, 300, 2, 2), (100, 99, 1, 1), (1000, 1, 1, MOST_PASSES)]
        {
            assert_eq!(passes_within(millis(aim), millis(took), fewest), expected, "{aim} {took} {fewest}");
        }
    }

    #[test]
    fn the_most_memory_within_the_aim_is_advised_or_else_the_fastest_strong_set() {
        let aim = Duration::from_millis(100);
        let fast = [measured(19_456, 5, 98), measured(47_104, 2, 104), measured(65_536, 1, 130)];
        assert_eq!(advise(aim, &fast), Ok(fast[1]));
        let slow = [measured(19_456, 2, 300), measured(47_104, 1, 310)];
        assert_eq!(advise(aim, &slow), Err(Some(slow[0])));
        assert_eq!(advise(aim, &[]), Err(None));
    }
}
