//! Changes with what they are about, read for many at once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::change;
use entity::enums::{ChangeKind, PaymentStatus, ReadingStatus};
use entity::ids::{LedgerEntryId, MeterReadingId, PaymentId, TypedId};
use entity::{ledger_entry, meter, meter_reading, payment, personal_account};

use super::Sources;
use crate::kernel::Fault;
use crate::platform::db::bulk;

/// One change.
#[derive(Clone, Debug)]
pub struct News {
    pub position: i64,
    pub ordered_at: DateTime<Utc>,
    /// As it was when the news was read.
    pub account: personal_account::Model,
    pub about: About,
}

#[derive(Clone, Debug)]
pub enum About {
    Balance(ledger_entry::Model),
    /// With the status that it came to, which it may have left since.
    Reading(meter_reading::Model, meter::Model, ReadingStatus),
    Payment(payment::Model, PaymentStatus),
}

impl About {
    pub const fn kind(&self) -> ChangeKind {
        match self {
            Self::Balance(_) => ChangeKind::Balance,
            Self::Reading(..) => ChangeKind::Reading,
            Self::Payment(..) => ChangeKind::Payment,
        }
    }
}

impl Sources {
    /// In the order of the changes; what is gone since is left out. A constant number of statements.
    pub(super) async fn read(&self, changes: &[change::Model]) -> Result<Vec<News>, Fault> {
        let subjects = |kind| changes.iter().filter(move |change| change.kind == kind).map(|change| change.subject_id);
        let accounts = changes.iter().map(|change| change.personal_account_id);
        let accounts = by(self.accounts.rows(&bulk::list(accounts)).await?, |row| row.id);
        let entries = subjects(ChangeKind::Balance).map(LedgerEntryId::from_uuid);
        let entries = by(self.billing.entry_rows(&bulk::list(entries)).await?, |row| row.id.uuid());
        let readings = subjects(ChangeKind::Reading).map(MeterReadingId::from_uuid);
        let readings = by(self.metering.find_readings(&bulk::list(readings)).await?, |row| row.id.uuid());
        let meters = readings.values().map(|reading| reading.meter_id);
        let meters = by(self.metering.find_meters(&bulk::list(meters)).await?, |row| row.id);
        let payments = subjects(ChangeKind::Payment).map(PaymentId::from_uuid);
        let payments = by(self.payments.rows(&bulk::list(payments)).await?, |row| row.id.uuid());
        let news = changes.iter().filter_map(|change| {
            let subject = &change.subject_id;
            let status = change.status.as_deref().unwrap_or_default();
            let about = match change.kind {
                ChangeKind::Balance => About::Balance(entries.get(subject)?.clone()),
                ChangeKind::Reading => {
                    let reading = readings.get(subject)?.clone();
                    let meter = meters.get(&reading.meter_id)?.clone();
                    About::Reading(reading, meter, ReadingStatus::from_word(status)?)
                }
                ChangeKind::Payment => {
                    About::Payment(payments.get(subject)?.clone(), PaymentStatus::from_word(status)?)
                }
            };
            let account = accounts.get(&change.personal_account_id)?.clone();
            Some(News { position: change.position?, ordered_at: change.ordered_at?, account, about })
        });
        Ok(news.collect())
    }
}

fn by<K: Eq + std::hash::Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}
