use entity::exact::Money;
use entity::personal_account;

use super::super::context::{Beside, Context};
use super::super::plan::{Loader, Plan};
use super::super::report::Fate;
use super::super::store::{self, Reads, Upserts};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::integrators::register::rows::AccountRow;
use crate::integrators::register::{Export, FileEntry, Numbered, Problem, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Debug)]
pub struct Accounts;

impl Loader for Accounts {
    type Stream = RowReader<AccountRow>;
    type Changes = Upserts<personal_account::Model>;
    const ADDS_WITHOUT_ACCOUNT: bool = true;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.rows(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[Numbered<AccountRow>],
        _: &mut Beside,
    ) -> Result<Plan<Self::Changes>, Fault> {
        let stored = context.accounts(reads, rows.iter().map(|row| row.row.number.as_str())).await?;
        let mut plan = Plan::default();
        for Numbered { line, row } in rows {
            if !context.number_pattern.is_match(&row.number) {
                let reason = format!("{:?} does not fit the provider's account_number.pattern", row.number);
                plan.faults.push((*line, CellError::coded(RowCode::NumberPattern, "number", reason)));
                continue;
            }
            let old = stored.get(&row.number);
            let base = match (old, &context.provider) {
                (Some(old), _) => old.clone(),
                (None, Some(provider)) => personal_account::Model {
                    id: context.id()?,
                    provider_id: provider.id(),
                    number: row.number.clone(),
                    holder_name: None,
                    address: None,
                    pin: None,
                    attachable: false,
                    residents: None,
                    heated_area: None,
                    balance: Money::ZERO,
                    in_transit: Money::ZERO,
                    version: 0,
                    balance_as_of: context.exported_at,
                },
                // A dry run whose provider is not stored yet.
                (None, None) => {
                    plan.fates.push((*line, Fate::New));
                    continue;
                }
            };
            let new = personal_account::Model {
                holder_name: row.holder_name.clone(),
                address: row.address.clone(),
                pin: row.pin.clone(),
                attachable: row.attachable,
                residents: row.residents,
                heated_area: row.heated_area,
                ..base
            };
            plan.upsert(*line, old, new);
        }
        Ok(plan)
    }

    async fn apply(tx: &Tx, changes: &Self::Changes) -> Result<(), Fault> {
        store::write_accounts_in(tx, changes).await
    }
}
