//! So many tries in so much time, counted where all instances see it.

pub mod budget;

use chrono::TimeDelta;

use crate::kernel::{Clock, Fault};
use crate::platform::keyvalue::{Entry, Key, KeyValue, Space};

const SPACE: Space = Space("tries");

#[derive(Clone, Debug)]
pub struct Throttle {
    keys: KeyValue,
    clock: Clock,
    name: &'static str,
    tries: u32,
    per: TimeDelta,
}

/// What a try occupies.
#[derive(Debug)]
pub struct Place(Key);

impl Throttle {
    pub fn new(keys: KeyValue, clock: Clock, name: &'static str, tries: u32, per: TimeDelta) -> Self {
        Self { keys, clock, name, tries, per }
    }

    /// Takes a try of the subject's; false when none is left.
    ///
    /// Each try occupies one of so many places until its time is over, so no counter can drift.
    pub async fn take(&self, subject: &str) -> Result<bool, Fault> {
        Ok(self.take_place(subject).await?.is_some())
    }

    /// The same, for a try that may be given back; none when none is left.
    pub async fn take_place(&self, subject: &str) -> Result<Option<Place>, Fault> {
        let place = Entry { owner: None, value: String::new(), expires_at: self.clock.now() + self.per };
        for number in 0..self.tries {
            let key = Key::of_secret(&format!("{}:{subject}:{number}", self.name));
            if self.keys.add(SPACE, &key, &place).await? {
                return Ok(Some(Place(key)));
            }
        }
        Ok(None)
    }

    /// The try was right: it does not count.
    pub async fn give_back(&self, place: &Place) -> Result<(), Fault> {
        self.keys.delete(SPACE, &place.0).await
    }
}
