//! The meters of accounts.

use chrono::NaiveDate;
use entity::ids::{MeterId, MeterReadingId, UserId};
use entity::{meter, meter_reading, meter_replacement};

use super::{Metering, store};
use crate::accounts::AccountKey;
use crate::kernel::{Fault, Page, Person, Slice};

/// Key that readings are ordered by, newest first.
pub type ReadingKey = (NaiveDate, MeterReadingId);

impl Metering {
    /// Meters that stand, of all the accounts, in the order of their names.
    pub async fn list_meters(&self, accounts: &[AccountKey]) -> Result<Vec<meter::Model>, Fault> {
        let ids: Vec<_> = accounts.iter().map(|account| account.id()).collect();
        store::list_meters(self.db.read(), &ids).await
    }

    /// Meters of accounts by name, and with them their last readings and those that count from a day on, in order. One
    /// statement of SQL.
    pub async fn list_measured(
        &self,
        accounts: &[AccountKey],
        since: Option<NaiveDate>,
    ) -> Result<(Vec<meter::Model>, Vec<meter_reading::Model>), Fault> {
        let ids: Vec<_> = accounts.iter().map(|account| account.id()).collect();
        let (mut meters, mut readings): (Vec<meter::Model>, Vec<_>) = (Vec::new(), Vec::new());
        for (meter, reading) in store::list_measured(self.db.read(), &ids, since).await? {
            readings.extend(reading);
            if meters.last().is_none_or(|last| last.id != meter.id) {
                meters.push(meter);
            }
        }
        Ok((meters, readings))
    }

    /// Replacements that took a meter away or put it there.
    pub async fn list_replacements(&self, meters: &[MeterId]) -> Result<Vec<meter_replacement::Model>, Fault> {
        store::list_replacements(self.db.read(), meters).await
    }

    pub async fn find_meters(&self, ids: &[MeterId]) -> Result<Vec<meter::Model>, Fault> {
        store::find_meters(self.db.read(), ids).await
    }

    /// Readings of the meters that count, from a day on: by day, and of one day what came later last.
    pub async fn list_counted(
        &self,
        meters: &[meter::Model],
        since: NaiveDate,
    ) -> Result<Vec<meter_reading::Model>, Fault> {
        let ids: Vec<_> = meters.iter().map(|meter| meter.id).collect();
        store::list_counted(self.db.read(), &ids, Some(since)).await
    }

    pub async fn find_readings(&self, ids: &[MeterReadingId]) -> Result<Vec<meter_reading::Model>, Fault> {
        store::find_readings(self.db.read(), ids).await
    }

    /// Newest first; history needs FULL access.
    pub async fn list_readings(
        &self,
        account: AccountKey,
        meter: MeterId,
        page: Page<ReadingKey>,
    ) -> Result<Slice<meter_reading::Model>, Fault> {
        if !account.is_full() {
            return Ok(Slice { items: Vec::new(), has_previous: false, has_next: false });
        }
        let rows = store::page_readings(self.db.read(), account, meter, &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// What the person sent, to whatever account, in the order of sending.
    pub async fn list_sent_by(
        &self,
        user: UserId,
        page: Page<MeterReadingId>,
    ) -> Result<Slice<meter_reading::Model>, Fault> {
        let rows = store::page_sent_by(self.db.read(), user, &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// What was sent along with payments of the person's: for any of their accounts.
    pub async fn list_readings_of_payments(
        &self,
        person: &Person,
        payments: &[entity::ids::PaymentId],
    ) -> Result<Vec<meter_reading::Model>, Fault> {
        let mut sent = store::list_readings_of_payments(self.db.read(), payments).await?;
        sent.retain(|reading| {
            person.reaches(reading.personal_account_id) && person.since().shows_day(reading.taken_on)
        });
        Ok(sent)
    }
}
