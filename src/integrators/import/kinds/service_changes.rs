use std::collections::HashMap;

use entity::service_change;

use super::super::context::{Beside, Context, ids};
use super::super::plan::{Loader, Plan};
use super::super::store::{self, Reads, Upserts};
use crate::integrators::register::rows::ServiceChangeRow;
use crate::integrators::register::{Export, FileEntry, Numbered, Problem, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Debug)]
pub struct ServiceChanges;

impl Loader for ServiceChanges {
    type Stream = RowReader<ServiceChangeRow>;
    type Changes = Upserts<service_change::Model>;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.rows(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[Numbered<ServiceChangeRow>],
        beside: &mut Beside,
    ) -> Result<Plan<Self::Changes>, Fault> {
        let accounts = context.accounts(reads, rows.iter().map(|row| row.row.account.as_str())).await?;
        let stored = store::find_changes(reads, &ids(&accounts)).await?.into_iter();
        let key = |change: &service_change::Model| {
            (change.personal_account_id, change.changed_on, change.service_code.clone(), change.kind)
        };
        let stored: HashMap<_, _> = stored.map(|change| (key(&change), change)).collect();
        let mut plan = Plan::default();
        for Numbered { line, row } in rows {
            let Some(account) = plan.account(&accounts, beside, *line, &row.account) else { continue };
            let old = stored.get(&(account.id, row.changed_on, row.service_code.clone(), row.kind));
            let new = service_change::Model {
                id: old.map_or_else(|| context.id(), |old| Ok(old.id))?,
                personal_account_id: account.id,
                service_code: row.service_code.clone(),
                changed_on: row.changed_on,
                kind: row.kind,
                before: row.before.clone(),
                after: row.after.clone(),
                description: row.description.clone(),
            };
            plan.upsert(*line, old, new);
        }
        Ok(plan)
    }

    async fn apply(tx: &Tx, changes: &Self::Changes) -> Result<(), Fault> {
        store::write_changes_in(tx, changes).await
    }
}
