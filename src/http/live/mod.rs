//! What WebSockets and event streams have in common: how many there may be, whose they are, and that they end with the
//! session that opened them.

pub mod operation;
mod pace;
mod vigil;

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

pub use self::pace::Pace;
pub use self::vigil::{Vigil, over};
use super::ports::Ended;
use crate::kernel::{Bearer, network};

/// Every live connection of this server.
#[derive(Debug, Default)]
pub struct Live(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    networks: HashMap<IpAddr, usize>,
    sessions: HashMap<String, usize>,
    /// By whose they are and by a number of its own: whom to wake when sessions or tokens of theirs may have ended.
    watched: HashMap<Uuid, HashMap<u64, (String, Arc<Notify>)>>,
    numbers: u64,
}

/// A place among the connections of one network, given back when it is dropped.
#[derive(Debug)]
pub struct Admission {
    live: Arc<Live>,
    network: IpAddr,
}

/// A place among the connections of one session, which hears when that session may have ended.
#[derive(Debug)]
pub struct Watched {
    live: Arc<Live>,
    holder: Uuid,
    session: String,
    number: u64,
    call: Arc<Notify>,
}

impl Live {
    /// None: the network of this address has `most` connections already.
    pub fn admit(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Admission> {
        let network = network(address);
        count(&mut self.state().networks, &network, most).then(|| Admission { live: Arc::clone(self), network })
    }

    /// None: this session has `most` connections already.
    pub fn watch(self: &Arc<Self>, bearer: &Bearer, most: usize) -> Option<Watched> {
        let (holder, session) = (bearer.holder(), bearer.session().to_owned());
        let mut state = self.state();
        if !count(&mut state.sessions, &session, most) {
            return None;
        }
        state.numbers += 1;
        let number = state.numbers;
        let call = Arc::new(Notify::new());
        // The session may have ended between the look that found whose it is and now.
        call.notify_one();
        state.watched.entry(holder).or_default().insert(number, (session.clone(), Arc::clone(&call)));
        Some(Watched { live: Arc::clone(self), holder, session, number, call })
    }

    /// Makes everybody concerned look again.
    pub fn tell(&self, ended: &Ended) {
        let state = self.state();
        match ended {
            Ended::Any => state.watched.values().flat_map(HashMap::values).for_each(|(_, call)| call.notify_one()),
            Ended::Holder(holder) => {
                state.watched.get(holder).into_iter().flat_map(HashMap::values).for_each(|(_, call)| call.notify_one());
            }
            Ended::Session(session) => {
                let all = state.watched.values().flat_map(HashMap::values);
                all.filter(|(watched, _)| watched == session).for_each(|(_, call)| call.notify_one());
            }
        }
    }

    /// Connections that belong to a session.
    #[cfg(test)]
    pub fn of_sessions(&self) -> usize {
        self.state().sessions.values().sum()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Until the session may have ended.
    pub async fn called(&self) {
        self.call.notified().await;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        release(&mut self.live.state().networks, &self.network);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut state = self.live.state();
        release(&mut state.sessions, &self.session);
        if let Some(watchers) = state.watched.get_mut(&self.holder) {
            watchers.remove(&self.number);
            if watchers.is_empty() {
                state.watched.remove(&self.holder);
            }
        }
    }
}

/// One more under this key, unless there are `most`.
pub(super) fn count<K: Clone + Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K, most: usize) -> bool {
    let count = counts.entry(key.clone()).or_default();
    let room = *count < most;
    if room {
        *count += 1;
    }
    room
}

/// One fewer.
pub(super) fn release<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_a_network_and_no_more() {
        let live = Arc::new(Live::default());
        let admit = |address: &str| live.admit(address.parse().unwrap(), 2);
        let (first, second) = (admit("2001:db8::1"), admit("2001:db8:0:ff::1"));
        assert!(first.is_some() && second.is_some());
        assert!(admit("2001:db8:0:1::5").is_none(), "the same /56");
        assert!(admit("2001:db8:0:100::1").is_some(), "another /56");
        assert!(admit("198.51.100.7").is_some());
        drop(first);
        assert!(admit("2001:db8::1").is_some());
        drop(second);
        assert!(live.state().networks.is_empty(), "nothing stays behind");
    }
}
