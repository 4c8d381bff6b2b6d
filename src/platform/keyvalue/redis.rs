//! Expiring keys in Redis: `prefix:space:hash`, with a set of hashes per owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Cmd, FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::press::PRESS;
use super::{Entry, Key, Pressed, Rule, Space};
use crate::kernel::{Entropy, Fault};
use crate::platform::secret::hex;

/// A lost Redis must cost a request little: by default the second call after a loss hangs for 9.5 seconds.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Stores an entry and notes it on its owner's list, which outlives every entry on it.
///
/// Whether an entry is there is decided by our clock, as everywhere: Redis's own expiry lags behind or runs ahead. An
/// entry that bears the call's own mark was stored by its first try, whose answer was lost.
const SET: &str = r"
    local old = redis.call('GET', KEYS[1])
    old = old and cjson.decode(old)
    if old and old.mark == ARGV[6] then
        return true
    end
    local there = old and old.expires > tonumber(ARGV[4])
    if (ARGV[3] == 'absent' and there) or (ARGV[3] == 'there' and not there) then
        return false
    end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    if ARGV[5] ~= '' then
        redis.call('SADD', KEYS[2], ARGV[5])
        if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then
            redis.call('PEXPIRE', KEYS[2], ARGV[2])
        end
    end
    return true
";

/// What an entry's key must be for it to be stored.
#[derive(Clone, Copy)]
enum Only {
    Always,
    Absent,
    There,
}

impl Only {
    const fn word(self) -> &'static str {
        match self {
            Self::Always => "",
            Self::Absent => "absent",
            Self::There => "there",
        }
    }
}

#[derive(Clone)]
pub struct RedisKeys {
    connection: ConnectionManager,
    prefix: String,
    marks: Arc<Marks>,
    set: Arc<Script>,
    press: Arc<Script>,
}

impl std::fmt::Debug for RedisKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisKeys").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Tells the calls that store from each other, so that one may be sent twice.
struct Marks {
    process: String,
    next: AtomicU64,
}

impl Marks {
    fn next(&self) -> String {
        format!("{}-{}", self.process, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    owner: Option<Uuid>,
    value: String,
    #[serde(default)]
    mark: String,
    /// Microseconds since the epoch: Redis's own expiry only tidies up.
    expires: i64,
}

impl RedisKeys {
    /// Does not connect yet: a start without Redis serves what needs none.
    pub fn new(client: redis::Client, prefix: &str, entropy: &Entropy) -> Result<Self, Fault> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(200))
            .set_connection_timeout(Some(ANSWER_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN));
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self {
            connection,
            prefix: prefix.to_owned(),
            marks: Arc::new(Marks { process: hex(&entropy.bytes::<8>()?), next: AtomicU64::new(0) }),
            set: Arc::new(Script::new(SET)),
            press: Arc::new(Script::new(PRESS)),
        })
    }

    pub async fn put(&self, space: Space, key: &Key, entry: &Entry, now: DateTime<Utc>) -> Result<(), Fault> {
        self.set(space, key, entry, now, Only::Always).await.map(|_| ())
    }

    pub async fn add(&self, space: Space, key: &Key, entry: &Entry, now: DateTime<Utc>) -> Result<bool, Fault> {
        self.set(space, key, entry, now, Only::Absent).await
    }

    pub async fn replace(&self, space: Space, key: &Key, entry: &Entry, now: DateTime<Utc>) -> Result<bool, Fault> {
        self.set(space, key, entry, now, Only::There).await
    }

    pub async fn get(&self, space: Space, key: &Key) -> Result<Option<Entry>, Fault> {
        let name = self.name(space, key);
        let get = Cmd::get(name);
        let text: Option<String> = self.again(&get).await?;
        text.map(|text| entry(&text)).transpose()
    }

    /// Not repeated when the connection broke: the first try may have taken it.
    pub async fn take(&self, space: Space, key: &Key) -> Result<Option<Entry>, Fault> {
        let text: Option<String> = self.connection.clone().get_del(self.name(space, key)).await?;
        let entry = text.map(|text| entry(&text)).transpose()?;
        if let Some(owner) = entry.as_ref().and_then(|entry| entry.owner) {
            let _: () = self.connection.clone().srem(self.owned(space, owner), key.as_str()).await?;
        }
        Ok(entry)
    }

    /// Bears being repeated, unlike `take`.
    pub async fn delete(&self, space: Space, key: &Key) -> Result<(), Fault> {
        match self.take(space, key).await {
            Err(Fault::Unavailable(_)) => self.take(space, key).await.map(|_| ()),
            taken => taken.map(|_| ()),
        }
    }

    pub async fn delete_of(&self, space: Space, owner: Uuid) -> Result<(), Fault> {
        let set = self.owned(space, owner);
        let hashes: Vec<String> = self.again(&Cmd::smembers(&set)).await?;
        if hashes.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = hashes.iter().map(|hash| self.name(space, &Key::of_hash(hash))).collect();
        let _: () = self.again(&Cmd::unlink(&names)).await?;
        // Not the whole list: an entry that was added meanwhile stays on it, and so is found the next time.
        Ok(self.again(&Cmd::srem(&set, &hashes)).await?)
    }

    /// Hashes whose entries are gone are struck off the list.
    pub async fn list_of(&self, space: Space, owner: Uuid) -> Result<Vec<(Key, Entry)>, Fault> {
        let set = self.owned(space, owner);
        let hashes: Vec<String> = self.again(&Cmd::smembers(&set)).await?;
        let mut entries = Vec::with_capacity(hashes.len());
        let mut gone = Vec::new();
        for hash in hashes {
            let key = Key::of_hash(&hash);
            match self.get(space, &key).await? {
                Some(entry) => entries.push((key, entry)),
                None => gone.push(hash),
            }
        }
        if !gone.is_empty() {
            let _: () = self.again(&Cmd::srem(&set, &gone)).await?;
        }
        Ok(entries)
    }

    /// When the connection broke, one try may count as two.
    pub async fn press(
        &self,
        space: Space,
        key: &Key,
        rule: &Rule,
        now: DateTime<Utc>,
        back: bool,
    ) -> Result<Pressed, Fault> {
        let mut call = self.press.key(self.name(space, key));
        call.arg(now.timestamp_millis()).arg(rule.free).arg(rule.first.num_milliseconds());
        call.arg(rule.most.num_milliseconds()).arg(rule.forget.num_milliseconds()).arg(u8::from(back));
        let (wait, tries): (i64, u32) = self.run_again(&call).await?;
        Ok(if wait > 0 { Pressed::Early(TimeDelta::milliseconds(wait)) } else { Pressed::Taken { tries } })
    }

    /// A tally is no entry and is on nobody's list.
    pub async fn release(&self, space: Space, key: &Key) -> Result<(), Fault> {
        Ok(self.again(&Cmd::unlink(self.name(space, key))).await?)
    }

    pub async fn ping(&self) -> Result<(), Fault> {
        Ok(self.again(&Cmd::ping()).await?)
    }

    async fn set(&self, space: Space, key: &Key, entry: &Entry, now: DateTime<Utc>, only: Only) -> Result<bool, Fault> {
        let millis = (entry.expires_at - now).num_milliseconds().max(1);
        let mark = self.marks.next();
        let stored = Stored {
            owner: entry.owner,
            value: entry.value.clone(),
            mark: mark.clone(),
            expires: entry.expires_at.timestamp_micros(),
        };
        let name = self.name(space, key);
        let list = entry.owner.map(|owner| self.owned(space, owner));
        let mut call = self.set.prepare_invoke();
        call.key(&name).key(list.as_ref().unwrap_or(&name));
        call.arg(serde_json::to_string(&stored)?).arg(millis).arg(only.word()).arg(now.timestamp_micros());
        call.arg(if list.is_some() { key.as_str() } else { "" }).arg(mark);
        Ok(self.run_again(&call).await?)
    }

    /// A connection that was lost while idle is noticed by the next call; a command that bears it is sent once more.
    async fn again<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match command.query_async(&mut self.connection.clone()).await {
            Err(error) if is_lost(&error) => command.query_async(&mut self.connection.clone()).await,
            result => result,
        }
    }

    /// The same for a script.
    async fn run_again<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> RedisResult<T> {
        match call.invoke_async(&mut self.connection.clone()).await {
            Err(error) if is_lost(&error) => call.invoke_async(&mut self.connection.clone()).await,
            result => result,
        }
    }

    fn name(&self, space: Space, key: &Key) -> String {
        format!("{}:{}:{}", self.prefix, space.0, key.as_str())
    }

    fn owned(&self, space: Space, owner: Uuid) -> String {
        format!("{}:{}-of:{owner}", self.prefix, space.0)
    }
}

fn is_lost(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.is_io_error()
}

fn entry(text: &str) -> Result<Entry, Fault> {
    let stored: Stored = serde_json::from_str(text)?;
    let expires_at = DateTime::from_timestamp_micros(stored.expires).unwrap_or_default();
    Ok(Entry { owner: stored.owner, value: stored.value, expires_at })
}

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        Self::unavailable(format!("Redis: {error}"))
    }
}
