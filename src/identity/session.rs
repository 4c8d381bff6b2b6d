//! Sessions: an opaque token outside, its hash inside, an idle and an absolute end.

mod cache;

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity::ids::{SessionId, TypedId, UserId};
use entity::user;
use serde::{Deserialize, Serialize};

use crate::config::IdentityConfig;
use crate::kernel::{Actor, Clock, Entropy, Fault, Person};
use crate::platform::keyvalue::{Entry, Key, KeyValue, Space};
use crate::platform::wakeups::{Wake, Wakeups};

use cache::{Cache, Known};

const SPACE: Space = Space("session");
/// So that scanners of leaked secrets recognise one.
const TOKEN_PREFIX: &str = "sess_";
/// Use is written down at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub confirmed: bool,
    pub started_at: DateTime<Utc>,
    pub used_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// Nor does it outlast an unconfirmed person, who is gone then. No client is told: the person's date is theirs.
    #[serde(default)]
    pub person_until: Option<DateTime<Utc>>,
    /// Without use it ends after so many seconds.
    pub idle_seconds: i64,
    /// Network address that it was begun from.
    pub address: IpAddr,
    /// What the client called itself.
    pub device: String,
}

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSession {
    pub session: Session,
    /// The one that asks.
    pub current: bool,
}

/// How long a session lasts: without use, and in any case.
#[derive(Clone, Copy, Debug)]
struct Lifetime {
    idle: TimeDelta,
    absolute: TimeDelta,
}

#[derive(Clone, Debug)]
pub struct NewSession {
    /// Shown once, here.
    pub token: String,
    pub session: Session,
}

impl NewSession {
    /// Whose it is, as `find` will say.
    pub fn person(&self) -> Person {
        person(&Key::of_secret(&self.token), &self.session)
    }
}

#[derive(Clone, Debug)]
pub struct Sessions {
    keys: KeyValue,
    wakeups: Wakeups,
    clock: Clock,
    entropy: Entropy,
    plain: Lifetime,
    remembered: Lifetime,
    cache: Arc<Cache>,
}

impl Sessions {
    pub fn new(keys: KeyValue, wakeups: Wakeups, clock: Clock, entropy: Entropy, config: &IdentityConfig) -> Self {
        let plain = Lifetime { idle: config.session_idle, absolute: config.session_absolute };
        let remembered = Lifetime { idle: config.remembered_idle, absolute: config.remembered_absolute };
        Self { keys, wakeups, clock, entropy, plain, remembered, cache: Arc::default() }
    }

    /// Sessions that this process keeps.
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// How often this process had to ask the store.
    pub fn looks(&self) -> &crate::platform::metrics::Looks {
        &self.cache.looks
    }

    pub async fn start(&self, actor: &Actor, user: &user::Model, remember: bool) -> Result<NewSession, Fault> {
        let now = self.clock.now();
        let lifetime = if remember { self.remembered } else { self.plain };
        let token = format!("{TOKEN_PREFIX}{}", self.entropy.token()?);
        let session = Session {
            id: self.entropy.id(&self.clock)?,
            user_id: user.id,
            confirmed: user.email_confirmed_at.is_some(),
            started_at: now,
            used_at: now,
            ends_at: now + lifetime.absolute,
            person_until: user.confirmation_expires_at,
            idle_seconds: lifetime.idle.num_seconds(),
            address: actor.address,
            device: actor.device.clone(),
        };
        self.keys.put(SPACE, &Key::of_secret(&token), &entry_of(&session)?).await?;
        Ok(NewSession { token, session })
    }

    /// The person whose session a token opens.
    ///
    /// While the store does not answer, people who were seen a short while ago keep being known: reads go on.
    pub async fn find(&self, token: &str) -> Result<Option<Person>, Fault> {
        if !token.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        self.find_by_key(&Key::of_secret(token)).await
    }

    /// The same, but it is no use of the session and asks the store itself: for long-lived connections, which must
    /// neither keep a session alive by waiting nor outlive one by this process's memory.
    pub async fn look(&self, token: &str) -> Result<Option<Person>, Fault> {
        let key = Key::of_secret(token);
        match self.keys.get(SPACE, &key).await {
            Ok(Some(entry)) => Ok(readable(&entry).map(|session| person(&key, &session))),
            Ok(None) => {
                self.cache.forget(&key);
                Ok(None)
            }
            Err(fault) => match self.cache.find(&key, self.clock.now()) {
                Known::Fresh(session) | Known::Stale(session) => Ok(Some(person(&key, &session))),
                Known::No => Err(fault),
            },
        }
    }

    async fn find_by_key(&self, key: &Key) -> Result<Option<Person>, Fault> {
        let now = self.clock.now();
        match self.cache.find(key, now) {
            Known::Fresh(session) => Ok(Some(person(key, &session))),
            // Boxed: nearly every request passes by, and would carry the room for it along.
            known => Box::pin(self.find_stored(key, known, now)).await,
        }
    }

    async fn find_stored(&self, key: &Key, known: Known, now: DateTime<Utc>) -> Result<Option<Person>, Fault> {
        let entry = match (self.keys.get(SPACE, key).await, known) {
            (Err(fault), Known::Stale(session)) => {
                tracing::debug!(%fault, "a session is taken from memory");
                return Ok(Some(person(key, &session)));
            }
            (entry, _) => entry?,
        };
        let session = self.read(key, entry, now).await?;
        Ok(session.map(|session| person(key, &session)))
    }

    async fn read(&self, key: &Key, entry: Option<Entry>, now: DateTime<Utc>) -> Result<Option<Session>, Fault> {
        let Some(entry) = entry else {
            self.cache.forget(key);
            return Ok(None);
        };
        let Some(mut session) = readable(&entry) else { return Ok(None) };
        if now - session.used_at >= TOUCH_EVERY {
            session.used_at = now;
            // Only while it exists: a slow request must not bring back a session that was ended meanwhile.
            if !self.keys.replace(SPACE, key, &entry_of(&session)?).await? {
                self.cache.forget(key);
                return Ok(None);
            }
        }
        self.cache.remember(key, &session, now);
        Ok(Some(session))
    }

    /// What another instance has ended must not be bridged here when the store is lost.
    pub fn hear_of_end(&self, wake: &Wake) {
        match wake {
            Wake::SessionEnded(session) => self.cache.forget(&Key::of_hash(session)),
            Wake::SessionsEnded(user) => self.cache.forget_of(UserId::from_uuid(*user)),
            Wake::Row(_) | Wake::Everything => {}
        }
    }

    pub async fn end(&self, person: &Person) -> Result<(), Fault> {
        self.end_key(&Key::of_hash(&person.session)).await
    }

    /// Ends a session that has just begun and whose token nobody has seen yet.
    pub(super) async fn end_token(&self, token: &str) -> Result<(), Fault> {
        self.end_key(&Key::of_secret(token)).await
    }

    /// Those that go on, the latest used first.
    pub async fn list(&self, person: &Person) -> Result<Vec<ListedSession>, Fault> {
        let entries = self.keys.list_of(SPACE, person.user_id.uuid()).await?;
        let listed = entries.iter().filter_map(|(key, entry)| {
            Some(ListedSession { session: readable(entry)?, current: key.as_str() == person.session })
        });
        let mut listed: Vec<_> = listed.collect();
        listed.sort_by_key(|listed| std::cmp::Reverse((listed.session.used_at, listed.session.id)));
        Ok(listed)
    }

    /// Ends one of the person's sessions; false when it is none of theirs.
    pub async fn end_one(&self, person: &Person, id: SessionId) -> Result<bool, Fault> {
        for (key, entry) in self.keys.list_of(SPACE, person.user_id.uuid()).await? {
            if readable(&entry).is_some_and(|session| session.id == id) {
                self.end_key(&key).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends every session of the person but this one.
    pub async fn end_others(&self, person: &Person) -> Result<(), Fault> {
        for (key, _) in self.keys.list_of(SPACE, person.user_id.uuid()).await? {
            if key.as_str() != person.session {
                self.end_key(&key).await?;
            }
        }
        Ok(())
    }

    /// Ends the person's sessions that began before the moment, but the one of this hash.
    pub async fn end_before(&self, user_id: UserId, before: DateTime<Utc>, keep: Option<&str>) -> Result<(), Fault> {
        for (key, entry) in self.keys.list_of(SPACE, user_id.uuid()).await? {
            let older = readable(&entry).is_none_or(|session| session.started_at < before);
            if older && Some(key.as_str()) != keep {
                self.end_key(&key).await?;
            }
        }
        Ok(())
    }

    async fn end_key(&self, key: &Key) -> Result<(), Fault> {
        self.keys.delete(SPACE, key).await?;
        self.cache.forget(key);
        self.wakeups.wake(Wake::SessionEnded(key.as_str().to_owned()));
        Ok(())
    }

    /// Ends every session of a person.
    pub async fn end_all(&self, user_id: UserId) -> Result<(), Fault> {
        self.keys.delete_of(SPACE, user_id.uuid()).await?;
        self.cache.forget_all();
        self.wakeups.wake(Wake::SessionsEnded(user_id.uuid()));
        Ok(())
    }
}

/// None for what an older version stored: those people sign in again.
fn readable(entry: &Entry) -> Option<Session> {
    serde_json::from_str(&entry.value).inspect_err(|cause| tracing::warn!(%cause, "a session is unreadable")).ok()
}

fn entry_of(session: &Session) -> Result<Entry, Fault> {
    let expires_at = (session.used_at + TimeDelta::seconds(session.idle_seconds)).min(session.ends_at);
    let expires_at = session.person_until.map_or(expires_at, |until| expires_at.min(until));
    Ok(Entry { owner: Some(session.user_id.uuid()), value: serde_json::to_string(session)?, expires_at })
}

fn person(key: &Key, session: &Session) -> Person {
    Person {
        user_id: session.user_id,
        session: key.as_str().to_owned(),
        confirmed: session.confirmed,
        scopes: None,
        limits: None,
    }
}
