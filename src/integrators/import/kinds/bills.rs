use std::collections::HashMap;

use chrono::NaiveDate;
use entity::exact::Money;
use entity::ids::{PersonalAccountId, StatementId};
use entity::{personal_account, statement, statement_line};

use super::super::context::{Beside, Context, ids};
use super::super::difference::differences;
use super::super::plan::{Loader, Plan};
use super::super::posted::{self, PaidHereSince, entry_rows, moved, position, stored_figures};
use super::super::report::Fate;
use super::super::store::{self, Reads};
use crate::billing::posting::{
    KnownStatements, LedgerPosition, Posted, Posting, PostingRefusal, StatementFigures, correct_statement,
    post_statement,
};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::integrators::register::rows::{StatementLineRow, StatementRow};
use crate::integrators::register::{Bill, BillReader, Export, FileEntry, Problem};
use crate::kernel::Fault;
use crate::platform::db::Tx;

/// Statements with their lines.
#[derive(Debug)]
pub struct Bills;

impl Loader for Bills {
    type Stream = BillReader;
    type Changes = store::Bills;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.bills(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        bills: &[Bill],
        beside: &mut Beside,
    ) -> Result<Plan<store::Bills>, Fault> {
        let accounts = context.accounts(reads, bills.iter().map(|bill| bill.statement.account.as_str())).await?;
        let mut stored = Stored::find(reads, &ids(&accounts), bills).await?;
        stored.find_paid_here(context, reads, accounts.values(), bills).await?;
        stored.find_posted(reads, bills).await?;
        let mut plan = Plan::default();
        for bill in bills {
            let Some(account) = plan.account(&accounts, beside, bill.line, &bill.statement.account) else { continue };
            match stored.posting(context, account, bill) {
                Ok(Posting::AlreadyStored) => plan.fates.push((bill.line, Fate::Unchanged)),
                Ok(Posting::Append { entries, after }) => {
                    let earlier = stored.same_period.get(&account.id);
                    let fate = if earlier.is_some() { Fate::Changed } else { Fate::New };
                    plan.fates.push((bill.line, fate));
                    if let Some(earlier) = earlier {
                        stored.keep_earlier(context, earlier, &mut plan.changes)?;
                    }
                    append(context, (account, bill, earlier), (entries, after), &mut plan.changes)?;
                    if let (Some(earlier), Some(corrected)) = (earlier, plan.changes.corrected.last()) {
                        plan.differences.push((bill.line, differences(earlier, corrected)));
                    }
                }
                Err(refusal) => plan.faults.push((bill.line, fault(&refusal))),
            }
        }
        Ok(plan)
    }

    async fn apply(tx: &Tx, changes: &store::Bills) -> Result<(), Fault> {
        store::write_bills_in(tx, changes).await
    }

    fn moved_accounts(changes: &store::Bills) -> Vec<PersonalAccountId> {
        changes.accounts.iter().map(|account| account.id).collect()
    }
}

/// What the accounts of a chunk have of statements.
#[derive(Default)]
struct Stored {
    newest: HashMap<PersonalAccountId, (entity::exact::YearMonth, Option<statement::Model>)>,
    same_period: HashMap<PersonalAccountId, statement::Model>,
    lines: HashMap<StatementId, Vec<statement_line::Model>>,
    /// Of statements that a later issue replaces: what they brought, and the newest before them with its closing.
    posted: HashMap<PersonalAccountId, Posted>,
    before: HashMap<PersonalAccountId, (entity::exact::YearMonth, Money)>,
    /// Since the first day of the bills' period.
    paid_here: PaidHereSince,
}

impl Stored {
    async fn find(reads: Reads<'_>, accounts: &[PersonalAccountId], bills: &[Bill]) -> Result<Self, Fault> {
        // All bills of a file are of one period.
        let Some(period) = bills.first().map(|bill| bill.statement.period) else {
            return Ok(Self::default());
        };
        let periods = store::find_newest_periods(reads, accounts, &[]).await?;
        let mut newest: HashMap<_, _> =
            periods.into_iter().map(|(account, period)| (account, (period, None))).collect();
        let mut same_period = HashMap::new();
        for found in store::find_statements_since(reads, accounts, period.previous()).await? {
            let account = found.personal_account_id;
            if found.period == period {
                same_period.insert(account, found.clone());
            }
            if let Some((newest, statement)) = newest.get_mut(&account)
                && found.period == *newest
            {
                *statement = Some(found);
            }
        }
        let repeated: Vec<_> = same_period.values().map(|statement| statement.id).collect();
        let mut lines: HashMap<_, Vec<_>> = HashMap::new();
        for line in store::find_lines(reads, &repeated).await? {
            lines.entry(line.statement_id).or_default().push(line);
        }
        Ok(Self { newest, same_period, lines, ..Self::default() })
    }

    /// Whether the bill is a later issue of the newest statement there is, and says something else.
    fn is_corrected(&self, context: &Context, stored: &statement::Model, bill: &Bill) -> bool {
        let newest = self.newest.get(&stored.personal_account_id).map(|(period, _)| *period);
        let repeated = stored_figures(stored) == figures(&bill.statement) && self.repeats(context, stored, bill);
        newest == Some(stored.period) && bill.statement.issued_at > stored.issued_at && !repeated
    }

    /// Only for bills that correct: nobody else's entries matter. Two statements of SQL, and mostly none.
    async fn find_posted(&mut self, reads: Reads<'_>, bills: &[Bill]) -> Result<(), Fault> {
        let Some(period) = bills.first().map(|bill| bill.statement.period) else { return Ok(()) };
        let latest = bills.iter().map(|bill| bill.statement.issued_at).max();
        let candidates =
            self.same_period.values().filter(|stored| latest.is_some_and(|latest| latest > stored.issued_at));
        let candidates: Vec<_> =
            candidates.map(|stored| (stored.id, stored.personal_account_id, stored.paid)).collect();
        if candidates.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = candidates.iter().map(|(id, ..)| *id).collect();
        let mut entries = posted::find_entries(reads, &ids).await?;
        for (id, account, paid) in &candidates {
            self.posted.insert(*account, Posted { entries: entries.remove(id).unwrap_or_default(), paid: *paid });
        }
        let accounts: Vec<_> = candidates.iter().map(|(_, account, _)| *account).collect();
        for before in store::find_newest_before(reads, &accounts, period).await? {
            self.before.insert(before.personal_account_id, (before.period, before.closing));
        }
        Ok(())
    }

    /// Only for accounts with money in transit, or whose statement a later issue may put back there: nobody else's payments
    /// matter.
    async fn find_paid_here(
        &mut self,
        context: &Context,
        reads: Reads<'_>,
        accounts: impl Iterator<Item = &personal_account::Model>,
        bills: &[Bill],
    ) -> Result<(), Fault> {
        let in_transit: Vec<_> = accounts
            .filter(|account| !account.in_transit.is_zero() || self.same_period.contains_key(&account.id))
            .map(|account| account.id)
            .collect();
        let (Some(bill), false) = (bills.first(), in_transit.is_empty()) else { return Ok(()) };
        let since = context.start_of(bill.statement.period);
        self.paid_here = PaidHereSince::find(reads, &in_transit, since).await?;
        Ok(())
    }

    fn posting(
        &self,
        context: &Context,
        account: &personal_account::Model,
        bill: &Bill,
    ) -> Result<Posting, PostingRefusal> {
        let position = position(account);
        let same = self.same_period.get(&account.id);
        let newest = self.newest.get(&account.id).map(|(period, statement)| {
            // Only the month right before is compared, and that one was found.
            (*period, statement.as_ref().map_or(bill.statement.opening, |statement| statement.closing))
        });
        let paid_here = self.paid_here.of(account.id, bill.statement.issued_at);
        if let Some(same) = same.filter(|same| self.is_corrected(context, same, bill)) {
            let before = self.before.get(&account.id).copied();
            let known = KnownStatements { newest: before, same_period: None, paid_here };
            let posted = self.posted.get(&account.id).cloned().unwrap_or_default();
            debug_assert_eq!(posted.paid, same.paid);
            return correct_statement(position, &known, &posted, &figures(&bill.statement));
        }
        let known = KnownStatements { newest, same_period: same.map(stored_figures), paid_here };
        let posting = post_statement(position, &known, &figures(&bill.statement))?;
        match same {
            Some(same) if !self.repeats(context, same, bill) => Err(PostingRefusal::OtherFigures),
            _ => Ok(posting),
        }
    }

    /// The issue whose place another takes, for the day when that one is taken back.
    fn keep_earlier(
        &self,
        context: &Context,
        earlier: &statement::Model,
        changes: &mut store::Bills,
    ) -> Result<(), Fault> {
        let id = context.id()?;
        let withdrawn_at = Some(context.clock.now());
        let lines = self.lines.get(&earlier.id).into_iter().flatten();
        changes.lines.extend(lines.map(|line| statement_line::Model { statement_id: id, ..line.clone() }));
        let kept = statement::Model { id, withdrawn_at, issue_of: Some(earlier.id), ..earlier.clone() };
        changes.statements.push(kept);
        Ok(())
    }

    fn repeats(&self, context: &Context, stored: &statement::Model, bill: &Bill) -> bool {
        let lines = bill.lines.iter().map(|line| line_row(stored.id, line));
        let stored_lines = self.lines.get(&stored.id).map(Vec::as_slice).unwrap_or_default();
        due_on(context, &bill.statement) == stored.due_on && lines.eq(stored_lines.iter().cloned())
    }
}

fn due_on(context: &Context, row: &StatementRow) -> NaiveDate {
    row.due_on.unwrap_or_else(|| context.due_on(row.period))
}

fn figures(row: &StatementRow) -> StatementFigures {
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

fn fault(refusal: &PostingRefusal) -> CellError {
    let (code, column) = match refusal {
        PostingRefusal::DoesNotAddUp { .. } => (RowCode::DoesNotAddUp, "closing"),
        PostingRefusal::LedgerDiffers { .. } => (RowCode::LedgerDiffers, "closing"),
        PostingRefusal::OtherFigures => (RowCode::OtherFigures, "period"),
        PostingRefusal::OlderThanNewest { .. } => (RowCode::OlderThanNewest, "period"),
        PostingRefusal::BreaksTheChain { .. } => (RowCode::BreaksTheChain, "opening"),
    };
    CellError::coded(code, column, refusal.to_string())
}

fn line_row(statement_id: StatementId, row: &StatementLineRow) -> statement_line::Model {
    statement_line::Model {
        statement_id,
        position: row.position,
        service_code: row.service_code.clone(),
        service_name: row.service_name.clone(),
        volume: row.volume,
        unit: row.unit,
        price: row.price,
        coefficient: row.coefficient,
        amount: row.amount,
        basis: row.basis,
        explanation: row.explanation.clone(),
    }
}

fn append(
    context: &Context,
    (account, bill, earlier): (&personal_account::Model, &Bill, Option<&statement::Model>),
    (entries, after): (Vec<crate::billing::posting::NewEntry>, LedgerPosition),
    changes: &mut store::Bills,
) -> Result<(), Fault> {
    let row = &bill.statement;
    let id: StatementId = earlier.map_or_else(|| context.id(), |earlier| Ok(earlier.id))?;
    let recorded_at = context.clock.now();
    let statement = statement::Model {
        id,
        personal_account_id: account.id,
        period: row.period,
        opening: row.opening,
        accrued: row.accrued,
        recalculated: row.recalculated,
        penalty: row.penalty,
        paid: row.paid,
        closing: row.closing,
        due_on: due_on(context, row),
        issued_at: row.issued_at,
        corrected_at: earlier.map(|_| recorded_at),
        brought_by: context.source,
        withdrawn_at: None,
        issue_of: None,
    };
    changes.entries.extend(entry_rows(context, &statement, (entries, row.issued_at, recorded_at))?);
    if earlier.is_some() {
        changes.corrected.push(statement);
    } else {
        changes.statements.push(statement);
    }
    changes.lines.extend(bill.lines.iter().map(|line| line_row(id, line)));
    // A payment made here since is in the balance already.
    changes.accounts.push(moved(account, after, row.issued_at.max(account.balance_as_of)));
    Ok(())
}
