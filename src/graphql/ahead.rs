//! Looks ahead: what a list of accounts will be asked is read for all of them at once, so that a first page costs the same few
//! statements of SQL for one account and for a hundred.

use async_graphql::{Context, Lookahead, SelectionField, Value};

use super::context::Find;
use super::error::TopError;
use crate::accounts::{AccountAccess, AccountKey};
use crate::billing::overview::{Months, Wanted};

/// Reads what the fields below `edges { node { … } }` and `nodes { … }` want of the accounts. Nothing where they want too
/// little for it to be worth while.
pub async fn look(ctx: &Context<'_>, accounts: &[AccountAccess]) -> Result<(), TopError> {
    let wanted = wanted(&ctx.look_ahead());
    let worth_while = wanted.meters || (wanted.newest_statement && !wanted.months.is_empty());
    if accounts.is_empty() || !worth_while {
        return Ok(());
    }
    let services = ctx.services()?;
    let keys: Vec<AccountKey> = accounts.iter().map(AccountAccess::key).collect();
    let overview = services.billing.overview(&services.metering, keys, wanted).await?;
    ctx.loaders()?.overviews.add(overview);
    Ok(())
}

fn wanted(ahead: &Lookahead<'_>) -> Wanted {
    let mut wanted = Wanted::default();
    for node in [ahead.field("edges").field("node"), ahead.field("nodes")] {
        for account in node.selection_fields() {
            for field in account.selection_set() {
                note(&field, &mut wanted);
            }
        }
    }
    wanted
}

fn note(field: &SelectionField<'_>, wanted: &mut Wanted) {
    match field.name() {
        "meters" => wanted.meters |= field.selection_set().any(|field| field.name() == "lastReading"),
        "statement" => {
            let period = argument(field, "period");
            wanted.newest_statement |= period.is_none_or(|period| period == Value::Null);
        }
        "consumption" => {
            let month = |name| match argument(field, name) {
                Some(Value::String(text)) => text.parse().ok(),
                _ => None,
            };
            if let (Some(from), Some(to)) = (month("from"), month("to")) {
                let compared = is_compared(field);
                wanted.months.push(Months { from, to, compared });
            }
        }
        _ => {}
    }
}

/// Whether the year before is asked for.
pub fn is_compared(consumption: &SelectionField<'_>) -> bool {
    consumption.selection_set().any(|field| field.name() == "yearBefore")
}

fn argument(field: &SelectionField<'_>, name: &str) -> Option<Value> {
    let arguments = field.arguments().ok()?;
    arguments.into_iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value)
}
