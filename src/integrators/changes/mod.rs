//! What changed, in an order: balances, readings and payments of all accounts, for whoever follows them (ADR 0047).
//!
//! Promises: a change is in the feed exactly when it was committed, in its account's order, once; positions are without
//! gaps; one change is read from the database once by an instance, however many follow it. Refuses to know: how a
//! change came about. Tables: `changes`, `change_feed`. GraphQL: `graphql/subscription.rs`. Tests: `tests/it/integrators/`.

pub mod balances;
pub mod cursor;
mod hub;
pub mod news;
pub mod person;
pub mod program;
mod store;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;

use self::hub::State;
use crate::accounts::Accounts;
use crate::billing::Billing;
use crate::kernel::{Clock, Failure, Fault};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::wakeups::Wakeups;

/// Changes that get their places in one transaction.
const ORDERED_AT_ONCE: u64 = 1000;
/// Changes that are deleted in one transaction.
const PURGED_AT_ONCE: u64 = 10_000;

/// Why nothing is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowRefusal {
    NotConfirmed,
    /// No such account, or none of theirs.
    AccountNotFound,
    /// None of this feed's, or of somebody else's.
    Cursor,
    /// What followed it is not kept any more: begin anew.
    CursorTooOld,
}

/// Where the news itself is read.
#[derive(Clone, Debug)]
pub struct Sources {
    pub accounts: Arc<Accounts>,
    pub metering: Arc<Metering>,
    pub billing: Arc<Billing>,
    pub payments: Arc<Payments>,
}

impl Sources {
    pub fn of(
        accounts: &Arc<Accounts>,
        metering: &Arc<Metering>,
        billing: &Arc<Billing>,
        payments: &Arc<Payments>,
    ) -> Self {
        let (accounts, metering) = (Arc::clone(accounts), Arc::clone(metering));
        Self { accounts, metering, billing: Arc::clone(billing), payments: Arc::clone(payments) }
    }
}

#[derive(Debug)]
pub struct Changes {
    db: Db,
    wakeups: Wakeups,
    clock: Clock,
    sources: Sources,
    /// How long a change is kept.
    kept: TimeDelta,
    /// Between looks without a wake-up.
    look_every: Duration,
    hub: Mutex<State>,
}

impl Changes {
    pub fn new(mechanisms: &Mechanisms, sources: Sources) -> Self {
        let Mechanisms { db, wakeups, clock, config, .. } = mechanisms.clone();
        let (kept, look_every) = (config.api_clients.changes_kept, config.graphql.look_every);
        Self { db, wakeups, clock, sources, kept, look_every, hub: Mutex::default() }
    }

    /// Gives what was committed its place, until nothing waits for one.
    ///
    /// Not in the transaction of the change: the place of each would wait for the end of the one before it, and an import for
    /// minutes. Whoever wants to read does it; one at a time, by the lock of the feed's row.
    pub async fn order(&self) -> Result<(), Fault> {
        while store::has_waiting(self.db.read()).await? {
            let now = self.clock.now();
            let ordered = self.db.transaction(|tx| async move {
                let position = store::lock_feed_in(&tx).await?;
                Ok::<_, Failure<Infallible>>(store::order_in(&tx, position, ORDERED_AT_ONCE, now).await?)
            });
            ordered.await?;
        }
        Ok(())
    }

    /// The position behind everything that was committed until now.
    pub async fn head(&self) -> Result<i64, Fault> {
        self.order().await?;
        store::head(self.db.read()).await
    }

    /// # Errors
    /// What followed the position is gone, or it is none that was ever given.
    async fn check(&self, after: i64) -> Result<(), Failure<FollowRefusal>> {
        let head = self.head().await?;
        if !(0..=head).contains(&after) {
            return Err(Failure::Refused(FollowRefusal::Cursor));
        }
        let oldest = store::oldest(self.db.read()).await?.unwrap_or(head + 1);
        if after + 1 < oldest {
            return Err(Failure::Refused(FollowRefusal::CursorTooOld));
        }
        Ok(())
    }

    /// To be asked after a read of what is behind `position`, so that a purge meanwhile is found: a stream ends rather than pass
    /// over a gap, and whoever comes back with its cursor is told CURSOR_TOO_OLD.
    async fn holds(&self, position: i64) -> Result<(), Fault> {
        let mut oldest = store::oldest(self.db.read()).await?;
        if oldest.is_none() {
            if position >= self.head().await? {
                return Ok(());
            }
            // The first one may have come between the two looks.
            oldest = store::oldest(self.db.read()).await?;
        }
        if oldest.is_some_and(|oldest| position + 1 >= oldest) {
            return Ok(());
        }
        Err(Fault::unavailable("the changes behind a stream's cursor are not kept any more"))
    }

    /// Deletes what nobody can go on behind any more, a piece at a time: always the oldest, so that none is missing between
    /// others.
    pub async fn purge(&self) -> Result<(), Fault> {
        let before = self.clock.now() - self.kept;
        while let Some((position, more)) = store::aged(self.db.read(), before, PURGED_AT_ONCE).await? {
            let purged = self.db.transaction(|tx| async move {
                Ok::<_, Failure<Infallible>>(store::delete_until_in(&tx, position).await?)
            });
            purged.await?;
            if !more {
                break;
            }
        }
        Ok(())
    }
}
