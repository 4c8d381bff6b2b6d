//! What providers' programs send: rows in batches, each with an answer of its own.

mod accounts;
mod meters;
mod prices;
mod reports;
mod row;
mod statements;
mod undo;

use async_graphql::{Enum, ID, MergedObject, SimpleObject};
use entity::enums::Locale;

use super::error::{ErrorCode, TopError, UserError, path};
use super::ids;
use crate::integrators::batch::{Answered, BatchRefusal, RowAnswer};
use crate::integrators::import::Difference;
use crate::integrators::register::cells::RowCode;
use crate::kernel::Failure;

/// Rows of registers, and what a provider reports about what was sent to it.
#[derive(Default, MergedObject)]
pub struct InboundMutation(
    accounts::AccountImportMutation,
    meters::MeterImportMutation,
    prices::PriceImportMutation,
    statements::StatementImportMutation,
    reports::ReportMutation,
    undo::UndoMutation,
);

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ImportOutcome {
    /// It was not known, and is now.
    New,
    /// It was known with other values.
    Changed,
    /// It was known as it is.
    Unchanged,
    /// Nothing was done: see `error`.
    Refused,
}

/// What became of one row of a batch.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportRow {
    /// Its place in the input, from 0.
    pub index: i32,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// Why it was refused; null for the others. `field` leads to the value in the input.
    pub error: Option<UserError>,
    /// The same with figures, in English, for whoever mends the row.
    pub detail: Option<String>,
    /// What a CHANGED row changes, or would in a dry run; empty for the others.
    pub differences: Vec<ImportDifference>,
}

/// One value that a row changes.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportDifference {
    /// As the input calls it.
    pub field: String,
    /// As registers write it; null: nothing. Of names, addresses and PINs is not told what stood there.
    pub before: Option<String>,
    /// As registers write it; null: nothing. A PIN is not shown.
    pub after: Option<String>,
}

impl From<Difference> for ImportDifference {
    fn from(Difference { column, before, after }: Difference) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self { field: row::field_of(&column), before: some(before), after: some(after) }
    }
}

/// What became of a batch. Good rows are taken although others are refused.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportBatch {
    /// TypeID with the prefix `batch`; null for a dry run, which leaves nothing.
    pub batch_id: Option<ID>,
    /// The key was used before with the same rows: these are its answers, and nothing was done now.
    pub replayed: bool,
    /// Rows that were not known before.
    pub new_count: i32,
    /// Rows that were known with other values.
    pub changed_count: i32,
    /// Rows that were known as they are.
    pub unchanged_count: i32,
    /// Rows that were refused.
    pub refused_count: i32,
    /// In the order of the input.
    pub rows: Vec<ImportRow>,
}

type Shown = (Option<ImportBatch>, Vec<UserError>);

/// `list`: the field of the input that the rows stand in.
fn shown(
    outcome: Result<Answered, Failure<BatchRefusal>>,
    list: &'static str,
    locale: Locale,
) -> Result<Shown, TopError> {
    match outcome {
        Ok(answered) => Ok((Some(batch(answered, list, locale)), Vec::new())),
        Err(Failure::Refused(refusal)) => Ok((None, vec![refused(refusal, list, locale)])),
        Err(Failure::Fault(fault)) => Err(fault.into()),
    }
}

fn refused(refusal: BatchRefusal, list: &'static str, locale: Locale) -> UserError {
    let (code, field) = match refusal {
        BatchRefusal::KeyMalformed => (ErrorCode::IdempotencyKeyMalformed, "batchKey"),
        BatchRefusal::KeyReused => (ErrorCode::IdempotencyKeyReused, "batchKey"),
        BatchRefusal::KeyRunning => (ErrorCode::IdempotencyKeyRunning, "batchKey"),
        BatchRefusal::Empty => (ErrorCode::Empty, list),
        BatchRefusal::TooMany => (ErrorCode::TooMany, list),
    };
    UserError::basic(code, path([field]), locale)
}

fn batch(answered: Answered, list: &'static str, locale: Locale) -> ImportBatch {
    let rows: Vec<_> =
        (0..).zip(answered.rows).map(|(index, answer)| import_row(index, answer, list, locale)).collect();
    let count = |outcome| i32::try_from(rows.iter().filter(|row| row.outcome == outcome).count()).unwrap_or(i32::MAX);
    ImportBatch {
        batch_id: answered.id.map(ids::encode),
        replayed: answered.replayed,
        new_count: count(ImportOutcome::New),
        changed_count: count(ImportOutcome::Changed),
        unchanged_count: count(ImportOutcome::Unchanged),
        refused_count: count(ImportOutcome::Refused),
        rows,
    }
}

fn import_row(index: i32, answer: RowAnswer, list: &'static str, locale: Locale) -> ImportRow {
    let plain = |outcome| ImportRow { index, outcome, error: None, detail: None, differences: Vec::new() };
    match answer {
        RowAnswer::New => plain(ImportOutcome::New),
        RowAnswer::Changed => plain(ImportOutcome::Changed),
        RowAnswer::Differs(differences) => {
            let differences = differences.into_iter().map(Into::into).collect();
            ImportRow { differences, ..plain(ImportOutcome::Changed) }
        }
        RowAnswer::Unchanged => plain(ImportOutcome::Unchanged),
        RowAnswer::Refused(refusal) => {
            let mut field = vec![list.to_owned(), index.to_string()];
            field.extend((refusal.column != "row").then(|| row::field_of(&refusal.column)));
            let error = UserError::basic(code(refusal.code), Some(field), locale);
            ImportRow { error: Some(error), detail: Some(refusal.reason), ..plain(ImportOutcome::Refused) }
        }
    }
}

const fn code(code: RowCode) -> ErrorCode {
    match code {
        RowCode::Malformed => ErrorCode::RowMalformed,
        RowCode::Repeated => ErrorCode::RowRepeated,
        RowCode::NumberPattern => ErrorCode::AccountNumberMalformed,
        RowCode::AccountUnknown => ErrorCode::AccountNotFound,
        RowCode::MeterUnknown => ErrorCode::MeterNotFound,
        RowCode::RegistersDiffer => ErrorCode::RegistersDiffer,
        RowCode::TooManyDigits => ErrorCode::TooManyDigits,
        RowCode::DoesNotAddUp => ErrorCode::StatementDoesNotAddUp,
        RowCode::OtherFigures => ErrorCode::StatementDiffers,
        RowCode::OlderThanNewest => ErrorCode::StatementTooOld,
        RowCode::BreaksTheChain => ErrorCode::StatementBreaksChain,
        RowCode::LedgerDiffers => ErrorCode::LedgerDiffers,
        RowCode::HasLater => ErrorCode::StatementHasLater,
        RowCode::Corrected => ErrorCode::StatementCorrected,
        RowCode::ReadingUnknown => ErrorCode::ReadingNotFound,
        RowCode::DecisionImpossible => ErrorCode::DecisionImpossible,
        RowCode::PaymentUnknown => ErrorCode::PaymentNotFound,
        RowCode::AmountDiffers => ErrorCode::PostingAmountDiffers,
    }
}

/// The payload of a mutation that takes a batch.
macro_rules! batch_payload {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            /// What became of the rows; null when nothing of the batch was taken.
            pub batch: Option<$crate::graphql::inbound::ImportBatch>,
            /// Why nothing of the batch was taken. What is wrong with single rows stands with them.
            pub user_errors: Vec<$crate::graphql::error::UserError>,
        }

        impl From<$crate::graphql::inbound::Shown> for $name {
            fn from((batch, user_errors): $crate::graphql::inbound::Shown) -> Self {
                Self { batch, user_errors }
            }
        }
    )+};
}

use batch_payload;
