//! Expiring keys: sessions, pending tokens, spent challenges. Redis, or a table of the embedded database.
//!
//! Nothing here is worth money: losing it all means that people sign in again.

mod embedded;
mod press;
mod redis;
mod tally;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::{Clock, Fault};
use crate::platform::db::Db;
use crate::platform::secret::fingerprint;

pub use self::redis::RedisKeys;
pub use self::tally::{Pressed, Rule, Tally};

/// What a key is for; part of the key, so that a token of one kind never opens another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space(pub &'static str);

/// The hash of a secret: the secret itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    pub fn of_secret(secret: &str) -> Self {
        Self(fingerprint(secret))
    }

    /// A hash that was taken before.
    pub fn of_hash(hash: &str) -> Self {
        Self(hash.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose keys can be deleted together.
    pub owner: Option<Uuid>,
    pub value: String,
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub enum KeyValue {
    Embedded(Db, Clock),
    Redis(RedisKeys, Clock),
}

impl KeyValue {
    /// Stores an entry, over an old one of the same key.
    pub async fn put(&self, space: Space, key: &Key, entry: &Entry) -> Result<(), Fault> {
        match self {
            Self::Embedded(db, _) => embedded::put(db, space, key, entry).await,
            Self::Redis(redis, clock) => redis.put(space, key, entry, clock.now()).await,
        }
    }

    /// Stores an entry unless the key exists: true for exactly one of many callers.
    pub async fn add(&self, space: Space, key: &Key, entry: &Entry) -> Result<bool, Fault> {
        match self {
            Self::Embedded(db, clock) => embedded::add(db, space, key, entry, clock.now()).await,
            Self::Redis(redis, clock) => redis.add(space, key, entry, clock.now()).await,
        }
    }

    /// Overwrites an entry only while it exists: what was deleted or has expired stays away.
    pub async fn replace(&self, space: Space, key: &Key, entry: &Entry) -> Result<bool, Fault> {
        match self {
            Self::Embedded(db, clock) => embedded::replace(db, space, key, entry, clock.now()).await,
            Self::Redis(redis, clock) => redis.replace(space, key, entry, clock.now()).await,
        }
    }

    pub async fn get(&self, space: Space, key: &Key) -> Result<Option<Entry>, Fault> {
        let (entry, now) = match self {
            Self::Embedded(db, clock) => (embedded::get(db, space, key).await?, clock.now()),
            Self::Redis(redis, clock) => (redis.get(space, key).await?, clock.now()),
        };
        Ok(entry.filter(|entry| entry.expires_at > now))
    }

    /// Reads and deletes in one step: one of many callers gets the entry.
    pub async fn take(&self, space: Space, key: &Key) -> Result<Option<Entry>, Fault> {
        let (entry, now) = match self {
            Self::Embedded(db, clock) => (embedded::take(db, space, key).await?, clock.now()),
            Self::Redis(redis, clock) => (redis.take(space, key).await?, clock.now()),
        };
        Ok(entry.filter(|entry| entry.expires_at > now))
    }

    pub async fn delete(&self, space: Space, key: &Key) -> Result<(), Fault> {
        match self {
            Self::Embedded(db, _) => embedded::delete(db, space, key).await,
            Self::Redis(redis, _) => redis.delete(space, key).await,
        }
    }

    /// Every entry of an owner in a space, in no order.
    pub async fn list_of(&self, space: Space, owner: Uuid) -> Result<Vec<(Key, Entry)>, Fault> {
        let (entries, now) = match self {
            Self::Embedded(db, clock) => (embedded::list_of(db, space, owner).await?, clock.now()),
            Self::Redis(redis, clock) => (redis.list_of(space, owner).await?, clock.now()),
        };
        Ok(entries.into_iter().filter(|(_, entry)| entry.expires_at > now).collect())
    }

    /// Deletes every entry of an owner in a space.
    pub async fn delete_of(&self, space: Space, owner: Uuid) -> Result<(), Fault> {
        match self {
            Self::Embedded(db, _) => embedded::delete_of(db, space, owner).await,
            Self::Redis(redis, _) => redis.delete_of(space, owner).await,
        }
    }

    /// Counts a try, unless it is too early.
    pub async fn press(&self, space: Space, key: &Key, rule: &Rule) -> Result<Pressed, Fault> {
        match self {
            Self::Embedded(db, clock) => embedded::press(db, space, key, rule, clock.now()).await,
            Self::Redis(redis, clock) => redis.press(space, key, rule, clock.now(), false).await,
        }
    }

    /// Takes back what `press` has counted last.
    pub async fn give_back(&self, space: Space, key: &Key, rule: &Rule) -> Result<(), Fault> {
        match self {
            Self::Embedded(db, _) => embedded::give_back(db, space, key, rule).await,
            Self::Redis(redis, clock) => redis.press(space, key, rule, clock.now(), true).await.map(|_| ()),
        }
    }

    /// Forgets what `press` has counted.
    pub async fn release(&self, space: Space, key: &Key) -> Result<(), Fault> {
        match self {
            Self::Embedded(db, _) => embedded::delete(db, space, key).await,
            Self::Redis(redis, _) => redis.release(space, key).await,
        }
    }

    /// Removes what has expired; Redis does so by itself.
    pub async fn purge(&self) -> Result<(), Fault> {
        match self {
            Self::Embedded(db, clock) => embedded::purge(db, clock.now()).await,
            Self::Redis(..) => Ok(()),
        }
    }

    /// # Errors
    /// The store does not answer.
    pub async fn ping(&self) -> Result<(), Fault> {
        match self {
            Self::Embedded(db, _) => db.ping().await,
            Self::Redis(redis, _) => redis.ping().await,
        }
    }
}
