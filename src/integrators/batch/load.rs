//! Rows of registers, loaded as a file's are.

use std::collections::{BTreeSet, HashMap};

use entity::ids::{ImportBatchId, ProviderId};

use super::answer::{Answered, BatchRefusal, RowAnswer};
use super::item::Item;
use super::once::{Ticket, Work, fingerprint};
use super::{Batch, Batches, store};
use crate::integrators::import::context::{Beside, Context};
use crate::integrators::import::kinds::{Accounts, Bills, Meters, Readings, Services, Tariffs};
use crate::integrators::import::plan::{Loader, Stream};
use crate::integrators::import::store::Reads;
use crate::integrators::import::tell_in;
use crate::integrators::register::Bill;
use crate::integrators::register::cells::{CellError, RowCode};
use crate::integrators::register::rows::{AccountRow, MeterRow, ReadingRow, ServiceRow, TariffRow};
use crate::kernel::{Failure, Fault};
use crate::platform::db::Tx;

type ItemOf<L> = <<L as Loader>::Stream as Stream>::Item;
type Outcome = Result<Answered, Failure<BatchRefusal>>;

impl Batches {
    pub async fn import_accounts(&self, provider: ProviderId, batch: Batch<AccountRow>) -> Outcome {
        self.import::<Accounts>(provider, "importPersonalAccounts", batch).await
    }

    pub async fn import_services(&self, provider: ProviderId, batch: Batch<ServiceRow>) -> Outcome {
        self.import::<Services>(provider, "importServices", batch).await
    }

    pub async fn import_meters(&self, provider: ProviderId, batch: Batch<MeterRow>) -> Outcome {
        self.import::<Meters>(provider, "importMeters", batch).await
    }

    pub async fn import_tariffs(&self, provider: ProviderId, batch: Batch<TariffRow>) -> Outcome {
        self.import::<Tariffs>(provider, "importTariffs", batch).await
    }

    /// What the provider's billing has accepted.
    pub async fn import_readings(&self, provider: ProviderId, batch: Batch<ReadingRow>) -> Outcome {
        self.import::<Readings>(provider, "importMeterReadings", batch).await
    }

    /// All of one period: the caller sees to it.
    pub async fn import_statements(&self, provider: ProviderId, batch: Batch<Bill>) -> Outcome {
        self.import::<Bills>(provider, "importStatements", batch).await
    }

    async fn import<L>(
        &self,
        provider: ProviderId,
        operation: &'static str,
        batch: Batch<<ItemOf<L> as Item>::Given>,
    ) -> Outcome
    where
        L: Loader,
        ItemOf<L>: Item,
    {
        let Batch { key, dry_run, rows } = batch;
        let count = rows.len();
        let mut ticket = Ticket { provider, operation, key: &key, dry_run, rows: count, fingerprint: String::new() };
        ticket.check().map_err(Failure::Refused)?;
        ticket.fingerprint = fingerprint(&rows, ItemOf::<L>::cells);
        let context = self.context(provider).await?;
        let (items, refused) = sorted::<ItemOf<L>>(rows);
        let load = Load::<L> { batches: self, context: &context, items: &items, refused: &refused, count };
        self.carry_out(&ticket, &load).await
    }

    async fn context(&self, id: ProviderId) -> Result<Context, Fault> {
        let provider = self.provider(id).await?;
        let today = self.accounts.today_at(&provider);
        Context::of(provider, today, &self.clock, &self.entropy)
    }
}

/// Good rows by key, as the loaders want them, and refused ones by line. Lines are numbers of rows from 1.
fn sorted<I: Item>(rows: Vec<Result<I::Given, CellError>>) -> (Vec<I>, Vec<(u64, CellError)>) {
    let (mut items, mut refused, mut keys) = (Vec::with_capacity(rows.len()), Vec::new(), BTreeSet::new());
    for (line, row) in (1..).zip(rows) {
        let checked = row.and_then(|row| I::check(&row).map(|()| I::numbered(line, row)));
        match checked {
            Err(fault) => refused.push((line, fault)),
            Ok(item) if keys.insert(item.key()) => items.push(item),
            Ok(_) => {
                let reason = "an earlier row of the batch has the same key";
                refused.push((line, CellError::coded(RowCode::Repeated, "row", reason)));
            }
        }
    }
    items.sort_by_key(Item::key);
    (items, refused)
}

struct Load<'a, L: Loader> {
    batches: &'a Batches,
    context: &'a Context,
    items: &'a [ItemOf<L>],
    refused: &'a [(u64, CellError)],
    count: usize,
}

impl<L: Loader> Work for Load<'_, L> {
    async fn carry_out_in(&self, tx: &Tx, batch: ImportBatchId) -> Result<Vec<RowAnswer>, Fault> {
        let context = &Context { source: Some(batch.0), ..self.context.clone() };
        let mut answers: Vec<Option<RowAnswer>> = vec![None; self.count];
        let mut answer = |line: u64, one: RowAnswer| {
            let place = usize::try_from(line).ok().and_then(|line| answers.get_mut(line.checked_sub(1)?));
            if let Some(place) = place {
                *place = Some(one);
            }
        };
        self.refused.iter().for_each(|(line, fault)| answer(*line, fault.clone().into()));
        if !self.items.is_empty() {
            if let Some(provider) = context.provider.as_ref().filter(|_| L::ADDS_WITHOUT_ACCOUNT) {
                store::lock_provider_in(tx, provider.id()).await?;
            }
            let plan = L::plan(context, Reads::Inside(tx), self.items, &mut Beside::default()).await?;
            L::apply(tx, &plan.changes).await?;
            tell_in(tx, &self.batches.outbox, &L::moved_accounts(&plan.changes)).await?;
            plan.faults.into_iter().for_each(|(line, fault)| answer(line, fault.into()));
            let mut differences: HashMap<_, _> = plan.differences.into_iter().collect();
            for (line, fate) in plan.fates {
                answer(line, RowAnswer::of(fate, differences.remove(&line).unwrap_or_default()));
            }
        }
        let all: Option<Vec<_>> = answers.into_iter().collect();
        all.ok_or_else(|| Fault::internal("a row of a batch was left without an answer"))
    }
}
