//! What taking statements back changes.

use std::collections::HashMap;

use entity::enums::LedgerEntryKind;
use entity::exact::{Money, YearMonth};
use entity::ids::{LedgerEntryId, PersonalAccountId, StatementId};
use entity::{personal_account, statement, statement_line};
use uuid::Uuid;

use super::store::Locked;
use super::{Became, Undone, store};
use crate::accounts::Balance;
use crate::billing::posting::{
    KnownStatements, LedgerPosition, NewEntry, Posted, Posting, correct_statement, withdraw_statement,
};
use crate::integrators::import::context::Context;
use crate::integrators::import::posted::{self, PaidHereSince, entry_rows, moved, position, stored_figures};
use crate::integrators::import::store::{Bills, Reads, find_lines, find_newest_before, find_newest_periods};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Default)]
pub struct Plan {
    pub changes: Bills,
    /// In the order of the statements.
    pub undone: Vec<Undone>,
}

/// What is stored beside the statements; all of them are of one period, as those of a batch or a file are.
struct Beside {
    newest: HashMap<PersonalAccountId, YearMonth>,
    before: HashMap<PersonalAccountId, (YearMonth, Money)>,
    entries: HashMap<StatementId, Vec<(LedgerEntryId, LedgerEntryKind, Money)>>,
    earlier: HashMap<StatementId, statement::Model>,
    lines: HashMap<StatementId, Vec<statement_line::Model>>,
    paid_here: PaidHereSince,
}

impl Plan {
    pub async fn make(
        tx: &Tx,
        context: &Context,
        Locked { statements, mut accounts, .. }: Locked,
        tried: &[Uuid],
    ) -> Result<Self, Fault> {
        let mut plan = Self::default();
        let Some(period) = statements.first().map(|statement| statement.period) else { return Ok(plan) };
        let mut beside = Beside::find(tx, context, (&statements, tried), period).await?;
        for statement in &statements {
            let account = accounts.get_mut(&statement.personal_account_id);
            let account = account.ok_or_else(|| Fault::internal("a statement of no account"))?;
            let before = Balance::of_account(account);
            let became = plan.take_back(context, statement, account, &mut beside)?;
            plan.undone.push(Undone {
                id: statement.id,
                account: account.number.clone(),
                period: statement.period,
                became,
                balance_before: before,
                balance_after: Balance::of_account(account),
            });
        }
        Ok(plan)
    }

    fn take_back(
        &mut self,
        context: &Context,
        statement: &statement::Model,
        account: &mut personal_account::Model,
        beside: &mut Beside,
    ) -> Result<Became, Fault> {
        let refused = |code, reason: &str| Ok(Became::Refused(CellError::coded(code, "period", reason.to_owned())));
        if statement.issue_of.is_some() {
            return refused(RowCode::Corrected, "a later issue has taken its place: that one comes first");
        }
        if statement.withdrawn_at.is_some() {
            return Ok(Became::Already);
        }
        if beside.newest.get(&account.id) != Some(&statement.period) {
            return refused(RowCode::HasLater, "the statement of a later month stands on it: that one comes first");
        }
        let entries = beside.entries.remove(&statement.id).unwrap_or_default();
        let posted = Posted { entries, paid: statement.paid };
        let newest = beside.before.get(&account.id).copied();
        let Some(earlier) = beside.earlier.remove(&statement.id) else {
            if statement.corrected_at.is_some() {
                return refused(RowCode::Corrected, "the issue whose place it took was not kept: send that one again");
            }
            let (entries, after) = withdraw_statement(position(account), &posted, newest.map(|(_, closing)| closing));
            let now = context.clock.now();
            self.changes.withdrawn.push(statement::Model { withdrawn_at: Some(now), ..statement.clone() });
            self.enter(context, statement, account, (entries, after))?;
            return Ok(Became::Withdrawn);
        };
        let paid_here = beside.paid_here.of(account.id, earlier.issued_at);
        let known = KnownStatements { newest, same_period: None, paid_here };
        match correct_statement(position(account), &known, &posted, &stored_figures(&earlier)) {
            Ok(Posting::Append { entries, after }) => {
                self.enter(context, statement, account, (entries, after))?;
                self.restore(statement.id, &earlier, beside);
                Ok(Became::Restored)
            }
            Ok(Posting::AlreadyStored) => Ok(Became::Already),
            Err(refusal) => refused(RowCode::LedgerDiffers, &refusal.to_string()),
        }
    }

    fn enter(
        &mut self,
        context: &Context,
        statement: &statement::Model,
        account: &mut personal_account::Model,
        (entries, after): (Vec<NewEntry>, LedgerPosition),
    ) -> Result<(), Fault> {
        let now = context.clock.now();
        self.changes.entries.extend(entry_rows(context, statement, (entries, now, now))?);
        *account = moved(account, after, now);
        self.changes.accounts.push(account.clone());
        Ok(())
    }

    /// The statement keeps its id, so that what people have noted still leads to it.
    fn restore(&mut self, id: StatementId, earlier: &statement::Model, beside: &mut Beside) {
        let lines = beside.lines.remove(&earlier.id).unwrap_or_default();
        self.changes.lines.extend(lines.into_iter().map(|line| statement_line::Model { statement_id: id, ..line }));
        self.changes.restored.push(earlier.id);
        self.changes.corrected.push(statement::Model { id, withdrawn_at: None, issue_of: None, ..earlier.clone() });
    }
}

impl Beside {
    async fn find(
        tx: &Tx,
        context: &Context,
        (statements, tried): (&[statement::Model], &[Uuid]),
        period: YearMonth,
    ) -> Result<Self, Fault> {
        let reads = Reads::Inside(tx);
        let ids: Vec<_> = statements.iter().map(|statement| statement.id).collect();
        let accounts: Vec<_> = statements.iter().map(|statement| statement.personal_account_id).collect();
        let before = find_newest_before(reads, &accounts, period).await?.into_iter();
        let earlier = store::find_earlier_in(tx, &ids).await?;
        let (mut lines, mut paid_here) = (HashMap::<_, Vec<_>>::new(), PaidHereSince::default());
        if !earlier.is_empty() {
            let kept: Vec<_> = earlier.values().map(|earlier| earlier.id).collect();
            for line in find_lines(reads, &kept).await? {
                lines.entry(line.statement_id).or_default().push(line);
            }
            paid_here = PaidHereSince::find(reads, &accounts, context.start_of(period)).await?;
        }
        Ok(Self {
            newest: find_newest_periods(reads, &accounts, tried).await?.into_iter().collect(),
            before: before.map(|before| (before.personal_account_id, (before.period, before.closing))).collect(),
            entries: posted::find_entries(reads, &ids).await?,
            earlier,
            lines,
            paid_here,
        })
    }
}
