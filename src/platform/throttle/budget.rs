//! Points that each client may spend in a minute, counted in this process: no statement, no round trip.
//!
//! A client's minute begins with its first request. Several instances count apart, so a client that is spread over N of
//! them has up to N budgets.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::Clock;

const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// Clients remembered at once, about 10 MB. Those beyond share accounts, so that their number frees nobody.
const CLIENTS: usize = 100_000;
const SHARED: u64 = 1024;

#[derive(Debug)]
pub struct Budgets<K> {
    clock: Clock,
    accounts: Mutex<HashMap<Holder<K>, Account>>,
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder<K> {
    Client(K),
    Shared(u64),
}

#[derive(Clone, Copy, Debug)]
struct Account {
    spent: u64,
    resets_at: DateTime<Utc>,
}

/// What a client has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub limit: u64,
    pub remaining: u64,
    pub resets_at: DateTime<Utc>,
}

/// The budget does not reach; nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    pub standing: Standing,
    /// Seconds, at least one.
    pub retry_after: i64,
}

impl<K: Clone + Eq + Hash> Budgets<K> {
    pub fn new(clock: Clock) -> Self {
        Self { clock, accounts: Mutex::default(), most: CLIENTS }
    }

    /// Takes `points` out of the client's minute of `limit` points, all or none.
    pub fn spend(&self, client: &K, points: u64, limit: u64) -> Result<Standing, Exhausted> {
        let now = self.clock.now();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = self.holder(&mut accounts, client, now);
        let account = accounts.entry(holder).or_insert(Account { spent: 0, resets_at: now + MINUTE });
        if account.resets_at <= now {
            *account = Account { spent: 0, resets_at: now + MINUTE };
        }
        let spent = account.spent.saturating_add(points);
        let within = spent <= limit;
        if within {
            account.spent = spent;
        }
        let standing = Standing { limit, remaining: limit.saturating_sub(account.spent), resets_at: account.resets_at };
        if within {
            return Ok(standing);
        }
        let retry_after = (account.resets_at - now).num_milliseconds().max(1).saturating_add(999) / 1000;
        Err(Exhausted { standing, retry_after })
    }

    fn holder(&self, accounts: &mut HashMap<Holder<K>, Account>, client: &K, now: DateTime<Utc>) -> Holder<K> {
        let own = Holder::Client(client.clone());
        if accounts.len() < self.most || accounts.contains_key(&own) {
            return own;
        }
        // Only when it helps: a walk through all accounts at every request would be an attack's aim.
        let shared = Holder::Shared(accounts.hasher().hash_one(client) % SHARED);
        let fresh = !accounts.contains_key(&shared);
        if fresh {
            accounts.retain(|_, account| account.resets_at > now);
        }
        if accounts.len() < self.most { own } else { shared }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets() -> (Clock, Budgets<u32>) {
        let clock = Clock::fixed(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        (clock.clone(), Budgets::new(clock))
    }

    #[test]
    fn a_client_spends_its_own_and_no_more() {
        let (clock, budgets) = budgets();
        let resets_at = clock.now() + MINUTE;
        assert_eq!(budgets.spend(&1, 60, 100), Ok(Standing { limit: 100, remaining: 40, resets_at }));
        clock.advance(TimeDelta::milliseconds(15_500));
        let refused = budgets.spend(&1, 41, 100).unwrap_err();
        assert_eq!((refused.standing.remaining, refused.retry_after), (40, 45));
        assert_eq!(budgets.spend(&2, 100, 100).unwrap().remaining, 0);
        assert_eq!(budgets.spend(&1, 40, 100).unwrap().remaining, 0);
        clock.advance(TimeDelta::milliseconds(44_500));
        assert_eq!(budgets.spend(&1, 41, 100).unwrap().remaining, 59);
    }

    #[test]
    fn a_flood_of_clients_takes_bounded_memory_and_wins_nothing() {
        let (clock, mut budgets) = budgets();
        budgets.most = 1000;
        let allowed = (0..20_000).filter(|client| budgets.spend(client, 100, 100).is_ok()).count();
        let held = budgets.accounts.lock().unwrap().len();
        assert!(held <= 1000 + usize::try_from(SHARED).unwrap(), "{held}");
        assert!(allowed <= 1000 + usize::try_from(SHARED).unwrap(), "{allowed}");
        clock.advance(MINUTE);
        assert!(budgets.spend(&50_000, 100, 100).is_ok());
    }
}
