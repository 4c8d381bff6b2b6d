//! What a provider's own program is given of readings: all that people have sent for its accounts, in an order that is final.

use std::collections::HashMap;

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

/// The same without a place in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedReading {
    pub reading: meter_reading::Model,
    pub meter: meter::Model,
    pub account_number: String,
}

const AT_ONCE: u64 = 1_000;

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
        let mut named: HashMap<_, _> =
            self.name(accounts, readings).await?.into_iter().map(|named| (named.reading.id, named)).collect();
        let sent = placed.into_iter().map(|(position, id)| {
            let NamedReading { reading, meter, account_number } = named.remove(&id)?;
            Some(SentReading { position, reading, meter, account_number })
        });
        let sent: Option<Vec<_>> = sent.collect();
        Ok(Slice::of(&page, sent.ok_or_else(|| Fault::internal("a reading that was handed out vanished"))?))
    }

    /// Readings for the provider's accounts that it does not have yet, those behind one of them, in the order of their ids: a
    /// thousand at most. A constant number of statements.
    pub async fn undelivered_readings(
        &self,
        accounts: &Accounts,
        provider: ProviderId,
        after: Option<MeterReadingId>,
    ) -> Result<Vec<NamedReading>, Fault> {
        let readings = store::list_submitted(self.db.read(), provider, after, AT_ONCE).await?;
        self.name(accounts, readings).await
    }

    async fn name(&self, accounts: &Accounts, readings: Vec<meter_reading::Model>) -> Result<Vec<NamedReading>, Fault> {
        let meter_ids: Vec<_> = readings.iter().map(|reading| reading.meter_id).collect();
        let meters = store::find_meters(self.db.read(), &meter_ids).await?;
        let meters: HashMap<_, _> = meters.into_iter().map(|meter| (meter.id, meter)).collect();
        let account_ids: Vec<_> = readings.iter().map(|reading| reading.personal_account_id).collect();
        let numbers = accounts.numbers_of(&account_ids).await?;
        let named = readings.into_iter().map(|reading| {
            let meter = meters.get(&reading.meter_id)?.clone();
            let account_number = numbers.get(&reading.personal_account_id)?.clone();
            Some(NamedReading { reading, meter, account_number })
        });
        let named: Option<Vec<_>> = named.collect();
        named.ok_or_else(|| Fault::internal("a reading without its meter or account"))
    }
}
