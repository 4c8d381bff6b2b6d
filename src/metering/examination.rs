//! Readings of a submission held against the newest ones of their meters.

use entity::ids::MeterId;
use entity::{meter, meter_reading};

use super::error::{ReadingRefusal, RefusedReading};
use super::reading::Submission;
use super::reading_rules::{LastReading, NewReading, Taken, check, values_of};
use super::series;

/// A reading that the rules take, and what it was compared with.
#[derive(Debug)]
pub(super) struct Examined<'a> {
    pub meter: &'a meter::Model,
    pub new: &'a NewReading,
    /// None where the history is withheld.
    pub last: Option<LastReading>,
    pub taken: Taken,
    pub history_withheld: bool,
}

impl Submission {
    /// Every reading of the submission, or all that is wrong with any of them.
    pub(super) fn examine<'a>(
        &'a self,
        meters: &'a [meter::Model],
        newest: &[meter_reading::Model],
    ) -> Result<Vec<Examined<'a>>, Vec<RefusedReading>> {
        let mut examined = Vec::with_capacity(self.given.len());
        let mut refused = Vec::new();
        for (index, (meter_id, new)) in self.given.iter().enumerate() {
            let meter = meters.iter().find(|meter| meter.id == *meter_id);
            let (Some(meter), Some((rules, today))) = (meter, self.rules.get(meter_id)) else {
                refused.push(RefusedReading { index, refusal: ReadingRefusal::MeterNotFound });
                continue;
            };
            let last = newest.iter().find(|reading| Some(reading.id) == meter.last_reading_id);
            let last = last.filter(|_| !rules.history_withheld);
            let last = last.map(|reading| LastReading { taken_on: reading.taken_on, values: values_of(reading) });
            match check(rules, last.as_ref(), new, *today) {
                Ok(taken) => {
                    let history_withheld = rules.history_withheld;
                    examined.push(Examined { meter, new, last, taken, history_withheld });
                }
                Err(refusals) => {
                    refused.extend(refusals.into_iter().map(|refusal| RefusedReading { index, refusal }));
                }
            }
        }
        if refused.is_empty() { Ok(examined) } else { Err(refused) }
    }

    /// The meters whose readings were refused as unusually high: their averages are wanted.
    pub(super) fn unusually_high(&self, refused: &[RefusedReading]) -> Vec<MeterId> {
        let high = refused.iter().filter(|one| matches!(one.refusal, ReadingRefusal::UnusuallyHigh { .. }));
        high.filter_map(|one| self.given.get(one.index)).map(|(meter, _)| *meter).collect()
    }

    /// Puts beside what is unusual what is usual. `counted` are the readings of the meters, in order.
    pub(super) fn with_averages(
        &self,
        mut refused: Vec<RefusedReading>,
        meters: &[meter::Model],
        counted: &[meter_reading::Model],
    ) -> Vec<RefusedReading> {
        for RefusedReading { index, refusal } in &mut refused {
            let meter = self.given.get(*index).and_then(|(id, _)| meters.iter().find(|meter| meter.id == *id));
            if let (ReadingRefusal::UnusuallyHigh { usual_average, .. }, Some(meter)) = (refusal, meter) {
                *usual_average = series::average_month(meter, counted);
            }
        }
        refused
    }
}
