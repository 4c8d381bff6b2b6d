//! How a provider's statement enters an account's ledger.
//!
//! The provider's billing is the source of truth for charges. Money paid here is already in the ledger and stays
//! `in_transit` until a statement shows it. After every statement: balance = closing − `in_transit`.

use entity::enums::LedgerEntryKind;
use entity::exact::{Money, YearMonth};
use entity::ids::LedgerEntryId;

/// The figures of a statement that move the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementFigures {
    pub period: YearMonth,
    pub opening: Money,
    pub accrued: Money,
    pub recalculated: Money,
    pub penalty: Money,
    pub paid: Money,
    pub closing: Money,
}

/// Where an account's ledger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerPosition {
    /// Above zero the person owes.
    pub balance: Money,
    /// Paid here and not yet shown by the provider. Below zero: refunded here and not yet shown.
    pub in_transit: Money,
    /// Number of the newest entry; 0 for an empty ledger.
    pub version: i64,
}

/// Paid here less refunded here, lately: a statement cannot show what happened after it was issued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaidHere {
    /// Since the first day of the statement's period.
    pub since_period: Money,
    /// Since the statement was issued.
    pub since_issue: Money,
}

/// What is stored of the account's statements and payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownStatements {
    /// The newest one's period and closing.
    pub newest: Option<(YearMonth, Money)>,
    /// The one of the same period as the statement at hand.
    pub same_period: Option<StatementFigures>,
    pub paid_here: PaidHere,
}

/// An entry to append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEntry {
    pub version: i64,
    pub kind: LedgerEntryKind,
    /// Above zero raises what is owed; never zero.
    pub amount: Money,
    pub balance_after: Money,
    /// The entry that this one takes back.
    pub reverses: Option<LedgerEntryId>,
}

/// What a statement appended, as it stands in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// None of them is taken back yet.
    pub entries: Vec<(LedgerEntryId, LedgerEntryKind, Money)>,
    /// The statement's `paid`.
    pub paid: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posting {
    /// The same statement is already there.
    AlreadyStored,
    Append {
        entries: Vec<NewEntry>,
        after: LedgerPosition,
    },
}

/// Why a statement cannot enter the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostingRefusal {
    #[error("opening + accrued + recalculated + penalty - paid is {expected}, not the closing")]
    DoesNotAddUp { expected: Money },
    #[error("the statement of this period is already stored with other figures")]
    OtherFigures,
    #[error("older than the newest stored statement, {newest}")]
    OlderThanNewest { newest: YearMonth },
    #[error("the opening is not the closing of the month before, {closing}")]
    BreaksTheChain { closing: Money },
    #[error("the ledger stands at {balance}, by the statements it would be {expected}")]
    LedgerDiffers { balance: Money, expected: Money },
}

/// The entries that `statement` appends.
///
/// A statement that follows the newest stored one without a gap must open at its closing. After a gap of months, and for
/// the first statement, the difference to where the ledger stands becomes an entry of its own; what was paid here before
/// the period is then taken as shown by one of the months that are missing.
pub fn post_statement(
    position: LedgerPosition,
    known: &KnownStatements,
    statement: &StatementFigures,
) -> Result<Posting, PostingRefusal> {
    let expected = statement.opening + statement.accrued + statement.recalculated + statement.penalty - statement.paid;
    if expected != statement.closing {
        return Err(PostingRefusal::DoesNotAddUp { expected });
    }
    if let Some(stored) = known.same_period {
        return if stored == *statement { Ok(Posting::AlreadyStored) } else { Err(PostingRefusal::OtherFigures) };
    }
    let newest = known.newest;
    let gap = newest.is_some_and(|(newest, _)| newest.next() < statement.period);
    let before_period = position.in_transit - part(position.in_transit, known.paid_here.since_period);
    let settled = if gap { before_period } else { Money::ZERO };
    let position = LedgerPosition { in_transit: position.in_transit - settled, ..position };
    let difference = opening_difference(position, newest, statement)?;
    let first = newest.is_none();
    let before_issue = position.in_transit - part(position.in_transit, known.paid_here.since_issue);
    let acknowledged = acknowledged(before_issue, statement.paid);
    let external = statement.paid - acknowledged;
    let steps = [
        (if first { LedgerEntryKind::Opening } else { LedgerEntryKind::Adjustment }, difference),
        (LedgerEntryKind::Charge, statement.accrued),
        (LedgerEntryKind::Adjustment, statement.recalculated),
        (LedgerEntryKind::Penalty, statement.penalty),
        // Money given back by the provider shows as a negative payment.
        (if external.is_negative() { LedgerEntryKind::Refund } else { LedgerEntryKind::Payment }, -external),
    ];
    let mut after = LedgerPosition { in_transit: position.in_transit - acknowledged, ..position };
    let mut entries = Vec::new();
    for (kind, amount) in steps.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        after.version += 1;
        after.balance += amount;
        entries.push(NewEntry { version: after.version, kind, amount, balance_after: after.balance, reverses: None });
    }
    let expected = statement.closing - after.in_transit;
    if after.balance != expected {
        return Err(PostingRefusal::LedgerDiffers { balance: after.balance, expected });
    }
    Ok(Posting::Append { entries, after })
}

/// The entries that put a later issue of the newest statement in the place of the one that was `posted`: each of its entries
/// is taken back by one of its own, then the later issue is posted as if the earlier had never come. `known` says what there
/// was before it.
pub fn correct_statement(
    position: LedgerPosition,
    known: &KnownStatements,
    posted: &Posted,
    statement: &StatementFigures,
) -> Result<Posting, PostingRefusal> {
    let (mut entries, before) = take_back(position, posted);
    let known = KnownStatements { same_period: None, ..*known };
    match post_statement(before, &known, statement)? {
        Posting::Append { entries: anew, after } => {
            entries.extend(anew);
            Ok(Posting::Append { entries, after })
        }
        Posting::AlreadyStored => Ok(Posting::AlreadyStored),
    }
}

/// The entries that take a statement back as if it had never come. `closing`: of the newest statement before it.
pub fn withdraw_statement(
    position: LedgerPosition,
    posted: &Posted,
    closing: Option<Money>,
) -> (Vec<NewEntry>, LedgerPosition) {
    let (entries, before) = take_back(position, posted);
    // What a statement after a gap of months took for shown is not known to be shown any more.
    let in_transit = closing.map_or(before.in_transit, |closing| closing - before.balance);
    (entries, LedgerPosition { in_transit, ..before })
}

/// Each entry of a statement is taken back by one of its own.
fn take_back(position: LedgerPosition, posted: &Posted) -> (Vec<NewEntry>, LedgerPosition) {
    let mut before = position;
    let mut entries = Vec::with_capacity(posted.entries.len() + 5);
    for (id, _, amount) in &posted.entries {
        before.version += 1;
        before.balance -= *amount;
        entries.push(NewEntry {
            version: before.version,
            kind: LedgerEntryKind::Reversal,
            amount: -*amount,
            balance_after: before.balance,
            reverses: Some(*id),
        });
    }
    // What the provider had shown of money paid here is in transit again.
    let elsewhere = |(_, kind, amount): &(LedgerEntryId, LedgerEntryKind, Money)| {
        matches!(kind, LedgerEntryKind::Payment | LedgerEntryKind::Refund).then_some(*amount)
    };
    let elsewhere: Money = posted.entries.iter().filter_map(elsewhere).sum();
    before.in_transit += posted.paid + elsewhere;
    (entries, before)
}

/// What lies between where the ledger stands and where the statement opens.
fn opening_difference(
    position: LedgerPosition,
    newest: Option<(YearMonth, Money)>,
    statement: &StatementFigures,
) -> Result<Money, PostingRefusal> {
    match newest {
        Some((newest, _)) if statement.period <= newest => Err(PostingRefusal::OlderThanNewest { newest }),
        Some((newest, closing)) if newest.next() == statement.period => {
            if statement.opening == closing {
                Ok(Money::ZERO)
            } else {
                Err(PostingRefusal::BreaksTheChain { closing })
            }
        }
        _ => Ok(statement.opening - position.in_transit - position.balance),
    }
}

/// How much of what is in transit is of late: the oldest is shown first.
fn part(in_transit: Money, lately: Money) -> Money {
    lately.clamp(in_transit.min(Money::ZERO), in_transit.max(Money::ZERO))
}

/// How much of what was paid here the statement's `paid` shows. A refund made here counts as shown at once: it may hide
/// inside a positive `paid`, and the month in which the provider shows it sets the balance right.
fn acknowledged(in_transit: Money, paid: Money) -> Money {
    if in_transit.is_negative() { in_transit } else { paid.clamp(Money::ZERO, in_transit) }
}

#[cfg(test)]
mod tests;
