//! What a person's balances did since a point, and then live: nothing lost, nothing twice.
//!
//! The ledger is the news, so no cursor is ever too old. Live changes come from the hub, which reads each of them once for
//! everybody of this instance.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::enums::ChangeKind;
use entity::ids::PersonalAccountId;
use entity::ledger_entry;
use tokio::time::Instant;
use uuid::Uuid;

use super::Changes;
use super::hub::{Follower, Topic};
use super::news::{About, News};
use crate::accounts::AccountAccess;
use crate::accounts::error::AccessRefusal;
use crate::kernel::{Failure, Fault, Person};
use crate::platform::wakeups::{Watch, Woken};

/// Entries read at once; a subscriber far behind catches up in steps.
const BATCH: u64 = 100;
/// How long an access that was looked up is good for what is told.
const FRESH: Duration = Duration::from_secs(1);
/// Bytes of an account's id and version in a cursor.
const POSITION: usize = 24;

/// How far a subscriber has come in each account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position(BTreeMap<PersonalAccountId, i64>);

impl Position {
    /// Opaque to clients: account ids and versions, one after another.
    pub fn to_cursor(&self) -> String {
        let bytes: Vec<u8> = self
            .0
            .iter()
            .flat_map(|(account, version)| account.0.as_bytes().iter().copied().chain(version.to_be_bytes()))
            .collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub fn from_cursor(cursor: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        if bytes.len() % POSITION != 0 {
            return None;
        }
        let position = |chunk: &[u8]| {
            let (account, version) = chunk.split_at_checked(16)?;
            let version = i64::from_be_bytes(version.try_into().ok()?);
            Some((PersonalAccountId(Uuid::from_slice(account).ok()?), version))
        };
        bytes.chunks(POSITION).map(position).collect::<Option<_>>().map(Self)
    }
}

/// One change of one balance.
#[derive(Clone, Debug)]
pub struct BalanceNews {
    pub access: AccountAccess,
    pub entry: ledger_entry::Model,
    pub cursor: String,
}

#[derive(Debug)]
pub struct BalanceFeed {
    changes: Arc<Changes>,
    person: Person,
    /// None: every account that the person may see, later ones included.
    only: Option<Vec<PersonalAccountId>>,
    position: Position,
    started: bool,
    access: HashMap<PersonalAccountId, AccountAccess>,
    /// When the access was looked up.
    looked_at: Instant,
    /// Reads the ledgers until it has come up with what the hub tells.
    behind: bool,
    read: VecDeque<ledger_entry::Model>,
    follower: Follower,
    watch: Watch,
}

impl Changes {
    /// Begins after the position, or with what happens from now on.
    pub async fn follow_balances(
        self: &Arc<Self>,
        person: Person,
        only: Option<Vec<PersonalAccountId>>,
        after: Option<Position>,
    ) -> Result<BalanceFeed, Failure<AccessRefusal>> {
        let mut watch = self.wakeups.watch(&person.session);
        // Accounts come and go.
        watch.rows([person.user_id.0]);
        // Before the first look, so that nothing falls between.
        let follower = self.join(Vec::new(), self.head().await?);
        let mut feed = BalanceFeed {
            changes: Arc::clone(self),
            person,
            only,
            started: after.is_some(),
            position: after.unwrap_or_default(),
            access: HashMap::new(),
            looked_at: Instant::now(),
            behind: true,
            read: VecDeque::new(),
            follower,
            watch,
        };
        feed.look_up_access().await?;
        if feed.only.as_ref().is_some_and(|only| only.iter().any(|id| !feed.access.contains_key(id))) {
            return Err(Failure::Refused(AccessRefusal::NotFound));
        }
        feed.started = true;
        Ok(feed)
    }
}

impl BalanceFeed {
    /// The next change; none when the session has ended.
    pub async fn next(&mut self) -> Result<Option<BalanceNews>, Fault> {
        loop {
            // Whoever takes what was read slowly does not go on seeing what they may see no more.
            if !self.read.is_empty() && self.looked_at.elapsed() >= FRESH {
                self.look_up_access().await.map_err(unconfirmed)?;
            }
            while let Some(entry) = self.read.pop_front() {
                if let Some(news) = self.news(entry) {
                    return Ok(Some(news));
                }
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            tokio::select! {
                told = self.follower.next() => match told? {
                    Some(news) => self.hear(&news),
                    None => self.behind = true,
                },
                woken = self.watch.woken() => match woken {
                    Woken::SessionEnded => return Ok(None),
                    Woken::Look => self.look_up_access().await.map_err(unconfirmed)?,
                },
                () = tokio::time::sleep_until(self.looked_at + self.changes.look_every) => {
                    self.look_up_access().await.map_err(unconfirmed)?;
                }
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), Fault> {
        self.look_up_access().await.map_err(unconfirmed)?;
        let position =
            |access: &AccountAccess| (access.key(), self.position.0.get(&access.id()).copied().unwrap_or_default());
        let positions: Vec<_> = self.access.values().map(position).collect();
        self.read = self.changes.sources.billing.entries_after(&positions, BATCH).await?.into();
        self.behind = !self.read.is_empty();
        Ok(())
    }

    /// What the hub has read for everybody is told without a look at the database, as long as nothing is missing before it.
    fn hear(&mut self, news: &News) {
        let About::Balance(entry) = &news.about else { return };
        let Some(access) = self.access.get_mut(&entry.personal_account_id) else { return };
        let position = self.position.0.get(&entry.personal_account_id).copied().unwrap_or_default();
        if entry.version == position + 1 && access.key().since().shows_moment(entry.occurred_at) {
            access.refresh(&news.account);
            self.read.push_back(entry.clone());
        } else if entry.version > position {
            self.behind = true;
        }
    }

    /// Accounts attached meanwhile join, detached ones leave.
    async fn look_up_access(&mut self) -> Result<(), Failure<AccessRefusal>> {
        self.looked_at = Instant::now();
        let accounts = &self.changes.sources.accounts;
        let access = match &self.only {
            Some(ids) => accounts.access_to(&self.person, ids).await?,
            None => accounts.all_access(&self.person).await?,
        };
        for access in &access {
            let begin = if self.started { access.attached_version() } else { access.balance().version };
            let position = self.position.0.entry(access.id()).or_insert(begin);
            // Anybody can make up a cursor: without FULL access it opens no history.
            if !access.is_full() {
                *position = (*position).max(access.attached_version());
            }
        }
        if access.len() != self.access.len() || access.iter().any(|access| !self.access.contains_key(&access.id())) {
            let topics = access.iter().map(|access| Topic::Account(access.id(), ChangeKind::Balance));
            self.follower.follow(topics.collect());
            self.behind = true;
        }
        self.access = access.into_iter().map(|access| (access.id(), access)).collect();
        self.position.0.retain(|account, _| self.access.contains_key(account));
        Ok(())
    }

    fn news(&mut self, entry: ledger_entry::Model) -> Option<BalanceNews> {
        let access = self.access.get(&entry.personal_account_id)?.clone();
        let position = self.position.0.get_mut(&entry.personal_account_id)?;
        // What was read before may be behind what a look-up since has opened.
        if entry.version <= *position {
            return None;
        }
        *position = entry.version;
        Some(BalanceNews { access, entry, cursor: self.position.to_cursor() })
    }
}

fn unconfirmed(failure: Failure<AccessRefusal>) -> Fault {
    match failure {
        Failure::Fault(fault) => fault,
        Failure::Refused(_) => Fault::internal("a confirmed person became unconfirmed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_holds_the_version_of_every_account() {
        let position =
            Position([(PersonalAccountId(Uuid::from_u128(7)), 42), (PersonalAccountId(Uuid::from_u128(9)), 1)].into());
        assert_eq!(Position::from_cursor(&position.to_cursor()), Some(position));
        for text in ["!", "AAAA", "not base64"] {
            assert_eq!(Position::from_cursor(text), None, "{text}");
        }
    }
}
