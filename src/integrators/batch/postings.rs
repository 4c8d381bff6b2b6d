//! Payments that a provider says it has posted.

use entity::ids::{ImportBatchId, ProviderId, TypedId};

use super::answer::{Answered, BatchRefusal, RowAnswer};
use super::once::{Ticket, Work, fingerprint};
use super::{Batch, Batches};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::kernel::{Failure, Fault};
use crate::payments::Payments;
use crate::payments::register::Outcome;
use crate::payments::register::file::Posted;
use crate::platform::db::Tx;

pub type GivenPosting = Posted;

impl Batches {
    pub async fn report_postings(
        &self,
        provider: ProviderId,
        batch: Batch<GivenPosting>,
    ) -> Result<Answered, Failure<BatchRefusal>> {
        let Batch { key, dry_run, rows } = &batch;
        let operation = "reportPaymentPostings";
        let mut ticket =
            Ticket { provider, operation, key, dry_run: *dry_run, rows: rows.len(), fingerprint: String::new() };
        ticket.check().map_err(Failure::Refused)?;
        ticket.fingerprint = fingerprint(rows, |row| vec![row.payment.uuid().to_string(), row.amount.to_string()]);
        let given: Vec<_> = rows.iter().filter_map(|row| row.as_ref().ok().cloned()).collect();
        let post = Post { payments: &self.payments, provider, given, rows };
        self.carry_out(&ticket, &post).await
    }
}

struct Post<'a> {
    payments: &'a Payments,
    provider: ProviderId,
    given: Vec<GivenPosting>,
    rows: &'a [Result<GivenPosting, CellError>],
}

impl Work for Post<'_> {
    async fn carry_out_in(&self, tx: &Tx, _: ImportBatchId) -> Result<Vec<RowAnswer>, Fault> {
        let mut posted = self.payments.post_in(tx, self.provider, &self.given).await?.into_iter();
        let answers = self.rows.iter().map(|row| match row {
            Err(fault) => Some(fault.clone().into()),
            Ok(_) => posted.next().map(answer),
        });
        let all: Option<Vec<_>> = answers.collect();
        all.ok_or_else(|| Fault::internal("a posting was left without an answer"))
    }
}

fn answer(outcome: Outcome) -> RowAnswer {
    match outcome {
        Outcome::Posted => RowAnswer::Changed,
        Outcome::Repeated => RowAnswer::Unchanged,
        Outcome::Unknown => {
            CellError::coded(RowCode::PaymentUnknown, "payment_id", "no paid payment of the provider's accounts").into()
        }
        Outcome::AmountDiffers => {
            CellError::coded(RowCode::AmountDiffers, "amount", "not what was paid, less what was given back").into()
        }
    }
}
