//! A batch is carried out once, or tried and undone.

use entity::ids::{ImportBatchId, ProviderId};
use entity::import_batch;
use sha2::{Digest, Sha256};

use super::answer::{Answered, BatchRefusal, RowAnswer};
use super::{Batches, MOST_ROWS, store};
use crate::integrators::register::cells::CellError;
use crate::kernel::{Failure, Fault};
use crate::platform::db::Tx;
use crate::platform::idempotency::{KeyRefusal, LONGEST_KEY};
use crate::platform::secret::hex;
use crate::platform::wakeups::Wake;

/// A batch without its rows.
#[derive(Clone, Debug)]
pub struct Ticket<'a> {
    pub provider: ProviderId,
    /// The mutation's name.
    pub operation: &'static str,
    pub key: &'a str,
    pub dry_run: bool,
    pub rows: usize,
    pub fingerprint: String,
}

/// What is to be done with the rows. It may be done several times (a transaction that runs again).
pub trait Work {
    /// An answer for each row, in the order of the rows.
    async fn carry_out_in(&self, tx: &Tx, batch: ImportBatchId) -> Result<Vec<RowAnswer>, Fault>;
}

/// Why the transaction is taken back.
enum Stop {
    Refused(BatchRefusal),
    Tried(Vec<RowAnswer>),
}

impl From<BatchRefusal> for Stop {
    fn from(refusal: BatchRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Batches {
    pub(super) async fn carry_out(
        &self,
        ticket: &Ticket<'_>,
        work: &impl Work,
    ) -> Result<Answered, Failure<BatchRefusal>> {
        if let Some(first) = self.find_first(ticket).await? {
            return Ok(first);
        }
        let row = import_batch::Model {
            id: self.entropy.id(&self.clock)?,
            provider_id: ticket.provider,
            operation: ticket.operation.to_owned(),
            key: ticket.key.to_owned(),
            fingerprint: ticket.fingerprint.clone(),
            answers: String::new(),
            created_at: self.clock.now(),
        };
        let row = &row;
        let done = self.db.transaction(|tx| async move {
            if !ticket.dry_run
                && let Some(first) = store::claim_in(&tx, row).await.map_err(|failure| failure.map(Stop::from))?
            {
                return first_answer(&first, ticket).map_err(|failure| failure.map(Stop::from));
            }
            let rows = work.carry_out_in(&tx, row.id).await?;
            if ticket.dry_run {
                return Err(Failure::Refused(Stop::Tried(rows)));
            }
            store::record_in(&tx, row.id, &serde_json::to_string(&rows).map_err(Fault::from)?).await?;
            Ok(Answered { id: Some(row.id), rows, replayed: false })
        });
        match done.await {
            Ok(answered) => {
                // Whoever follows changes need not wait until they look by themselves.
                self.wakeups.wake(Wake::Row(ticket.provider.0));
                Ok(answered)
            }
            Err(Failure::Refused(Stop::Tried(rows))) => Ok(Answered { id: None, rows, replayed: false }),
            Err(Failure::Refused(Stop::Refused(refusal))) => Err(Failure::Refused(refusal)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// The answer to a batch that is done already, found without waiting for anybody.
    async fn find_first(&self, ticket: &Ticket<'_>) -> Result<Option<Answered>, Failure<BatchRefusal>> {
        if ticket.dry_run {
            return Ok(None);
        }
        let first = store::find(self.db.read(), (ticket.provider, ticket.operation, ticket.key)).await?;
        first.map(|first| first_answer(&first, ticket)).transpose()
    }
}

impl Ticket<'_> {
    /// What can be said of a batch before its rows are looked at.
    pub fn check(&self) -> Result<(), BatchRefusal> {
        if self.key.is_empty() || self.key.len() > LONGEST_KEY {
            return Err(BatchRefusal::KeyMalformed);
        }
        match self.rows {
            0 => Err(BatchRefusal::Empty),
            1..=MOST_ROWS => Ok(()),
            _ => Err(BatchRefusal::TooMany),
        }
    }
}

fn first_answer(first: &import_batch::Model, ticket: &Ticket<'_>) -> Result<Answered, Failure<BatchRefusal>> {
    if first.fingerprint != ticket.fingerprint {
        return Err(Failure::Refused(KeyRefusal::Reused.into()));
    }
    let rows = serde_json::from_str(&first.answers).map_err(Fault::from)?;
    Ok(Answered { id: Some(first.id), rows, replayed: true })
}

/// Of rows in the sender's order, each cell as it would stand in a register.
pub fn fingerprint<'a, R: 'a>(rows: &'a [Result<R, CellError>], cells: impl Fn(&'a R) -> Vec<String>) -> String {
    let mut digest = Sha256::new();
    for row in rows {
        match row {
            Ok(row) => cells(row).iter().for_each(|cell| {
                digest.update(cell);
                digest.update([0x1f]);
            }),
            Err(fault) => digest.update(format!("{:?}\u{1f}{}\u{1f}{}", fault.code, fault.column, fault.reason)),
        }
        digest.update([0x1e]);
    }
    hex(&digest.finalize())
}
