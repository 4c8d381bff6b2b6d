//! What a provider reports about what was sent to it: readings and payments.

use async_graphql::{Context, Enum, ID, InputObject, Object};

use super::row::{Read, cell, number};
use super::{batch_payload, shown};
use crate::graphql::context::Find;
use crate::graphql::error::TopError;
use crate::graphql::ids;
use crate::graphql::scalars::Decimal;
use crate::integrators::batch::{Batch, GivenDecision, GivenPosting};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::metering::decision::Decision;

/// What a provider says about a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReadingDecision {
    /// The provider has it and has not decided.
    Delivered,
    /// Taken.
    Accepted,
    /// Refused: `reason` tells the person why.
    Rejected,
    /// Counted in a statement.
    Billed,
}

/// A decision about a reading that a person sent.
#[derive(Clone, Debug, InputObject)]
pub struct ReadingDecisionInput {
    /// Id of the reading.
    pub reading_id: ID,
    /// What the provider says.
    pub decision: ReadingDecision,
    /// Why, for the person; needed for REJECTED, at most 500 characters.
    pub reason: Option<String>,
}

/// Up to 1,000 decisions.
#[derive(Clone, Debug, InputObject)]
pub struct ReportReadingDecisionsInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// 1 to 1,000; each reading once.
    pub decisions: Vec<ReadingDecisionInput>,
}

/// A payment that the provider has posted.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentPostingInput {
    /// Id of the payment.
    pub payment_id: ID,
    /// Roubles: what was paid, or what was left of it when the provider was told.
    pub amount: Decimal,
}

/// Up to 1,000 postings.
#[derive(Clone, Debug, InputObject)]
pub struct ReportPaymentPostingsInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// 1 to 1,000.
    pub postings: Vec<PaymentPostingInput>,
}

batch_payload! {
    /// What became of the decisions: CHANGED where the reading moved, UNCHANGED where it was there or further already.
    ReportReadingDecisionsPayload
    /// What became of the postings: CHANGED where the payment counts as posted now, UNCHANGED where it did before.
    ReportPaymentPostingsPayload
}

#[derive(Default)]
pub struct ReportMutation;

#[Object]
impl ReportMutation {
    /// Moves readings that people sent to the program's provider on their way, or refuses them. Scope DECISIONS.
    async fn report_reading_decisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decisions.")] input: ReportReadingDecisionsInput,
    ) -> Result<ReportReadingDecisionsPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let rows = input.decisions.iter().map(decision).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.report_decisions(provider, batch).await;
        Ok(shown(outcome, "decisions", ctx.actor()?.locale)?.into())
    }

    /// Marks payments for accounts of the program's provider as posted there. Scope POSTINGS.
    async fn report_payment_postings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payments.")] input: ReportPaymentPostingsInput,
    ) -> Result<ReportPaymentPostingsPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let rows = (0..).zip(&input.postings).map(|(line, given)| posting(line, given)).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.report_postings(provider, batch).await;
        Ok(shown(outcome, "postings", ctx.actor()?.locale)?.into())
    }
}

fn decision(input: &ReadingDecisionInput) -> Read<GivenDecision> {
    let unknown = || CellError::coded(RowCode::ReadingUnknown, "reading_id", "not an id of a reading");
    let id = ids::decode(&input.reading_id).ok_or_else(unknown)?;
    let decision = match input.decision {
        ReadingDecision::Delivered => Decision::Delivered,
        ReadingDecision::Accepted => Decision::Accepted,
        ReadingDecision::Rejected => Decision::Rejected(cell("reason", input.reason.as_deref().unwrap_or_default())?),
        ReadingDecision::Billed => Decision::Billed,
    };
    Ok((id, decision))
}

fn posting(line: usize, input: &PaymentPostingInput) -> Read<GivenPosting> {
    let unknown = || CellError::coded(RowCode::PaymentUnknown, "payment_id", "not an id of a payment");
    let payment = ids::decode(&input.payment_id).ok_or_else(unknown)?;
    Ok(GivenPosting { line, payment, amount: number("amount", &input.amount)? })
}
