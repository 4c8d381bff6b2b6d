//! What a person's balances did since a point, and then live: nothing lost, nothing twice.
//!
//! The ledger is the news. Wake-ups only say "look again"; when they are lost, a look every few seconds finds the rest.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::ids::PersonalAccountId;
use entity::ledger_entry;
use tokio::time::Instant;
use uuid::Uuid;

use super::Billing;
use crate::accounts::error::AccessRefusal;
use crate::accounts::{AccountAccess, Accounts};
use crate::kernel::{Failure, Fault, Person};
use crate::platform::wakeups::{Wakeups, Watch, Woken};

/// Entries read at once; a subscriber far behind catches up in steps.
const BATCH: u64 = 100;
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
    billing: Arc<Billing>,
    accounts: Arc<Accounts>,
    person: Person,
    /// None: every account that the person may see, later ones included.
    only: Option<Vec<PersonalAccountId>>,
    position: Position,
    started: bool,
    access: HashMap<PersonalAccountId, AccountAccess>,
    /// When the access was looked up.
    looked_at: Instant,
    read: VecDeque<ledger_entry::Model>,
    watch: Watch,
    look_every: Duration,
}

impl BalanceFeed {
    /// Begins after the position, or with what happens from now on.
    pub async fn open(
        billing: Arc<Billing>,
        accounts: Arc<Accounts>,
        wakeups: &Wakeups,
        person: Person,
        only: Option<Vec<PersonalAccountId>>,
        after: Option<Position>,
        look_every: Duration,
    ) -> Result<Self, Failure<AccessRefusal>> {
        let watch = wakeups.watch(&person.session);
        let started = after.is_some();
        let mut feed = Self {
            billing,
            accounts,
            person,
            only,
            position: after.unwrap_or_default(),
            started,
            access: HashMap::new(),
            looked_at: Instant::now(),
            read: VecDeque::new(),
            watch,
            look_every,
        };
        feed.look_up_access().await?;
        if feed.only.as_ref().is_some_and(|only| only.iter().any(|id| !feed.access.contains_key(id))) {
            return Err(Failure::Refused(AccessRefusal::NotFound));
        }
        feed.started = true;
        Ok(feed)
    }

    /// The next change; none when the session has ended.
    pub async fn next(&mut self) -> Result<Option<BalanceNews>, Fault> {
        loop {
            // Whoever takes what was read slowly does not go on seeing what they may see no more.
            if !self.read.is_empty() && self.looked_at.elapsed() >= self.look_every {
                self.look_up_access().await.map_err(unconfirmed)?;
            }
            while let Some(entry) = self.read.pop_front() {
                if let Some(news) = self.news(entry) {
                    return Ok(Some(news));
                }
            }
            self.look_up_access().await.map_err(unconfirmed)?;
            let positions: Vec<_> = self
                .access
                .values()
                .map(|access| (access.key(), self.position.0.get(&access.id()).copied().unwrap_or(0)))
                .collect();
            self.read = self.billing.entries_after(&positions, BATCH).await?.into();
            if self.read.is_empty() && !self.wait().await {
                return Ok(None);
            }
        }
    }

    /// Accounts attached meanwhile join, detached ones leave.
    async fn look_up_access(&mut self) -> Result<(), Failure<AccessRefusal>> {
        self.looked_at = Instant::now();
        let access = match &self.only {
            Some(ids) => self.accounts.access_to(&self.person, ids).await?,
            None => self.accounts.all_access(&self.person).await?,
        };
        for access in &access {
            let begin = if self.started { access.attached_version() } else { access.balance().version };
            let position = self.position.0.entry(access.id()).or_insert(begin);
            // Anybody can make up a cursor: without FULL access it opens no history.
            if !access.is_full() {
                *position = (*position).max(access.attached_version());
            }
        }
        self.access = access.into_iter().map(|access| (access.id(), access)).collect();
        // Before the entries are looked at, so that nothing falls between.
        self.watch.rows(self.access.keys().map(|id| id.0));
        self.position.0.retain(|account, _| self.access.contains_key(account));
        Ok(())
    }

    fn news(&mut self, entry: ledger_entry::Model) -> Option<BalanceNews> {
        let access = self.access.get(&entry.personal_account_id)?.clone();
        self.position.0.insert(entry.personal_account_id, entry.version);
        Some(BalanceNews { access, entry, cursor: self.position.to_cursor() })
    }

    /// Until there may be something new; false when the session has ended.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.look_every) => true,
            woken = self.watch.woken() => woken == Woken::Look,
        }
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
