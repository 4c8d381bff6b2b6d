use entity::meter;

use super::super::context::{Beside, Context};
use super::super::plan::{Loader, Plan};
use super::super::store::{self, Reads, Upserts};
use crate::integrators::register::cells::Cell;
use crate::integrators::register::rows::MeterRow;
use crate::integrators::register::{Export, FileEntry, Numbered, Problem, Row, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Debug)]
pub struct Meters;

impl Loader for Meters {
    type Stream = RowReader<MeterRow>;
    type Changes = Upserts<meter::Model>;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.rows(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[Numbered<MeterRow>],
        beside: &mut Beside,
    ) -> Result<Plan<Self::Changes>, Fault> {
        let accounts = context.accounts(reads, rows.iter().map(|row| row.row.account.as_str())).await?;
        let stored = context.meters(reads, &accounts).await?;
        let mut plan = Plan::default();
        for Numbered { line, row } in rows {
            let Some(account) = plan.account(&accounts, beside, *line, &row.account) else { continue };
            let old = stored.get(&row.key());
            let new = meter::Model {
                id: old.map_or_else(|| context.id(), |old| Ok(old.id))?,
                personal_account_id: account.id,
                service_code: row.service_code.clone(),
                name: row.name.clone(),
                serial_number: row.serial_number.clone(),
                model: row.model.clone(),
                unit: row.unit,
                registers: row.registers.write().into_owned(),
                integer_digits: row.integer_digits,
                fraction_digits: row.fraction_digits,
                coefficient: row.coefficient,
                // What a replacement said stays where the meters' file says nothing.
                installed_on: row.installed_on.or(old.and_then(|old| old.installed_on)),
                verification_due_on: row.verification_due_on,
                removed_on: row.removed_on.or(old.and_then(|old| old.removed_on)),
                seal_number: row.seal_number.clone(),
                sealed_on: row.sealed_on,
                seal_broken_on: row.seal_broken_on,
                last_reading_id: old.and_then(|old| old.last_reading_id),
            };
            plan.upsert(*line, old, new);
        }
        Ok(plan)
    }

    async fn apply(tx: &Tx, changes: &Self::Changes) -> Result<(), Fault> {
        store::write_meters_in(tx, changes).await
    }
}
