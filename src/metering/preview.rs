//! What readings would mean, before they are sent. Nothing is stored.

use chrono::NaiveDate;
use entity::enums::{ReadingSource, ReadingWarning, Register};
use entity::exact::Quantity;
use entity::meter;

use super::error::SubmissionRefusal;
use super::examination::Examined;
use super::reading::GivenReading;
use super::series::advance;
use super::{Metering, store};
use crate::accounts::Accounts;
use crate::kernel::{Failure, Person, Since};

/// A register's part of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterUse {
    pub register: Register,
    pub value: Quantity,
    /// What it showed last, and what was used since, before any coefficient. None for the first reading, and where the
    /// history is withheld.
    pub since: Option<(Quantity, Quantity)>,
}

/// A reading that would be taken as it is.
#[derive(Clone, Debug)]
pub struct PreviewedReading {
    pub meter: meter::Model,
    pub taken_on: NaiveDate,
    /// The day of the reading that it is compared with.
    pub last_taken_on: Option<NaiveDate>,
    pub registers: Vec<RegisterUse>,
    /// Over all registers, before the coefficient.
    pub consumption: Option<Quantity>,
    pub warnings: Vec<ReadingWarning>,
}

impl Metering {
    /// What the readings would be if they were sent now, in their order, or the refusals that they would meet.
    pub async fn preview_readings(
        &self,
        accounts: &Accounts,
        person: &Person,
        given: Vec<GivenReading>,
    ) -> Result<Vec<PreviewedReading>, Failure<SubmissionRefusal>> {
        let submission = self.prepare(accounts, person, given, ReadingSource::Cabinet).await?;
        let meters = store::find_meters(self.db.read(), &submission.meter_ids()).await?;
        let newest: Vec<_> = meters.iter().filter_map(|meter| meter.last_reading_id).collect();
        let newest = store::find_readings(self.db.read(), &newest).await?;
        match submission.examine(&meters, &newest) {
            Ok(examined) => Ok(examined.into_iter().map(|one| previewed(one, person.since())).collect()),
            Err(refused) => {
                let refused = self.beside_usual(self.db.read(), &submission, &meters, refused).await?;
                Err(Failure::Refused(SubmissionRefusal::Readings(refused)))
            }
        }
    }
}

fn previewed(examined: Examined<'_>, shown: Since) -> PreviewedReading {
    let Examined { meter, new, last, taken, .. } = examined;
    let last = last.filter(|last| shown.shows_day(last.taken_on));
    let registers = new.values.iter().map(|given| {
        let before = last.as_ref().and_then(|last| last.values.iter().find(|one| one.register == given.register));
        let since = before.map(|before| (before.value, advance(meter.integer_digits, &[*before], &[*given])));
        RegisterUse { register: given.register, value: given.value, since }
    });
    PreviewedReading {
        meter: meter.clone(),
        taken_on: new.taken_on,
        last_taken_on: last.as_ref().map(|last| last.taken_on),
        registers: registers.collect(),
        consumption: taken.consumption.filter(|_| last.is_some()),
        warnings: taken.warnings,
    }
}
