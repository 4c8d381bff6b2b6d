//! "Look again": tells whoever waits that something changed. Losing one loses nothing, since waiters also look by themselves.

mod redis;
mod watch;

use std::sync::Arc;

use tokio::sync::broadcast;
use uuid::Uuid;

pub use self::redis::RedisWakeups;
use self::watch::Watches;
pub use self::watch::{Watch, Woken};

/// What changed. The news itself is read from the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A row that subscribers follow, by its id.
    Row(Uuid),
    /// A session ended, by its hash.
    SessionEnded(String),
    /// Every session of a person that there was, by the person's id.
    SessionsEnded(Uuid),
    /// Some may have been missed.
    Everything,
}

impl Wake {
    fn to_text(&self) -> String {
        match self {
            Self::Row(id) => format!("row {id}"),
            Self::SessionEnded(hash) => format!("session {hash}"),
            Self::SessionsEnded(person) => format!("sessions-of {person}"),
            Self::Everything => "everything".to_owned(),
        }
    }

    fn from_text(text: &str) -> Self {
        match text.split_once(' ') {
            Some(("row", id)) => id.parse().map_or(Self::Everything, Self::Row),
            Some(("session", hash)) => Self::SessionEnded(hash.to_owned()),
            Some(("sessions-of", person)) => person.parse().map_or(Self::Everything, Self::SessionsEnded),
            _ => Self::Everything,
        }
    }
}

/// Waiters that fall further behind than this are told to look at everything.
const BACKLOG: usize = 1024;

#[derive(Clone, Debug)]
pub struct Wakeups {
    local: broadcast::Sender<Wake>,
    watches: Arc<Watches>,
    redis: Option<RedisWakeups>,
}

impl Wakeups {
    pub fn local() -> Self {
        Self { local: broadcast::Sender::new(BACKLOG), watches: Arc::default(), redis: None }
    }

    /// Reaches every instance; [`RedisWakeups::listen`] must run for this one to hear the others.
    pub fn through(redis: RedisWakeups) -> Self {
        Self { local: broadcast::Sender::new(BACKLOG), watches: Arc::default(), redis: Some(redis) }
    }

    /// Wakes this instance at once and the others through Redis, without waiting for it.
    pub fn wake(&self, wake: Wake) {
        if let Some(redis) = &self.redis {
            redis.publish(&wake.to_text());
        }
        self.wake_here(wake);
    }

    /// Hears everything: for the few who serve many.
    pub fn listen(&self) -> Listener {
        Listener(self.local.subscribe())
    }

    /// Hears of the rows that it is told to watch, and of the end of a session: for the many. A row that nobody watches
    /// costs them nothing.
    pub fn watch(&self, session: &str) -> Watch {
        Watch::new(Arc::clone(&self.watches), session)
    }

    fn wake_here(&self, wake: Wake) {
        self.watches.wake(&wake);
        // Nobody listening is no error.
        let _ = self.local.send(wake);
    }

    /// Hears other instances until the process ends.
    pub async fn hear_others(&self) {
        if let Some(redis) = &self.redis {
            redis.listen(|text| self.wake_here(Wake::from_text(text))).await;
        }
    }
}

#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Wake>);

impl Listener {
    pub async fn next(&mut self) -> Wake {
        match self.0.recv().await {
            Ok(wake) => wake,
            Err(broadcast::error::RecvError::Lagged(_)) => Wake::Everything,
            // The sender lives as long as the process.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }

    /// Forgets what has come until now: whoever is about to look need not look again for it.
    pub fn forget(&mut self) {
        self.0 = self.0.resubscribe();
    }
}
