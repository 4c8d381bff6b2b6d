use std::collections::HashMap;

use entity::tariff;

use super::super::context::{Beside, Context};
use super::super::plan::{Loader, Plan};
use super::super::report::Fate;
use super::super::store::{self, Reads, Upserts};
use crate::integrators::register::rows::TariffRow;
use crate::integrators::register::{Export, FileEntry, Numbered, Problem, Row, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Debug)]
pub struct Tariffs;

impl Loader for Tariffs {
    type Stream = RowReader<TariffRow>;
    type Changes = Upserts<tariff::Model>;
    const ADDS_WITHOUT_ACCOUNT: bool = true;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.rows(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[Numbered<TariffRow>],
        _: &mut Beside,
    ) -> Result<Plan<Self::Changes>, Fault> {
        let mut plan = Plan::default();
        let Some(provider) = &context.provider else {
            plan.fates = rows.iter().map(|row| (row.line, Fate::New)).collect();
            return Ok(plan);
        };
        let stored = store::list_tariffs(reads, provider.id()).await?;
        let key = |tariff: &tariff::Model| (tariff.service_code.clone(), tariff.tariff_group.clone(), tariff.starts_on);
        let stored: HashMap<_, _> = stored.into_iter().map(|tariff| (key(&tariff), tariff)).collect();
        for Numbered { line, row } in rows {
            let old = stored.get(&row.key());
            let new = tariff::Model {
                id: old.map_or_else(|| context.id(), |old| Ok(old.id))?,
                provider_id: provider.id(),
                service_code: row.service_code.clone(),
                service_name: row.service_name.clone(),
                tariff_group: row.tariff_group.clone(),
                price: row.price,
                unit: row.unit,
                starts_on: row.starts_on,
                ends_on: row.ends_on,
                order_reference: row.order_reference.clone(),
            };
            plan.upsert(*line, old, new);
        }
        Ok(plan)
    }

    async fn apply(tx: &Tx, changes: &Self::Changes) -> Result<(), Fault> {
        store::write_tariffs_in(tx, changes).await
    }
}
