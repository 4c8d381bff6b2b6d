//! What the loading of one export knows all along.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::exact::YearMonth;
use entity::ids::TypedId;
use entity::{meter, personal_account};
use regex::Regex;
use uuid::Uuid;

use super::store::{self, Reads};
use crate::accounts::Provider;
use crate::integrators::register::cells::{CellError, RowCode};
use crate::integrators::register::cursor::Cursor;
use crate::integrators::register::rows::{AccountRow, MeterRow};
use crate::integrators::register::{Export, Kind, Problem};
use crate::kernel::{Clock, Entropy, Fault};

#[derive(Clone, Debug)]
pub struct Context {
    pub clock: Clock,
    pub entropy: Entropy,
    pub exported_at: DateTime<Utc>,
    /// None in a dry run whose provider is not stored yet.
    pub provider: Option<Provider>,
    pub number_pattern: Regex,
    /// The batch or the file that the rows are of.
    pub source: Option<Uuid>,
}

impl Context {
    /// For what is told of a provider today, without an export.
    pub fn of(provider: Provider, today: NaiveDate, clock: &Clock, entropy: &Entropy) -> Result<Self, Fault> {
        let pattern = &provider.terms_on(today).account_number_pattern;
        let number_pattern = Regex::new(&format!("^(?:{pattern})$")).map_err(Fault::internal)?;
        Ok(Self {
            exported_at: clock.now(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            provider: Some(provider),
            number_pattern,
            source: None,
        })
    }

    pub fn id<T: TypedId>(&self) -> Result<T, Fault> {
        self.entropy.id(&self.clock)
    }

    /// Minutes east of UTC where the provider is on a day.
    pub fn zone_on(&self, day: NaiveDate) -> TimeDelta {
        let east = self.provider.as_ref().map_or(0, |provider| provider.terms_on(day).time_zone_minutes);
        TimeDelta::minutes(east.into())
    }

    /// The first moment of a period where the provider is.
    pub fn start_of(&self, period: YearMonth) -> DateTime<Utc> {
        let first_day = period.first_day();
        first_day.and_time(NaiveTime::MIN).and_utc() - self.zone_on(first_day)
    }

    /// The last day to pay a period without a penalty, where its statement names none: by the due day in force on the first
    /// day after the period.
    pub fn due_on(&self, period: YearMonth) -> NaiveDate {
        let next = period.next().first_day();
        let day = self.provider.as_ref().map_or(1, |provider| provider.terms_on(next).due_day);
        next.with_day(u32::from(day.unsigned_abs())).unwrap_or(next)
    }

    /// The stored accounts with these numbers.
    pub async fn accounts(
        &self,
        reads: Reads<'_>,
        numbers: impl Iterator<Item = &str>,
    ) -> Result<HashMap<String, personal_account::Model>, Fault> {
        let Some(provider) = &self.provider else { return Ok(HashMap::new()) };
        // Rows come sorted by account: neighbours are the same one.
        let mut distinct: Vec<&str> = numbers.collect();
        distinct.dedup();
        let found = store::find_accounts(reads, provider.id(), distinct.into_iter()).await?;
        Ok(found.into_iter().map(|account| (account.number.clone(), account)).collect())
    }

    /// The stored meters of accounts, by account and serial number.
    pub async fn meters(
        &self,
        reads: Reads<'_>,
        accounts: &HashMap<String, personal_account::Model>,
    ) -> Result<HashMap<(String, String), meter::Model>, Fault> {
        let numbers: HashMap<_, _> = accounts.values().map(|account| (account.id, &account.number)).collect();
        let ids: Vec<_> = numbers.keys().copied().collect();
        let meters = store::find_meters(reads, &ids).await?.into_iter();
        let by_serial = meters.filter_map(|meter| {
            let number = (*numbers.get(&meter.personal_account_id)?).clone();
            Some(((number, meter.serial_number.clone()), meter))
        });
        Ok(by_serial.collect())
    }
}

/// Registers of the same export that a dry run takes for stored. A real run has them stored and needs none.
#[derive(Debug, Default)]
pub struct Beside {
    accounts: Option<Cursor<AccountRow>>,
    meters: Option<Cursor<MeterRow>>,
}

impl Beside {
    pub fn of(export: &Export) -> Result<Self, Problem> {
        let accounts = export.manifest.find(Kind::Accounts, None).map(|entry| export.rows(entry)).transpose()?;
        let meters = export.manifest.find(Kind::Meters, None).map(|entry| export.rows(entry)).transpose()?;
        Ok(Self { accounts: accounts.map(Cursor::new), meters: meters.map(Cursor::new) })
    }

    /// The fault of a row whose account is neither stored nor in the export.
    pub fn require_account(&mut self, number: &String) -> Result<(), CellError> {
        match self.accounts.as_mut().and_then(|accounts| accounts.find(number)) {
            Some(_) => Ok(()),
            None => Err(CellError::coded(RowCode::AccountUnknown, "account", format!("{number} is not known"))),
        }
    }

    pub fn require_meter(&mut self, account: &str, serial: &str) -> Result<(), CellError> {
        let key = (account.to_owned(), serial.to_owned());
        match self.meters.as_mut().and_then(|meters| meters.find(&key)) {
            Some(_) => Ok(()),
            None => {
                Err(CellError::coded(RowCode::MeterUnknown, "meter", format!("{serial} of {account} is not known")))
            }
        }
    }
}

/// Distinct ids of accounts.
pub fn ids(accounts: &HashMap<String, personal_account::Model>) -> Vec<entity::ids::PersonalAccountId> {
    accounts.values().map(|account| account.id).collect::<HashSet<_>>().into_iter().collect()
}
