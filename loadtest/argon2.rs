//! Passwords that argon2id hashes in a second on so many threads: what no sign-in can be faster than.
//!
//! `argon2 MEMORY_KIB PASSES LANES THREADS SECONDS`

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};

fn main() {
    let given: Vec<u32> = std::env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    let [memory, passes, lanes, threads, seconds] = given.try_into().unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None).unwrap());
    let start = Instant::now();
    let until = start + Duration::from_secs(seconds.into());
    let hashed = move |argon2: &Argon2<'_>| {
        let (mut hash, mut done) = ([0; 32], 0);
        while Instant::now() < until {
            argon2.hash_password_into(b"correct horse 42", b"sixteen bytes !!", &mut hash).unwrap();
            done += 1;
        }
        done
    };
    let argon2 = &argon2;
    let done: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(move || hashed(argon2))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{}", u128::from(done) * 1000 / start.elapsed().as_millis());
}
