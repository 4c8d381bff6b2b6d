//! Slows tries down: so many are free, then each costs a pause that doubles. Counted where all instances see it, and in
//! this process alone while that place does not answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::keyvalue::{Key, KeyValue, Pressed, Rule, Space, Tally};
use crate::kernel::{Clock, Fault};

const SPACE: Space = Space("brake");
/// Subjects remembered while the store is away.
const MOST_LOCAL: usize = 100_000;

#[derive(Clone, Debug)]
pub struct Brake {
    keys: KeyValue,
    clock: Clock,
    name: &'static str,
    rule: Rule,
    local: Arc<Mutex<HashMap<Key, Tally>>>,
}

impl Brake {
    pub fn new(keys: KeyValue, clock: Clock, name: &'static str, rule: Rule) -> Self {
        Self { keys, clock, name, rule, local: Arc::default() }
    }

    /// Counts a try before it is made, so that many at once are counted too.
    pub async fn press(&self, subject: &str) -> Result<Pressed, Fault> {
        let key = self.key(subject);
        match self.keys.press(SPACE, &key, &self.rule).await {
            Err(Fault::Unavailable(cause)) => {
                tracing::warn!(cause, "tries are counted in this process alone");
                Ok(self.press_locally(key))
            }
            answered => answered,
        }
    }

    /// The try that was counted last was right: it does not count.
    pub async fn give_back(&self, subject: &str) -> Result<(), Fault> {
        self.keys.give_back(SPACE, &self.key(subject), &self.rule).await
    }

    /// All is forgotten.
    pub async fn release(&self, subject: &str) -> Result<(), Fault> {
        self.keys.release(SPACE, &self.key(subject)).await
    }

    fn press_locally(&self, key: Key) -> Pressed {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if local.len() >= MOST_LOCAL {
            local.retain(|_, tally| tally.expires_at(&self.rule) > now);
        }
        let (pressed, tally) = Tally::pressed(local.get(&key).copied(), now, &self.rule);
        local.insert(key, tally);
        pressed
    }

    fn key(&self, subject: &str) -> Key {
        Key::of_secret(&format!("{}:{subject}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::kernel::Entropy;
    use crate::platform::keyvalue::RedisKeys;

    #[tokio::test]
    async fn without_the_store_tries_are_counted_here() {
        let client = redis::Client::open("redis://127.0.0.1:1").unwrap();
        let nobody = RedisKeys::new(client, "test", &Entropy::seeded(1)).unwrap();
        let clock = Clock::fixed(chrono::DateTime::UNIX_EPOCH);
        let rule =
            Rule { free: 2, first: TimeDelta::seconds(1), most: TimeDelta::seconds(9), forget: TimeDelta::hours(1) };
        let brake = Brake::new(KeyValue::Redis(nobody, clock.clone()), clock, "test", rule);
        let taken = |tries| Pressed::Taken { tries };
        for expected in [taken(1), taken(2), Pressed::Early(TimeDelta::seconds(1))] {
            assert_eq!(brake.press("anna").await.unwrap(), expected);
        }
        assert_eq!(brake.press("boris").await.unwrap(), taken(1));
    }
}
