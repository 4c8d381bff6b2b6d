//! What a provider's program sends at once: up to a thousand rows, each with an answer of its own (ADR 0052).
//!
//! Promises: the good rows are taken though others are refused, all in one transaction, or none; the same batch sent again
//! changes nothing and is answered as at first; a dry run answers the same and leaves nothing. A constant number of
//! statements of SQL, whatever the number of rows. Refuses to know: who may send it (`graphql/inbound.rs`), how the answers
//! are worded. Table: `import_batches`. Tests: `tests/it/integrators/batches*.rs`.

mod answer;
mod decisions;
mod item;
mod load;
mod once;
mod postings;
mod store;

use std::sync::Arc;

use entity::ids::ProviderId;

use crate::accounts::{Accounts, Provider};
use crate::kernel::{Clock, Entropy, Failure, Fault};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;
use crate::platform::wakeups::Wakeups;

pub use answer::{Answered, BatchRefusal, RowAnswer, RowRefusal};
pub use decisions::GivenDecision;
pub use postings::GivenPosting;

use super::register::cells::CellError;

/// Rows of one batch.
pub const MOST_ROWS: usize = 1000;

/// Rows as they came, in the sender's order: read, or what is wrong with them.
#[derive(Clone, Debug)]
pub struct Batch<R> {
    /// The sender's own: the same for the same rows, another for others. 1 to 255 bytes.
    pub key: String,
    /// Answers, and leaves nothing.
    pub dry_run: bool,
    pub rows: Vec<Result<R, CellError>>,
}

#[derive(Debug)]
pub struct Batches {
    db: Db,
    outbox: Outbox,
    wakeups: Wakeups,
    clock: Clock,
    entropy: Entropy,
    accounts: Arc<Accounts>,
    metering: Arc<Metering>,
    payments: Arc<Payments>,
}

impl Batches {
    pub fn new(
        mechanisms: &Mechanisms,
        accounts: Arc<Accounts>,
        metering: Arc<Metering>,
        payments: Arc<Payments>,
    ) -> Self {
        let Mechanisms { db, outbox, wakeups, clock, entropy, .. } = mechanisms.clone();
        Self { db, outbox, wakeups, clock, entropy, accounts, metering, payments }
    }

    /// Forgets batches that nobody repeats any more. How many.
    pub async fn purge(&self) -> Result<u64, Fault> {
        let before = self.clock.now() - crate::platform::idempotency::KEEP;
        let purged = self.db.transaction(|tx| async move {
            Ok::<_, Failure<std::convert::Infallible>>(store::purge_in(&tx, before).await?)
        });
        Ok(purged.await?)
    }

    async fn provider(&self, id: ProviderId) -> Result<Provider, Fault> {
        self.accounts.find_provider(id).await?.ok_or_else(|| Fault::internal("a client of no provider"))
    }
}
