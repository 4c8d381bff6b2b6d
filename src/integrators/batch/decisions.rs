//! What a provider says about readings that people sent.

use entity::ids::{ImportBatchId, MeterReadingId, ProviderId, TypedId};

use super::answer::{Answered, BatchRefusal, RowAnswer};
use super::once::{Ticket, Work, fingerprint};
use super::{Batch, Batches};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::kernel::{Failure, Fault};
use crate::metering::Metering;
use crate::metering::decision::{Decided, Decision};
use crate::platform::db::Tx;

pub type GivenDecision = (MeterReadingId, Decision);

impl Batches {
    pub async fn report_decisions(
        &self,
        provider: ProviderId,
        batch: Batch<GivenDecision>,
    ) -> Result<Answered, Failure<BatchRefusal>> {
        let Batch { key, dry_run, rows } = &batch;
        let operation = "reportReadingDecisions";
        let mut ticket =
            Ticket { provider, operation, key, dry_run: *dry_run, rows: rows.len(), fingerprint: String::new() };
        ticket.check().map_err(Failure::Refused)?;
        ticket.fingerprint = fingerprint(rows, |(id, decision)| vec![id.uuid().to_string(), format!("{decision:?}")]);
        let given: Vec<_> = rows.iter().filter_map(|row| row.as_ref().ok().cloned()).collect();
        let ids: Vec<_> = given.iter().map(|(id, _)| *id).collect();
        let readings = self.metering.readings_of(&self.accounts, provider, &ids).await?;
        let decide = Decide { metering: &self.metering, readings, given, rows };
        self.carry_out(&ticket, &decide).await
    }
}

struct Decide<'a> {
    metering: &'a Metering,
    readings: Vec<entity::meter_reading::Model>,
    given: Vec<GivenDecision>,
    rows: &'a [Result<GivenDecision, CellError>],
}

impl Work for Decide<'_> {
    async fn carry_out_in(&self, tx: &Tx, _: ImportBatchId) -> Result<Vec<RowAnswer>, Fault> {
        let mut decided = self.metering.decide_in(tx, &self.readings, &self.given).await?.into_iter();
        let answers = self.rows.iter().map(|row| match row {
            Err(fault) => Some(fault.clone().into()),
            Ok(_) => decided.next().map(answer),
        });
        let all: Option<Vec<_>> = answers.collect();
        all.ok_or_else(|| Fault::internal("a decision was left without an answer"))
    }
}

fn answer(decided: Decided) -> RowAnswer {
    let refused = |code, reason: String| CellError::coded(code, "reading_id", reason).into();
    match decided {
        Decided::Done => RowAnswer::Changed,
        Decided::Already => RowAnswer::Unchanged,
        Decided::NotFound => refused(RowCode::ReadingUnknown, "no reading of the provider's accounts".to_owned()),
        Decided::Impossible(status) => refused(RowCode::DecisionImpossible, format!("it is {}", status.word())),
        Decided::Repeated => refused(RowCode::Repeated, "an earlier row of the batch decides about it".to_owned()),
    }
}
