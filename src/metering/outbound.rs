//! What a provider's own program is given of readings: all that people have sent for its accounts, in an order that is final.

use entity::enums::OutboundKind;
use entity::ids::{MeterReadingId, ProviderId};
use entity::{meter, meter_reading};

use super::{Metering, store};
use crate::accounts::Accounts;
use crate::kernel::{Fault, Page, Slice};

/// A reading with what its provider calls its meter and its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentReading {
    pub position: i64,
    pub reading: meter_reading::Model,
    pub meter: meter::Model,
    pub account_number: String,
}

impl Metering {
    /// Readings that people have sent for the provider's accounts. Whoever goes on behind a row misses none. A constant
    /// number of statements.
    pub async fn sent_readings(
        &self,
        accounts: &Accounts,
        provider: ProviderId,
        page: Page<i64>,
    ) -> Result<Slice<SentReading>, Fault> {
        accounts.place_outbound(provider, OutboundKind::Reading).await?;
        let db = self.db.read();
        let placed = store::page_outbound(db, provider, &page).await?;
        let ids: Vec<MeterReadingId> = placed.iter().map(|(_, id)| *id).collect();
        let readings = store::find_readings(db, &ids).await?;
        let meter_ids: Vec<_> = readings.iter().map(|reading| reading.meter_id).collect();
        let meters = store::find_meters(db, &meter_ids).await?;
        let account_ids: Vec<_> = readings.iter().map(|reading| reading.personal_account_id).collect();
        let numbers = accounts.numbers_of(&account_ids).await?;
        let named = placed.into_iter().map(|(position, id)| {
            let reading = readings.iter().find(|reading| reading.id == id)?.clone();
            let meter = meters.iter().find(|meter| meter.id == reading.meter_id)?.clone();
            let account_number = numbers.get(&reading.personal_account_id)?.clone();
            Some(SentReading { position, reading, meter, account_number })
        });
        let named: Option<Vec<_>> = named.collect();
        Ok(Slice::of(&page, named.ok_or_else(|| Fault::internal("a reading that was handed out vanished"))?))
    }
}
