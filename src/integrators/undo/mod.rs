//! Takes back the statements that a batch or a file brought (ADR 0056).
//!
//! Promises: each entry is taken back by an entry of its own, nothing is rewritten; a statement that took the place of an
//! earlier issue gives its place back; one that a later month stands on stays, and is named; twice is as good as once; a try
//! of a batch or a file answers the same and leaves nothing. A constant number of statements of SQL for a thousand
//! statements. Refuses to know: who asks, how it is worded. Tables: those of statements and the ledger, `import_files`.
//! Tests: `tests/it/integrators/undo.rs`.

mod file;
mod plan;
mod store;

use std::sync::Arc;

use entity::exact::YearMonth;
use entity::ids::{ImportBatchId, ImportFileId, ProviderId, StatementId};
use uuid::Uuid;

use self::plan::Plan;
use crate::accounts::{Accounts, Balance, Provider};
use crate::integrators::batch::MOST_ROWS;
use crate::integrators::import::context::Context;
use crate::integrators::import::store::write_bills_in;
use crate::integrators::import::tell_in;
use crate::integrators::register::cells::CellError;
use crate::kernel::{Clock, Entropy, Failure, Fault};
use crate::payments::Payments;
use crate::platform::Mechanisms;
use crate::platform::db::{Db, Tx};
use crate::platform::outbox::Outbox;
use crate::platform::wakeups::{Wake, Wakeups};

pub use file::{How, UndoneFile};

/// The batch mutation whose rows move money.
const STATEMENTS: &str = "importStatements";

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// It stands no more.
    Withdrawn,
    /// The earlier issue has its place again.
    Restored,
    /// It stood no more before.
    Already,
    /// It stays.
    Refused(CellError),
}

/// A statement that a batch or a file brought, and the account's balance before it was looked at and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    pub id: StatementId,
    /// The provider's number of the account.
    pub account: String,
    pub period: YearMonth,
    pub became: Became,
    pub balance_before: Balance,
    pub balance_after: Balance,
}

/// Why nothing is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoRefusal {
    /// No such batch or file, or none of this provider's.
    NotFound,
    /// Its rows have moved no money: sending them as they should be mends them.
    NotStatements,
}

/// Which statements: of a source, behind one.
#[derive(Clone, Copy, Debug)]
struct Brought<'a> {
    source: Uuid,
    after: Option<StatementId>,
    most: u64,
    /// Of a try: sources that were tried before, whose statements count as taken back.
    tried: &'a [Uuid],
    /// A file that is loaded no more as soon as something of it is taken back.
    file: Option<ImportFileId>,
}

#[derive(Debug)]
pub struct Undo {
    db: Db,
    outbox: Outbox,
    wakeups: Wakeups,
    clock: Clock,
    entropy: Entropy,
    accounts: Arc<Accounts>,
    payments: Arc<Payments>,
}

impl Undo {
    pub fn new(mechanisms: &Mechanisms, accounts: Arc<Accounts>, payments: Arc<Payments>) -> Self {
        let Mechanisms { db, outbox, wakeups, clock, entropy, .. } = mechanisms.clone();
        Self { db, outbox, wakeups, clock, entropy, accounts, payments }
    }

    /// Takes back what a batch brought, in the order of the statements' ids. Of a batch that is forgotten by its key the
    /// statements are known all the same.
    pub async fn batch(
        &self,
        provider: ProviderId,
        id: ImportBatchId,
        dry_run: bool,
    ) -> Result<Vec<Undone>, Failure<UndoRefusal>> {
        let batch = store::find_batch(self.db.read(), provider, id).await?;
        if batch.as_ref().is_some_and(|batch| batch.operation != STATEMENTS) {
            return Err(Failure::Refused(UndoRefusal::NotStatements));
        }
        let found = self.accounts.find_provider(provider).await?;
        let context = self.context(found.ok_or_else(|| Fault::internal("a client of no provider"))?)?;
        let brought = Brought { source: id.0, after: None, most: MOST_ROWS as u64, tried: &[], file: None };
        let (undone, _) = self.take_back(&context, brought, dry_run).await?;
        if batch.is_none() && undone.is_empty() {
            return Err(Failure::Refused(UndoRefusal::NotFound));
        }
        Ok(undone)
    }

    fn context(&self, provider: Provider) -> Result<Context, Fault> {
        let today = self.accounts.today_at(&provider);
        Context::of(provider, today, &self.clock, &self.entropy)
    }

    /// In one transaction.
    async fn take_back(&self, context: &Context, brought: Brought<'_>, dry_run: bool) -> Result<Piece, Fault> {
        let provider = provider_id(context)?;
        let done = self.db.transaction(|tx| async move {
            let undone = self.take_back_in(&tx, context, brought).await?;
            if dry_run { Err(Failure::Refused(undone)) } else { Ok(undone) }
        });
        match done.await {
            Ok(undone) => {
                self.wakeups.wake(Wake::Row(provider.0));
                Ok(undone)
            }
            Err(Failure::Refused(tried)) => Ok(tried),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn take_back_in(&self, tx: &Tx, context: &Context, brought: Brought<'_>) -> Result<Piece, Fault> {
        let locked = store::lock_brought_in(tx, provider_id(context)?, brought).await?;
        let last = locked.last;
        let plan = Plan::make(tx, context, locked, brought.tried).await?;
        write_bills_in(tx, &plan.changes).await?;
        if let Some(file) = brought.file.filter(|_| !plan.changes.accounts.is_empty()) {
            store::unload_in(tx, file).await?;
        }
        if let Some(statement) = plan.changes.withdrawn.first() {
            let accounts = plan.changes.withdrawn.iter().map(|statement| statement.personal_account_id).collect();
            self.payments.forget_autopay_runs_in(tx, accounts, statement.period).await?;
        }
        let moved: Vec<_> = plan.changes.accounts.iter().map(|account| account.id).collect();
        tell_in(tx, &self.outbox, &moved).await?;
        Ok((plan.undone, last))
    }
}

/// What became of a piece, and the last that was looked at; none: there are no more.
type Piece = (Vec<Undone>, Option<StatementId>);

fn provider_id(context: &Context) -> Result<ProviderId, Fault> {
    let provider = context.provider.as_ref().ok_or_else(|| Fault::internal("statements of no provider"))?;
    Ok(provider.id())
}
