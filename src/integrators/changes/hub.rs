//! Reads each change once, and hands it to everybody of this instance whom it concerns.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use entity::change;
use entity::enums::ChangeKind;
use entity::ids::{PersonalAccountId, ProviderId};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::news::News;
use super::{Changes, store};
use crate::kernel::Fault;
use crate::platform::wakeups::{Listener, Wake};

/// Who falls further behind reads the database again.
const BACKLOG: usize = 256;
/// Changes read at once.
const BATCH: u64 = 500;
/// After a fault.
const PAUSE: Duration = Duration::from_secs(1);
/// A burst of wake-ups is one look.
const BURST: Duration = Duration::from_millis(10);

/// What a follower is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    /// Every account of the provider.
    Provider(ProviderId, ChangeKind),
    Account(PersonalAccountId, ChangeKind),
}

impl Topic {
    const fn of(kind: ChangeKind, provider: ProviderId, account: PersonalAccountId) -> [Self; 2] {
        [Self::Provider(provider, kind), Self::Account(account, kind)]
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Somebody reads.
    reading: bool,
    numbers: u64,
    places: HashMap<u64, Place>,
    topics: HashMap<Topic, HashSet<u64>>,
    left: Arc<Notify>,
}

#[derive(Debug)]
struct Place {
    news: Sender<Arc<News>>,
    /// Something was not told, for want of room.
    missed: Arc<AtomicBool>,
}

impl State {
    fn follow(&mut self, topics: &[Topic], number: u64) {
        for topic in topics {
            self.topics.entry(*topic).or_default().insert(number);
        }
    }

    fn leave(&mut self, topics: &[Topic], number: u64) {
        for topic in topics {
            if let Some(followers) = self.topics.get_mut(topic) {
                followers.remove(&number);
                if followers.is_empty() {
                    self.topics.remove(topic);
                }
            }
        }
    }

    fn concerns_somebody(&self, change: &change::Model) -> bool {
        let topics = Topic::of(change.kind, change.provider_id, change.personal_account_id);
        topics.iter().any(|topic| self.topics.contains_key(topic))
    }

    fn tell(&self, news: &Arc<News>) {
        let topics = Topic::of(news.about.kind(), news.account.provider_id, news.account.id);
        let followers = topics.iter().filter_map(|topic| self.topics.get(topic)).flatten();
        for place in followers.filter_map(|number| self.places.get(number)) {
            if place.news.try_send(Arc::clone(news)).is_err() {
                place.missed.store(true, Ordering::Release);
            }
        }
    }
}

/// A place among the followers, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Follower {
    changes: Arc<Changes>,
    number: u64,
    topics: Vec<Topic>,
    news: Receiver<Arc<News>>,
    missed: Arc<AtomicBool>,
}

impl Follower {
    /// The next change, in order; none when the database must be read for what was missed. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Result<Option<Arc<News>>, Fault> {
        let news = self.news.recv().await.ok_or_else(|| Fault::unavailable("changes are not read any more"))?;
        // Asked behind the news: what came after something that was missed is not taken before it.
        if self.missed.swap(false, Ordering::AcqRel) {
            while self.news.try_recv().is_ok() {}
            return Ok(None);
        }
        Ok(Some(news))
    }

    /// Other topics from now on: what was in them until now is in the database.
    pub(super) fn follow(&mut self, topics: Vec<Topic>) {
        let mut state = self.changes.state();
        state.leave(&self.topics, self.number);
        state.follow(&topics, self.number);
        drop(state);
        self.topics = topics;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut state = self.changes.state();
        state.leave(&self.topics, self.number);
        state.places.remove(&self.number);
        state.left.notify_one();
    }
}

/// Should the reading break off by a bug: followers are told so and come back, instead of waiting for ever.
struct Reader(Arc<Changes>);

impl Drop for Reader {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.state();
            state.reading = false;
            state.places.clear();
        }
    }
}

impl Changes {
    /// What comes behind a position that the feed had reached before; what came until then is in the database. The first
    /// follower starts the reading, the last one's leave ends it.
    pub(super) fn join(self: &Arc<Self>, topics: Vec<Topic>, reached: i64) -> Follower {
        let (sender, news) = mpsc::channel(BACKLOG);
        let missed = Arc::<AtomicBool>::default();
        let mut state = self.state();
        state.numbers += 1;
        let number = state.numbers;
        state.places.insert(number, Place { news: sender, missed: Arc::clone(&missed) });
        state.follow(&topics, number);
        if !state.reading {
            state.reading = true;
            let (listener, left) = (self.wakeups.listen(), Arc::clone(&state.left));
            tokio::spawn(Arc::clone(self).read(reached, listener, left));
        }
        drop(state);
        Follower { changes: Arc::clone(self), number, topics, news, missed }
    }

    async fn read(self: Arc<Self>, mut position: i64, mut listener: Listener, left: Arc<Notify>) {
        let _reader = Reader(Arc::clone(&self));
        while !self.is_left_alone() {
            listener.forget();
            match self.read_on(&mut position).await {
                Ok(()) => self.wait(&mut listener, &left).await,
                Err(fault) => {
                    tracing::debug!(%fault, "changes cannot be read; it is tried again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn read_on(&self, position: &mut i64) -> Result<(), Fault> {
        let head = self.head().await?;
        while *position < head {
            let mut changes = store::list_after(self.db.read(), *position, BATCH).await?;
            // Deleted since.
            let Some(last) = changes.last().and_then(|change| change.position) else { break };
            {
                let state = self.state();
                changes.retain(|change| state.concerns_somebody(change));
            }
            if !changes.is_empty() {
                let news = self.sources.read(&changes).await?;
                let state = self.state();
                for news in news {
                    state.tell(&Arc::new(news));
                }
            }
            *position = last;
        }
        Ok(())
    }

    async fn wait(&self, listener: &mut Listener, left: &Notify) {
        let pause = tokio::time::sleep(self.look_every);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return,
                () = left.notified() => return,
                wake = listener.next() => match wake {
                    Wake::Row(_) | Wake::Everything => break,
                    Wake::SessionEnded(_) | Wake::SessionsEnded(_) => {}
                },
            }
        }
        tokio::time::sleep(BURST).await;
    }

    /// Nobody follows anything any more: whoever comes next starts anew.
    fn is_left_alone(&self) -> bool {
        let mut state = self.state();
        let alone = state.places.is_empty();
        if alone {
            state.reading = false;
        }
        alone
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
