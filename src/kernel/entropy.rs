//! Chance as an argument: production asks the system, tests replay a seed.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::ids::TypedId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng, TryRng};
use uuid::{Builder, Uuid};

use super::{Clock, Fault};

#[derive(Clone, Debug)]
pub enum Entropy {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Entropy {
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// # Errors
    /// The operating system's source fails: nothing secret can be made then.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        match self {
            // The one place where the system's randomness is read.
            Self::System => rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(Fault::internal)?,
            Self::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        Ok(bytes)
    }

    /// 256 bits as base64url, for sessions and links.
    pub fn token(&self) -> Result<String, Fault> {
        Ok(URL_SAFE_NO_PAD.encode(self.bytes::<32>()?))
    }

    /// A UUIDv7 (RFC 9562) of the clock's millisecond.
    pub fn id<T: TypedId>(&self, clock: &Clock) -> Result<T, Fault> {
        let millis = u64::try_from(clock.now().timestamp_millis()).unwrap_or_default();
        Ok(T::from_uuid(self.uuid(millis)?))
    }

    fn uuid(&self, millis: u64) -> Result<Uuid, Fault> {
        Ok(Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()?).into_uuid())
    }
}
