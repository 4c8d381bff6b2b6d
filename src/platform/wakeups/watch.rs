//! Waiters by what they wait for.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use super::Wake;

/// What a watch heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// One of its rows may have changed.
    Look,
    SessionEnded,
}

#[derive(Debug, Default)]
pub(super) struct Watches(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    numbers: u64,
    rows: HashMap<Uuid, HashMap<u64, Arc<Call>>>,
    sessions: HashMap<String, HashMap<u64, Arc<Call>>>,
}

/// However often it is woken meanwhile, it looks once.
#[derive(Debug, Default)]
struct Call {
    notify: Notify,
    ended: AtomicBool,
}

impl Watches {
    pub(super) fn wake(&self, wake: &Wake) {
        let state = self.state();
        match wake {
            Wake::Row(row) => state.rows.get(row).into_iter().flat_map(HashMap::values).for_each(|call| call.wake()),
            Wake::SessionEnded(session) => {
                for call in state.sessions.get(session).into_iter().flat_map(HashMap::values) {
                    call.ended.store(true, Ordering::Release);
                    call.wake();
                }
            }
            // The connection looks after it.
            Wake::SessionsEnded(_) => {}
            Wake::Everything => state.sessions.values().flat_map(HashMap::values).for_each(|call| call.wake()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    fn wake(&self) {
        self.notify.notify_one();
    }
}

/// A place among the waiters, given back when it is dropped.
#[derive(Debug)]
pub struct Watch {
    watches: Arc<Watches>,
    number: u64,
    session: String,
    rows: HashSet<Uuid>,
    call: Arc<Call>,
}

impl Watch {
    pub(super) fn new(watches: Arc<Watches>, session: &str) -> Self {
        let (session, call) = (session.to_owned(), Arc::new(Call::default()));
        let number = {
            let mut state = watches.state();
            state.numbers += 1;
            let number = state.numbers;
            state.sessions.entry(session.clone()).or_default().insert(number, Arc::clone(&call));
            number
        };
        Self { watches, number, session, rows: HashSet::new(), call }
    }

    /// Watches these rows, and no others any more.
    pub fn rows(&mut self, rows: impl IntoIterator<Item = Uuid>) {
        let rows: HashSet<_> = rows.into_iter().collect();
        if rows == self.rows {
            return;
        }
        let mut state = self.watches.state();
        for row in self.rows.difference(&rows) {
            leave(&mut state.rows, row, self.number);
        }
        for row in rows.difference(&self.rows) {
            state.rows.entry(*row).or_default().insert(self.number, Arc::clone(&self.call));
        }
        drop(state);
        self.rows = rows;
    }

    /// Until there may be something to see. May be dropped and called again.
    pub async fn woken(&self) -> Woken {
        self.call.notify.notified().await;
        if self.call.ended.load(Ordering::Acquire) { Woken::SessionEnded } else { Woken::Look }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.watches.state();
        self.rows.iter().for_each(|row| leave(&mut state.rows, row, self.number));
        leave(&mut state.sessions, &self.session, self.number);
    }
}

fn leave<K: Eq + std::hash::Hash>(watched: &mut HashMap<K, HashMap<u64, Arc<Call>>>, key: &K, number: u64) {
    if let Some(watchers) = watched.get_mut(key) {
        watchers.remove(&number);
        if watchers.is_empty() {
            watched.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn woken(watch: &Watch) -> Option<Woken> {
        watch.woken().now_or_never()
    }

    #[test]
    fn only_who_watches_a_row_is_woken() {
        let watches = Arc::new(Watches::default());
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut first = Watch::new(Arc::clone(&watches), "session");
        let mut second = Watch::new(Arc::clone(&watches), "session");
        first.rows([one, two]);
        second.rows([two]);
        watches.wake(&Wake::Row(one));
        watches.wake(&Wake::Row(one));
        assert_eq!((woken(&first), woken(&first), woken(&second)), (Some(Woken::Look), None, None));
        first.rows([one]);
        watches.wake(&Wake::Row(two));
        assert_eq!((woken(&first), woken(&second)), (None, Some(Woken::Look)));
        watches.wake(&Wake::Everything);
        assert_eq!((woken(&first), woken(&second)), (Some(Woken::Look), Some(Woken::Look)));
        drop((first, second));
        let state = watches.state();
        assert!(state.rows.is_empty() && state.sessions.is_empty(), "nothing stays behind");
    }

    #[test]
    fn the_end_of_the_session_is_heard() {
        let watches = Arc::new(Watches::default());
        let (own, other) = (Watch::new(Arc::clone(&watches), "own"), Watch::new(Arc::clone(&watches), "other"));
        watches.wake(&Wake::SessionEnded("own".to_owned()));
        assert_eq!((woken(&own), woken(&other)), (Some(Woken::SessionEnded), None));
    }
}
