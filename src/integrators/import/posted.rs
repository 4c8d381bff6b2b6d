//! What statements brought to ledgers, and what was paid here beside them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::enums::LedgerEntryKind;
use entity::exact::Money;
use entity::ids::{LedgerEntryId, PersonalAccountId, StatementId};
use entity::{ledger_entry, personal_account, statement};

use super::context::Context;
use super::store::{self, Reads};
use crate::billing::posting::{LedgerPosition, NewEntry, PaidHere, StatementFigures};
use crate::kernel::Fault;

type Entries = Vec<(LedgerEntryId, LedgerEntryKind, Money)>;

/// The entries of statements that are not taken back.
pub async fn find_entries(
    reads: Reads<'_>,
    statements: &[StatementId],
) -> Result<HashMap<StatementId, Entries>, Fault> {
    let entries = store::find_entries(reads, statements).await?;
    let taken_back: HashSet<_> = entries.iter().filter_map(|entry| entry.reverses_id).collect();
    let mut standing: HashMap<_, Entries> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.reverses_id.is_none() && !taken_back.contains(&entry.id)) {
        let Some(statement) = entry.statement_id else { continue };
        standing.entry(statement).or_default().push((entry.id, entry.kind, entry.amount));
    }
    Ok(standing)
}

/// What was paid here less what was given back, since a moment: when, and how much.
#[derive(Debug, Default)]
pub struct PaidHereSince(HashMap<PersonalAccountId, Vec<(DateTime<Utc>, Money)>>);

impl PaidHereSince {
    pub async fn find(reads: Reads<'_>, accounts: &[PersonalAccountId], since: DateTime<Utc>) -> Result<Self, Fault> {
        let mut paid_here: HashMap<_, Vec<_>> = HashMap::new();
        for (account, at, amount) in store::find_paid_here_since(reads, accounts, since).await? {
            paid_here.entry(account).or_default().push((at, -amount));
        }
        Ok(Self(paid_here))
    }

    pub fn of(&self, account: PersonalAccountId, issued_at: DateTime<Utc>) -> PaidHere {
        let mut paid_here = PaidHere::default();
        for (at, amount) in self.0.get(&account).into_iter().flatten() {
            paid_here.since_period += *amount;
            if *at >= issued_at {
                paid_here.since_issue += *amount;
            }
        }
        paid_here
    }
}

pub fn position(account: &personal_account::Model) -> LedgerPosition {
    LedgerPosition { balance: account.balance, in_transit: account.in_transit, version: account.version }
}

/// The account as it stands after entries.
pub fn moved(
    account: &personal_account::Model,
    after: LedgerPosition,
    balance_as_of: DateTime<Utc>,
) -> personal_account::Model {
    let LedgerPosition { balance, in_transit, version } = after;
    personal_account::Model { balance, in_transit, version, balance_as_of, ..account.clone() }
}

pub fn stored_figures(row: &statement::Model) -> StatementFigures {
    StatementFigures {
        period: row.period,
        opening: row.opening,
        accrued: row.accrued,
        recalculated: row.recalculated,
        penalty: row.penalty,
        paid: row.paid,
        closing: row.closing,
    }
}

/// Entries of a statement as rows: what they are, when it happened, and when that was learned here.
pub fn entry_rows(
    context: &Context,
    statement: &statement::Model,
    (entries, occurred_at, recorded_at): (Vec<NewEntry>, DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<ledger_entry::Model>, Fault> {
    let row = |entry: NewEntry| {
        Ok(ledger_entry::Model {
            id: context.id()?,
            personal_account_id: statement.personal_account_id,
            version: entry.version,
            occurred_at,
            recorded_at,
            kind: entry.kind,
            amount: entry.amount,
            balance_after: entry.balance_after,
            period: Some(statement.period),
            statement_id: Some(statement.id),
            payment_id: None,
            reverses_id: entry.reverses,
        })
    };
    entries.into_iter().map(row).collect()
}
