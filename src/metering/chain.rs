//! The way of a reading: SUBMITTED → DELIVERED → ACCEPTED → BILLED, with REJECTED and WITHDRAWN as its other ends.
//!
//! One table says which moves there are, and one function makes them. The database refuses what the table does not hold.

use chrono::{DateTime, Utc};
use entity::enums::{ReadingSource, ReadingStatus};
use entity::ids::{MeterId, MeterReadingId};
use entity::{meter, meter_reading, reading_status_change};

use super::event::{MOST_AT_ONCE, ReadingsMoved};
use super::series::{self, is_counted};
use super::{Metering, store};
use crate::kernel::Fault;
use crate::platform::db::Tx;

/// The moves that there are. No way leads back, and REJECTED, BILLED and WITHDRAWN are final.
pub const fn next(status: ReadingStatus) -> &'static [ReadingStatus] {
    match status {
        ReadingStatus::Submitted => &[ReadingStatus::Delivered, ReadingStatus::Withdrawn],
        ReadingStatus::Delivered => &[ReadingStatus::Accepted, ReadingStatus::Rejected],
        ReadingStatus::Accepted => &[ReadingStatus::Billed],
        ReadingStatus::Rejected | ReadingStatus::Billed | ReadingStatus::Withdrawn => &[],
    }
}

/// The statuses on the way from one to another, the last included; none where no way leads.
/// Who decides about a reading has it, so a decision about a SUBMITTED one passes DELIVERED.
pub fn way(from: ReadingStatus, to: ReadingStatus) -> Option<Vec<ReadingStatus>> {
    if from == to {
        return Some(Vec::new());
    }
    next(from).iter().find_map(|step| {
        let mut way = way(*step, to)?;
        way.insert(0, *step);
        Some(way)
    })
}

/// Moves away from SUBMITTED: two ways out of one status end at the same position, where the table has one place.
const fn position(status: ReadingStatus) -> i16 {
    match status {
        ReadingStatus::Submitted => 0,
        ReadingStatus::Delivered | ReadingStatus::Withdrawn => 1,
        ReadingStatus::Accepted | ReadingStatus::Rejected => 2,
        ReadingStatus::Billed => 3,
    }
}

/// A status that a reading came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    pub status: ReadingStatus,
    pub at: DateTime<Utc>,
    pub reason: Option<String>,
}

/// The whole way, oldest first: what the reading came with, and its moves.
pub fn history(reading: &meter_reading::Model, moves: Vec<reading_status_change::Model>) -> Vec<StatusChange> {
    let first = match reading.source {
        ReadingSource::Cabinet | ReadingSource::Payment => ReadingStatus::Submitted,
        ReadingSource::Provider | ReadingSource::Inspector => ReadingStatus::Accepted,
    };
    let first = StatusChange { status: first, at: reading.submitted_at, reason: None };
    let moves = moves.into_iter().map(|change| StatusChange {
        status: change.status,
        at: change.changed_at,
        reason: change.reason,
    });
    std::iter::once(first).chain(moves).collect()
}

/// A reading with the statuses that it is to pass.
#[derive(Debug)]
pub(super) struct Move {
    pub reading: meter_reading::Model,
    pub way: Vec<ReadingStatus>,
    /// Of the last of them.
    pub reason: Option<String>,
}

impl Move {
    fn end(&self) -> ReadingStatus {
        self.way.last().copied().unwrap_or(self.reading.status)
    }

    /// Whether the reading begins or ceases to count among its meter's.
    fn changes_series(&self) -> bool {
        let after = meter_reading::Model { status: self.end(), ..self.reading.clone() };
        is_counted(&self.reading) != is_counted(&after)
    }
}

impl Metering {
    pub async fn list_status_changes(
        &self,
        readings: &[MeterReadingId],
    ) -> Result<Vec<reading_status_change::Model>, Fault> {
        store::list_status_changes(self.db.read(), readings).await
    }

    /// Moves readings whose meters are locked: the statuses, their history, and the series of what the meters showed.
    pub(super) async fn move_in(&self, tx: &Tx, meters: &[meter::Model], moves: &[Move]) -> Result<(), Fault> {
        let now = self.clock.now();
        for status in ReadingStatus::ALL {
            let passing = moves.iter().filter(|one| one.way.contains(status));
            let ids: Vec<_> = passing.map(|one| one.reading.id).collect();
            store::update_status_in(tx, &ids, *status).await?;
        }
        let rows = moves.iter().flat_map(|one| {
            one.way.iter().map(move |status| reading_status_change::Model {
                meter_reading_id: one.reading.id,
                position: position(*status),
                status: *status,
                changed_at: now,
                reason: one.reason.clone().filter(|_| *status == one.end()),
            })
        });
        store::insert_status_changes_in(tx, &rows.collect::<Vec<_>>()).await?;
        self.tell_in(tx, moves.iter().map(|one| (one.reading.id, one.end()))).await?;
        let touched: Vec<_> = moves.iter().filter(|one| one.changes_series()).map(|one| &one.reading).collect();
        if touched.is_empty() {
            return Ok(());
        }
        let ids: Vec<MeterId> = touched.iter().map(|reading| reading.meter_id).collect();
        let counted = store::list_counted(&**tx, &ids, None).await?;
        store::update_consumption_in(tx, &series::recounted(meters, &counted, &touched)).await?;
        Ok(store::reset_last_readings_in(tx, &ids).await?)
    }
}

impl Metering {
    /// Leaves it to the worker to tell providers' servers where readings are since this transaction.
    pub(super) async fn tell_in(
        &self,
        tx: &Tx,
        readings: impl Iterator<Item = (MeterReadingId, ReadingStatus)>,
    ) -> Result<(), Fault> {
        for some in readings.collect::<Vec<_>>().chunks(MOST_AT_ONCE) {
            self.outbox.enqueue_in(tx, &ReadingsMoved { readings: some.to_vec() }).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_goes_forward_only() {
        use ReadingStatus::{Accepted, Billed, Delivered, Rejected, Submitted, Withdrawn};
        assert_eq!(way(Submitted, Rejected), Some(vec![Delivered, Rejected]));
        assert_eq!(way(Submitted, Billed), Some(vec![Delivered, Accepted, Billed]));
        assert_eq!(way(Accepted, Accepted), Some(vec![]));
        for (from, to) in [(Delivered, Withdrawn), (Rejected, Accepted), (Accepted, Rejected), (Withdrawn, Delivered)] {
            assert_eq!(way(from, to), None, "{from:?} → {to:?}");
        }
        for status in [Rejected, Billed, Withdrawn] {
            assert_eq!(next(status), [], "{status:?} is final");
        }
    }

    #[test]
    fn every_move_leads_to_the_next_position() {
        for from in ReadingStatus::ALL {
            for to in next(*from) {
                assert_eq!(position(*to), position(*from) + 1, "{from:?} → {to:?}");
            }
        }
    }
}
