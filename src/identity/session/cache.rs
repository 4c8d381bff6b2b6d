//! Sessions seen by this process a moment ago: spares a round trip, and bridges a loss of the store.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use entity::ids::UserId;

use super::Session;
use crate::platform::keyvalue::Key;
use crate::platform::metrics::Looks;

/// How long another instance's revocation may go unnoticed here.
const FRESH: TimeDelta = TimeDelta::seconds(1);
/// How long a session outlives the loss of the store.
const BRIDGE: TimeDelta = TimeDelta::minutes(15);
const MOST: usize = 50_000;

#[derive(Debug, Default)]
pub struct Cache {
    kept: Mutex<HashMap<Key, (DateTime<Utc>, Session)>>,
    pub looks: Looks,
}

pub enum Known {
    Fresh(Session),
    /// To be asked for again; good while the store does not answer.
    Stale(Session),
    No,
}

impl Cache {
    pub fn find(&self, key: &Key, now: DateTime<Utc>) -> Known {
        let known = self.look(key, now);
        let counter = if matches!(known, Known::Fresh(_)) { &self.looks.hits } else { &self.looks.misses };
        counter.inc();
        known
    }

    pub fn len(&self) -> usize {
        self.sessions().len()
    }

    fn look(&self, key: &Key, now: DateTime<Utc>) -> Known {
        let sessions = self.sessions();
        let Some((seen_at, session)) = sessions.get(key) else { return Known::No };
        match now - *seen_at {
            _ if session.ends_at <= now => Known::No,
            age if age < FRESH => Known::Fresh(session.clone()),
            age if age < BRIDGE => Known::Stale(session.clone()),
            _ => Known::No,
        }
    }

    pub fn remember(&self, key: &Key, session: &Session, now: DateTime<Utc>) {
        let mut sessions = self.sessions();
        if sessions.len() >= MOST {
            sessions.retain(|_, (seen_at, _)| now - *seen_at < FRESH);
        }
        if sessions.len() < MOST {
            sessions.insert(key.clone(), (now, session.clone()));
        }
    }

    pub fn forget(&self, key: &Key) {
        self.sessions().remove(key);
    }

    pub fn forget_of(&self, user: UserId) {
        self.sessions().retain(|_, (_, session)| session.user_id != user);
    }

    pub fn forget_all(&self) {
        self.sessions().clear();
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Key, (DateTime<Utc>, Session)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
