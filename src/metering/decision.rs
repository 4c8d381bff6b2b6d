//! What a provider says about readings that were sent to it.

use std::collections::HashMap;

use entity::enums::ReadingStatus;
use entity::ids::{MeterReadingId, ProviderId};
use entity::meter_reading;

use super::chain::{Move, way};
use super::{Metering, store};
use crate::accounts::Accounts;
use crate::kernel::{Failure, Fault};
use crate::platform::db::Tx;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The provider has it and has not decided.
    Delivered,
    Accepted,
    /// With the provider's reason, for the person.
    Rejected(String),
    Billed,
}

impl Decision {
    const fn status(&self) -> ReadingStatus {
        match self {
            Self::Delivered => ReadingStatus::Delivered,
            Self::Accepted => ReadingStatus::Accepted,
            Self::Rejected(_) => ReadingStatus::Rejected,
            Self::Billed => ReadingStatus::Billed,
        }
    }

    fn reason(&self) -> Option<String> {
        match self {
            Self::Rejected(reason) => Some(reason.clone()),
            Self::Delivered | Self::Accepted | Self::Billed => None,
        }
    }
}

/// What became of one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    Done,
    /// The reading had come there before, or further on the same way: nothing changed.
    Already,
    /// No such reading, or one of another provider's account.
    NotFound,
    /// The reading went another way and stays where it is.
    Impossible(ReadingStatus),
    /// An earlier decision of the same list is about this reading.
    Repeated,
}

/// Decisions at once.
pub const MOST_DECISIONS: usize = 1000;

/// The list was longer than [`MOST_DECISIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyDecisions;

impl Metering {
    /// Carries out a provider's decisions, each by itself: one that cannot be does not hinder the others. The answers are
    /// in the order of the decisions, and a repeated call changes nothing. A constant number of statements.
    pub async fn decide_readings(
        &self,
        accounts: &Accounts,
        provider: ProviderId,
        decisions: &[(MeterReadingId, Decision)],
    ) -> Result<Vec<Decided>, Failure<TooManyDecisions>> {
        if decisions.len() > MOST_DECISIONS {
            return Err(Failure::Refused(TooManyDecisions));
        }
        let ids: Vec<_> = decisions.iter().map(|(id, _)| *id).collect();
        let readings = &self.readings_of(accounts, provider, &ids).await?;
        let decided =
            self.db.transaction(|tx| async move { Ok(self.decide_in(&tx, readings, decisions).await?) }).await?;
        self.wake(readings.iter().map(|reading| reading.personal_account_id));
        Ok(decided)
    }

    /// Those of the readings that are of the provider's accounts.
    pub async fn readings_of(
        &self,
        accounts: &Accounts,
        provider: ProviderId,
        ids: &[MeterReadingId],
    ) -> Result<Vec<meter_reading::Model>, Fault> {
        let readings = store::find_readings(self.db.read(), ids).await?;
        let account_ids: Vec<_> = readings.iter().map(|reading| reading.personal_account_id).collect();
        let own = accounts.accounts_of(provider, &account_ids).await?;
        Ok(readings.into_iter().filter(|reading| own.contains(&reading.personal_account_id)).collect())
    }

    /// The same in the caller's transaction, about readings that are the provider's.
    pub async fn decide_in(
        &self,
        tx: &Tx,
        readings: &[meter_reading::Model],
        decisions: &[(MeterReadingId, Decision)],
    ) -> Result<Vec<Decided>, Fault> {
        let meter_ids: Vec<_> = readings.iter().map(|reading| reading.meter_id).collect();
        let meters = store::lock_meters_in(tx, &meter_ids).await?;
        // As they are now that nobody else moves them.
        let ids: Vec<_> = readings.iter().map(|reading| reading.id).collect();
        let mut fresh: HashMap<_, _> =
            store::find_readings(&**tx, &ids).await?.into_iter().map(|reading| (reading.id, Some(reading))).collect();
        let (mut decided, mut moves) = (Vec::with_capacity(decisions.len()), Vec::new());
        for (id, decision) in decisions {
            let (answer, step) = match fresh.get_mut(id).map(Option::take) {
                None => (Decided::NotFound, None),
                Some(None) => (Decided::Repeated, None),
                Some(Some(reading)) => judge(reading, decision),
            };
            decided.push(answer);
            moves.extend(step);
        }
        self.move_in(tx, &meters, &moves).await?;
        Ok(decided)
    }
}

fn judge(reading: meter_reading::Model, decision: &Decision) -> (Decided, Option<Move>) {
    let (from, to) = (reading.status, decision.status());
    match way(from, to) {
        Some(way) if way.is_empty() => (Decided::Already, None),
        Some(way) => (Decided::Done, Some(Move { reading, way, reason: decision.reason() })),
        // News that came late: an ACCEPTED after the BILLED that followed it.
        None if way(to, from).is_some() => (Decided::Already, None),
        None => (Decided::Impossible(from), None),
    }
}
