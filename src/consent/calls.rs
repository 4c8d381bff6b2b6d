//! What apps asked: an operation from an address is written down once a minute. Kept in memory until a timer or whoever
//! looks has it written, so that no request waits for it; a crash loses a minute of it.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entity::client_grant_call;
use entity::ids::{ClientCallId, ClientGrantId};

use super::{Consents, store};
use crate::kernel::{Failure, Fault, Page, Slice};

/// So long calls are kept.
pub const KEEP: TimeDelta = TimeDelta::days(90);
/// Of one grant in a minute: who makes up operations does not fill the table.
const MOST_A_MINUTE: usize = 10;
/// That wait to be written down: more are lost while the database is away.
const MOST_WAITING: usize = 10_000;
/// Characters.
const LONGEST: usize = 200;

#[derive(Debug, Default)]
pub struct Calls(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    minute: i64,
    seen: HashMap<ClientGrantId, HashSet<(String, IpAddr)>>,
    waiting: Vec<client_grant_call::Model>,
}

impl Calls {
    /// Whether this is the first of its kind in its minute, and there is room.
    fn is_news(&self, grant: ClientGrantId, operations: &str, address: IpAddr, now: DateTime<Utc>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.timestamp().div_euclid(60);
        if state.minute != minute {
            state.minute = minute;
            state.seen.clear();
        }
        let room = state.waiting.len() < MOST_WAITING;
        let seen = state.seen.entry(grant).or_default();
        room && seen.len() < MOST_A_MINUTE && seen.insert((operations.to_owned(), address))
    }

    fn add(&self, rows: Vec<client_grant_call::Model>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.extend(rows);
        state.waiting.truncate(MOST_WAITING);
    }

    fn take(&self) -> Vec<client_grant_call::Model> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }
}

impl Consents {
    /// `operations`: the fields at the root, between commas.
    pub fn note_call(&self, grant: ClientGrantId, operations: &str, address: IpAddr) {
        let now = self.clock.now();
        let operations: String = operations.chars().take(LONGEST).collect();
        if !self.calls.is_news(grant, &operations, address, now) {
            return;
        }
        match self.entropy.id(&self.clock) {
            Ok(id) => self.calls.add(vec![client_grant_call::Model {
                id,
                client_grant_id: grant,
                called_at: now,
                operations,
                address: address.to_string(),
            }]),
            Err(fault) => tracing::debug!(%fault, "a call of an app was not written down"),
        }
    }

    /// Writes down what waits.
    pub async fn write_calls(&self) -> Result<(), Fault> {
        let waiting = &self.calls.take();
        if waiting.is_empty() {
            return Ok(());
        }
        let written = self
            .db
            .transaction(|tx| async move { Ok::<_, Failure<Infallible>>(store::insert_calls_in(&tx, waiting).await?) });
        let written = written.await.map_err(Fault::from);
        if written.is_err() {
            self.calls.add(waiting.clone());
        }
        written
    }

    /// Newest first.
    pub async fn list_calls(
        &self,
        grant: ClientGrantId,
        page: Page<ClientCallId>,
    ) -> Result<Slice<client_grant_call::Model>, Fault> {
        self.write_calls().await?;
        let rows = store::page_calls(self.db.read(), grant, &page).await?;
        Ok(Slice::of(&page, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_operation_is_news_once_a_minute_and_ten_of_a_grant_are() {
        let (calls, grant) = (Calls::default(), ClientGrantId(Uuid::from_u128(1)));
        let (here, there): (IpAddr, IpAddr) = ("203.0.113.7".parse().unwrap(), "203.0.113.8".parse().unwrap());
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        assert!(calls.is_news(grant, "viewer", here, at(0)));
        assert!(!calls.is_news(grant, "viewer", here, at(59)));
        assert!(calls.is_news(grant, "viewer", there, at(59)) && calls.is_news(grant, "node", here, at(59)));
        assert!(calls.is_news(grant, "viewer", here, at(60)));
        let news = (0..30).filter(|number| calls.is_news(grant, &format!("made-up-{number}"), here, at(60)));
        assert_eq!(news.count(), MOST_A_MINUTE - 1);
        assert!(calls.is_news(ClientGrantId(Uuid::from_u128(2)), "viewer", here, at(60)), "another grant has its own");
    }
}
