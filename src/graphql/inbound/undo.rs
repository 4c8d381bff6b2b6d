//! Taking back what a batch brought.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::enums::Locale;

use super::code;
use crate::graphql::accounts::Balance;
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::graphql::scalars::YearMonth;
use crate::integrators::undo::{Became, UndoRefusal, Undone};
use crate::kernel::Failure;

/// What became of a statement that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UndoOutcome {
    /// It stands no more: its entries are taken back by entries of their own.
    Withdrawn,
    /// The earlier issue, whose place it took, has its place again.
    Restored,
    /// It stood no more before: nothing was done.
    Unchanged,
    /// It stays: see `error`.
    Refused,
}

/// A statement that a batch brought.
#[derive(Clone, Debug, SimpleObject)]
pub struct UndoneStatement {
    /// TypeID of the statement.
    pub statement_id: ID,
    /// The provider's number of the account.
    pub account: String,
    /// Its month.
    pub period: YearMonth,
    /// What became of it.
    pub outcome: UndoOutcome,
    /// Why it stays; null for the others.
    pub error: Option<UserError>,
    /// The same with figures, in English.
    pub detail: Option<String>,
    /// The account's balance before.
    pub balance_before: Balance,
    /// The account's balance after.
    pub balance_after: Balance,
}

/// What became of the statements of a batch.
#[derive(Clone, Debug, SimpleObject)]
pub struct UndoneBatch {
    /// Statements that stand no more.
    pub withdrawn_count: i32,
    /// Statements that gave their places back to earlier issues.
    pub restored_count: i32,
    /// Statements that stood no more before.
    pub unchanged_count: i32,
    /// Statements that stay.
    pub refused_count: i32,
    /// Each with what the account's balance was and is.
    pub statements: Vec<UndoneStatement>,
}

/// Which batch.
#[derive(Clone, Debug, InputObject)]
pub struct UndoImportBatchInput {
    /// As `importStatements` gave it.
    pub batch_id: ID,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
}

/// What became of the batch.
#[derive(Clone, Debug, SimpleObject)]
pub struct UndoImportBatchPayload {
    /// What became of its statements; null when nothing was looked at.
    pub undone: Option<UndoneBatch>,
    /// Why nothing was looked at. Why single statements stay stands with them.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct UndoMutation;

#[Object]
impl UndoMutation {
    /// Takes back the statements that a batch brought, by reversing entries. Scope IMPORT. The newest month comes first: a statement
    /// that a later one stands on stays. What took the place of an earlier issue gives it back. Twice is as good as once; the
    /// batch's key stays used.
    async fn undo_import_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch.")] input: UndoImportBatchInput,
    ) -> Result<UndoImportBatchPayload, TopError> {
        let (provider, locale) = (ctx.client()?.provider_id, ctx.actor()?.locale);
        let refused = |code| {
            let user_errors = vec![UserError::basic(code, path(["batchId"]), locale)];
            Ok(UndoImportBatchPayload { undone: None, user_errors })
        };
        let Some(id) = ids::decode(&input.batch_id) else { return refused(ErrorCode::ImportBatchNotFound) };
        match ctx.services()?.undo.batch(provider, id, input.dry_run).await {
            Ok(undone) => Ok(UndoImportBatchPayload { undone: Some(batch(undone, locale)), user_errors: Vec::new() }),
            Err(Failure::Refused(UndoRefusal::NotFound)) => refused(ErrorCode::ImportBatchNotFound),
            Err(Failure::Refused(UndoRefusal::NotStatements)) => refused(ErrorCode::ImportBatchNotUndoable),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn batch(undone: Vec<Undone>, locale: Locale) -> UndoneBatch {
    let statements: Vec<_> = undone.into_iter().map(|one| statement(one, locale)).collect();
    let count = |outcome| {
        let counted = statements.iter().filter(|statement| statement.outcome == outcome).count();
        i32::try_from(counted).unwrap_or(i32::MAX)
    };
    UndoneBatch {
        withdrawn_count: count(UndoOutcome::Withdrawn),
        restored_count: count(UndoOutcome::Restored),
        unchanged_count: count(UndoOutcome::Unchanged),
        refused_count: count(UndoOutcome::Refused),
        statements,
    }
}

fn statement(one: Undone, locale: Locale) -> UndoneStatement {
    let (outcome, refusal) = match one.became {
        Became::Withdrawn => (UndoOutcome::Withdrawn, None),
        Became::Restored => (UndoOutcome::Restored, None),
        Became::Already => (UndoOutcome::Unchanged, None),
        Became::Refused(refusal) => (UndoOutcome::Refused, Some(refusal)),
    };
    let error = refusal.as_ref().map(|refusal| UserError::basic(code(refusal.code), path(["batchId"]), locale));
    UndoneStatement {
        statement_id: ids::encode(one.id),
        account: one.account,
        period: YearMonth(one.period),
        outcome,
        error,
        detail: refusal.map(|refusal| refusal.reason),
        balance_before: one.balance_before.into(),
        balance_after: one.balance_after.into(),
    }
}
