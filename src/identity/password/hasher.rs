//! argon2id (RFC 9106) on threads of its own, so many at a time, with a bounded queue before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization;

use crate::config::IdentityConfig;
use crate::kernel::{Entropy, Fault};
use crate::platform::background;
use crate::platform::metrics::Queue;

/// Nobody is told to come back later than that, seconds.
const LONGEST_WAIT: u64 = 60;

#[derive(Debug)]
pub struct Hasher {
    argon2: Argon2<'static>,
    entropy: Entropy,
    permits: Arc<Semaphore>,
    queued: AtomicUsize,
    /// As many as can be hashed or wait for it.
    places: Arc<Semaphore>,
    at_once: usize,
    queue: usize,
    /// Microseconds that a password takes, smoothed over the last ones.
    pace: Arc<AtomicU64>,
    /// Verified when the address is unknown, so that the answer takes as long.
    nobody: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub matches: bool,
    /// The password hashed anew, when the configured parameters have changed.
    pub stronger_hash: Option<String>,
}

impl Hasher {
    pub fn new(config: &IdentityConfig, entropy: &Entropy) -> Result<Self, Fault> {
        // The length is named because a stored hash names it: otherwise no two parameter sets were ever equal.
        let length = Some(Params::DEFAULT_OUTPUT_LEN);
        let params = Params::new(config.argon2_memory_kib, config.argon2_passes, config.argon2_lanes, length);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(Fault::internal)?);
        let begun = Instant::now();
        let nobody = hash(&argon2, "nobody", &entropy.bytes::<16>()?)?;
        let pace = Arc::new(AtomicU64::new(micros(begun.elapsed())));
        let at_once = hashed_at_once(config);
        let permits = Arc::new(Semaphore::new(at_once));
        Ok(Self {
            argon2,
            entropy: entropy.clone(),
            permits,
            queued: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(at_once.saturating_add(config.hashing_queue))),
            at_once,
            queue: config.hashing_queue,
            pace,
            nobody,
        })
    }

    pub async fn hash(&self, password: String) -> Result<String, Fault> {
        let salt = self.entropy.bytes::<16>()?;
        self.run(move |argon2| hash(&argon2, &password, &salt)).await
    }

    /// The same hash for the same password, so that it can be looked for.
    pub async fn hash_salted(&self, password: String, salt: String) -> Result<String, Fault> {
        self.run(move |argon2| hash(&argon2, &password, salt.as_bytes())).await
    }

    /// Compares with `known`, or with nobody's hash when there is none.
    pub async fn verify(&self, password: String, known: Option<String>) -> Result<Verified, Fault> {
        let salt = self.entropy.bytes::<16>()?;
        let is_known = known.is_some();
        let expected = known.unwrap_or_else(|| self.nobody.clone());
        self.run(move |argon2| {
            let parsed = PasswordHash::new(&expected).map_err(Fault::internal)?;
            let normal: String = password.nfc().collect();
            let matches = argon2.verify_password(normal.as_bytes(), &parsed).is_ok() && is_known;
            let outdated = Params::try_from(&parsed).map_err(Fault::internal)? != *argon2.params();
            let stronger_hash = if matches && outdated { Some(hash(&argon2, &password, &salt)?) } else { None };
            Ok(Verified { matches, stronger_hash })
        })
        .await
    }

    /// A place for whoever will have a password hashed, before anything is spent on them: refused as hashing would be. So a
    /// storm of sign-ins waits in none of the queues before (the gate of requests, the database's writer), where reads
    /// would wait behind it.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Fault> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| self.busy(self.queue))
    }

    /// Passwords that wait and that are being hashed.
    pub fn standing(&self) -> Queue {
        let working = self.at_once.saturating_sub(self.permits.available_permits());
        Queue { waiting: self.queued.load(Ordering::SeqCst), working }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let waiting = self.wait()?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Fault::internal)?;
        drop(waiting);
        let (argon2, pace) = (self.argon2.clone(), Arc::clone(&self.pace));
        background::run("hashing", move || {
            let (_permit, begun) = (permit, Instant::now());
            let done = work(argon2);
            let old = pace.load(Ordering::Relaxed);
            // Two at once may lose one of the measurements: it is an estimate.
            pace.store((old * 7 + micros(begun.elapsed())) / 8, Ordering::Relaxed);
            done
        })
        .await?
    }

    /// A place in the queue, or when there will be one.
    fn wait(&self) -> Result<Waiting<'_>, Fault> {
        let waiting = Waiting(&self.queued);
        let before = self.queued.fetch_add(1, Ordering::SeqCst);
        if before < self.queue {
            return Ok(waiting);
        }
        Err(self.busy(before))
    }

    /// With when so many that were there before will be done.
    fn busy(&self, before: usize) -> Fault {
        let work = self.pace.load(Ordering::Relaxed).saturating_mul(u64::try_from(before).unwrap_or(u64::MAX));
        let micros = work / u64::try_from(self.at_once.max(1)).unwrap_or(u64::MAX);
        let seconds = micros.div_ceil(1_000_000).clamp(1, LONGEST_WAIT);
        Fault::Busy { cause: "too many passwords are being checked".to_owned(), seconds }
    }
}

/// Passwords, by the setting or as many as there are processors.
pub fn hashed_at_once(config: &IdentityConfig) -> usize {
    match config.hashing_at_once {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        at_once => at_once,
    }
}

/// Counted among those that wait.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Typed composed or decomposed, a password is the same: NFC before hashing.
fn hash(argon2: &Argon2<'_>, password: &str, salt: &[u8]) -> Result<String, Fault> {
    let normal: String = password.nfc().collect();
    let hash: PasswordHash = argon2.hash_password_with_salt(normal.as_bytes(), salt).map_err(Fault::internal)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn as_many_come_in_as_are_hashed_or_wait_and_the_rest_hears_when_to_come_back() {
        let mut config = Config::load::<String>(None, std::iter::empty()).unwrap().identity;
        (config.argon2_memory_kib, config.argon2_passes) = (64, 1);
        (config.hashing_at_once, config.hashing_queue) = (2, 3);
        let hasher = Hasher::new(&config, &Entropy::seeded(1)).unwrap();
        let inside: Vec<_> = (0..5).map(|_| hasher.enter().unwrap()).collect();
        assert!(matches!(hasher.enter(), Err(Fault::Busy { seconds: 1..=LONGEST_WAIT, .. })));
        drop(inside);
        assert!(hasher.enter().is_ok());
    }
}
