use std::collections::HashMap;

use entity::account_service;

use super::super::context::{Beside, Context, ids};
use super::super::plan::{Loader, Plan};
use super::super::store::{self, Reads, Upserts};
use crate::integrators::register::rows::ServiceRow;
use crate::integrators::register::{Export, FileEntry, Numbered, Problem, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Debug)]
pub struct Services;

impl Loader for Services {
    type Stream = RowReader<ServiceRow>;
    type Changes = Upserts<account_service::Model>;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.rows(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[Numbered<ServiceRow>],
        beside: &mut Beside,
    ) -> Result<Plan<Self::Changes>, Fault> {
        let accounts = context.accounts(reads, rows.iter().map(|row| row.row.account.as_str())).await?;
        let stored = store::find_services(reads, &ids(&accounts)).await?.into_iter();
        let stored: HashMap<_, _> =
            stored.map(|service| ((service.personal_account_id, service.code.clone()), service)).collect();
        let mut plan = Plan::default();
        for Numbered { line, row } in rows {
            let Some(account) = plan.account(&accounts, beside, *line, &row.account) else { continue };
            let old = stored.get(&(account.id, row.code.clone()));
            let new = account_service::Model {
                id: old.map_or_else(|| context.id(), |old| Ok(old.id))?,
                personal_account_id: account.id,
                code: row.code.clone(),
                name: row.name.clone(),
                unit: row.unit,
                tariff_group: row.tariff_group.clone(),
                contract_number: row.contract_number.clone(),
                norm: row.norm,
                starts_on: row.starts_on,
                ends_on: row.ends_on,
            };
            plan.upsert(*line, old, new);
        }
        Ok(plan)
    }

    async fn apply(tx: &Tx, changes: &Self::Changes) -> Result<(), Fault> {
        store::write_services_in(tx, changes).await
    }
}
