//! Readings that people send.

use std::collections::{HashMap, HashSet};

use chrono::{Months, NaiveDate};
use entity::enums::{AuditEventKind, ReadingSource, ReadingStatus, Register};
use entity::exact::Quantity;
use entity::ids::{MeterId, MeterReadingId, PaymentId};
use entity::{meter, meter_reading};
use serde::Serialize;

use super::error::{ReadingRefusal, RefusedReading, SubmissionRefusal};
use super::examination::Examined;
use super::reading_rules::{MeterRules, NewReading, RegisterValue};
use super::store::{self, Reader};
use super::{Metering, series};
use crate::accounts::error::AccessRefusal;
use crate::accounts::provider::window;
use crate::accounts::{AccountAccess, Accounts, Provider};
use crate::identity::audit::{Act, Origin};
use crate::kernel::{Failure, Fault, Person};
use crate::platform::db::Tx;
use crate::platform::idempotency::{self, Keyed};

/// A reading as a person gives it. A meter that cannot be named reads as one that does not exist.
#[derive(Clone, Debug, Serialize)]
pub struct GivenReading {
    pub meter_id: Option<MeterId>,
    pub values: Vec<(Register, Quantity)>,
    /// None: today, at the provider.
    pub taken_on: Option<NaiveDate>,
    pub confirm_warnings: bool,
}

/// Readings whose meters were found to be the person's; what [`Metering::store_in`] takes.
#[derive(Debug)]
pub struct Submission {
    pub(super) given: Vec<(MeterId, NewReading)>,
    pub(super) rules: HashMap<MeterId, (MeterRules, NaiveDate)>,
    submitted_by: entity::ids::UserId,
    source: ReadingSource,
}

impl Submission {
    pub(super) fn meter_ids(&self) -> Vec<MeterId> {
        self.given.iter().map(|(meter, _)| *meter).collect()
    }
}

/// Readings that were taken, and whether the key was used before, so that nothing was done now.
#[derive(Clone, Debug)]
pub struct Submitted {
    pub readings: Vec<meter_reading::Model>,
    pub replayed: bool,
}

pub const MOST_AT_ONCE: usize = 50;

type Result<T> = std::result::Result<T, Failure<SubmissionRefusal>>;

impl Metering {
    /// Stores all readings or none. With a key, a repeated call gives the first one's readings again.
    pub async fn submit_readings(
        &self,
        accounts: &Accounts,
        person: &Person,
        origin: impl Into<Origin>,
        given: Vec<GivenReading>,
        key: Option<&str>,
    ) -> Result<Submitted> {
        if key.is_some_and(|key| key.is_empty() || key.len() > idempotency::LONGEST_KEY) {
            return Err(Failure::Refused(SubmissionRefusal::KeyMalformed));
        }
        let keyed = key.map(|key| Keyed::new(person.user_id, "submitMeterReadings", key, &given)).transpose()?;
        if let Some(keyed) = &keyed {
            // Before anything else is looked at: the account may be detached by now.
            let first: Option<Vec<MeterReadingId>> = idempotency::find_outcome(self.db.read(), keyed)
                .await
                .map_err(|failure| failure.map(SubmissionRefusal::from))?;
            if let Some(ids) = first {
                let readings = in_order(store::find_readings(self.db.read(), &ids).await?, &ids);
                if !readings.iter().all(|reading| person.reaches(reading.personal_account_id)) {
                    return Err(Failure::Refused(SubmissionRefusal::Readings(not_found(&given))));
                }
                return Ok(Submitted { readings, replayed: true });
            }
        }
        let submission = self.prepare(accounts, person, given, ReadingSource::Cabinet).await?;
        let (submission, keyed, origin, now) = (&submission, &keyed, &origin.into(), self.clock.now());
        let submitted = self
            .db
            .transaction(|tx| async move {
                if let Some(keyed) = keyed {
                    let first: Option<Vec<MeterReadingId>> = idempotency::first_outcome_in(&tx, keyed, now)
                        .await
                        .map_err(|failure| failure.map(SubmissionRefusal::from))?;
                    if let Some(ids) = first {
                        let readings = in_order(store::find_readings(&*tx, &ids).await?, &ids);
                        return Ok(Submitted { readings, replayed: true });
                    }
                }
                let readings = self
                    .store_in(&tx, submission, None)
                    .await
                    .map_err(|failure| failure.map(SubmissionRefusal::Readings))?;
                let submitted = Act::new(AuditEventKind::ReadingsSubmitted).with("readings", &readings.len());
                self.audit.append_in(&tx, person.user_id, origin.clone(), submitted).await?;
                if let Some(keyed) = keyed {
                    let ids: Vec<_> = readings.iter().map(|reading| reading.id).collect();
                    idempotency::record_in(&tx, keyed, &ids).await?;
                }
                Ok(Submitted { readings, replayed: false })
            })
            .await?;
        self.wake(submitted.readings.iter().map(|reading| reading.personal_account_id));
        Ok(submitted)
    }

    /// Finds out whose meters these are and by which rules they are read.
    pub async fn prepare(
        &self,
        accounts: &Accounts,
        person: &Person,
        given: Vec<GivenReading>,
        source: ReadingSource,
    ) -> Result<Submission> {
        if given.is_empty() {
            return Err(Failure::Refused(SubmissionRefusal::Empty));
        }
        if given.len() > MOST_AT_ONCE {
            return Err(Failure::Refused(SubmissionRefusal::TooMany { most: MOST_AT_ONCE }));
        }
        let ids: Vec<MeterId> = given.iter().filter_map(|reading| reading.meter_id).collect();
        let meters = store::find_meters(self.db.read(), &ids).await?;
        let account_ids: Vec<_> = meters.iter().map(|meter| meter.personal_account_id).collect();
        let access = accounts.access_to(person, &account_ids).await.map_err(|failure| {
            failure.map(|refusal| match refusal {
                AccessRefusal::NotConfirmed => SubmissionRefusal::NotConfirmed,
                AccessRefusal::NotFound => SubmissionRefusal::Readings(Vec::new()),
            })
        })?;
        let refused = only_seen(&given, &meters, &access);
        if !refused.is_empty() {
            return Err(Failure::Refused(SubmissionRefusal::Readings(refused)));
        }
        let provider_ids: Vec<_> = access.iter().map(AccountAccess::provider_id).collect();
        let providers = accounts.find_providers(&provider_ids).await?;
        let taken_on = |meter: &meter::Model| given.iter().find(|one| one.meter_id == Some(meter.id))?.taken_on;
        let rules = meters
            .iter()
            .filter_map(|meter| Some((meter.id, self.rules_of(meter, taken_on(meter), &access, &providers)?)));
        let rules: HashMap<_, _> = rules.collect();
        let given = matched(given, &rules).map_err(|refused| Failure::Refused(SubmissionRefusal::Readings(refused)))?;
        Ok(Submission { given, rules, submitted_by: person.user_id, source })
    }

    /// By what holds at the provider on the day of the reading, without one today. None when the person has no access to the
    /// meter's account.
    fn rules_of(
        &self,
        meter: &meter::Model,
        taken_on: Option<NaiveDate>,
        access: &[AccountAccess],
        providers: &[Provider],
    ) -> Option<(MeterRules, NaiveDate)> {
        let access = access.iter().find(|access| access.id() == meter.personal_account_id)?;
        let provider = providers.iter().find(|provider| provider.id() == access.provider_id())?;
        let today = provider.day_of(self.clock.now());
        let terms = provider.terms_on(taken_on.unwrap_or(today));
        let rules = MeterRules {
            registers: Register::list(&meter.registers),
            integer_digits: meter.integer_digits,
            fraction_digits: terms
                .most_fraction_digits
                .map_or(meter.fraction_digits, |most| most.min(meter.fraction_digits)),
            removed_on: meter.removed_on,
            verification_due_on: meter.verification_due_on,
            seal_broken_on: meter.seal_broken_on,
            window: window(terms),
            late_readings: terms.late_readings,
            usual_monthly_maximum: terms.usual_monthly_maximum,
            zero_consumption: terms.zero_consumption,
            rollover_allowed: terms.rollover_allowed,
            expired_verification: terms.expired_verification,
            history_withheld: !access.is_full(),
        };
        Some((rules, today))
    }

    /// Checks against the newest readings under lock, then stores all.
    pub async fn store_in(
        &self,
        tx: &Tx,
        submission: &Submission,
        payment: Option<PaymentId>,
    ) -> std::result::Result<Vec<meter_reading::Model>, Failure<Vec<RefusedReading>>> {
        let meters = store::lock_meters_in(tx, &submission.meter_ids()).await?;
        let newest: Vec<_> = meters.iter().filter_map(|meter| meter.last_reading_id).collect();
        let newest = store::find_readings(&**tx, &newest).await?;
        let examined = match submission.examine(&meters, &newest) {
            Ok(examined) => examined,
            Err(refused) => {
                return Err(Failure::Refused(self.beside_usual(&**tx, submission, &meters, refused).await?));
            }
        };
        let readings = examined.iter().map(|one| self.row(one, submission, payment));
        let readings = readings.collect::<std::result::Result<Vec<_>, Fault>>()?;
        // What was compared with nothing must not be what the next one is compared with.
        store::insert_readings_in(tx, &readings, readings.iter().filter(|reading| !reading.history_withheld)).await?;
        self.tell_in(tx, readings.iter().map(|reading| (reading.id, reading.status))).await?;
        Ok(readings)
    }

    /// Figures of the past beside refusals that speak of the usual: one statement, and only when there are such.
    pub(super) async fn beside_usual<C: Reader>(
        &self,
        db: &C,
        submission: &Submission,
        meters: &[meter::Model],
        refused: Vec<RefusedReading>,
    ) -> std::result::Result<Vec<RefusedReading>, Fault> {
        let high = submission.unusually_high(&refused);
        if high.is_empty() {
            return Ok(refused);
        }
        let since = self.clock.now().date_naive() - Months::new(2 * series::AVERAGE_MONTHS);
        let counted = store::list_counted(db, &high, Some(since)).await?;
        Ok(submission.with_averages(refused, meters, &counted))
    }

    fn row(
        &self,
        examined: &Examined<'_>,
        submission: &Submission,
        payment: Option<PaymentId>,
    ) -> std::result::Result<meter_reading::Model, Fault> {
        let Examined { meter, new, taken, history_withheld, .. } = examined;
        let value = |register| new.values.iter().find(|given| given.register == register).map(|given| given.value);
        let warnings: Vec<_> = taken.warnings.iter().map(|warning| warning.word()).collect();
        Ok(meter_reading::Model {
            id: self.entropy.id(&self.clock)?,
            meter_id: meter.id,
            personal_account_id: meter.personal_account_id,
            taken_on: new.taken_on,
            submitted_at: self.clock.now(),
            source: submission.source,
            status: ReadingStatus::Submitted,
            submitted_by: Some(submission.submitted_by),
            payment_id: payment,
            value_single: value(Register::Single),
            value_day: value(Register::Day),
            value_night: value(Register::Night),
            value_peak: value(Register::Peak),
            consumption: taken.consumption,
            history_withheld: *history_withheld,
            warnings: warnings.join(","),
        })
    }
}

fn in_order(mut readings: Vec<meter_reading::Model>, ids: &[MeterReadingId]) -> Vec<meter_reading::Model> {
    readings.sort_by_key(|reading| ids.iter().position(|id| *id == reading.id));
    readings
}

/// Readings of meters whose accounts the person may only look at.
fn only_seen(given: &[GivenReading], meters: &[meter::Model], access: &[AccountAccess]) -> Vec<RefusedReading> {
    let is_only_seen = |reading: &GivenReading| {
        let meter = meters.iter().find(|meter| reading.meter_id == Some(meter.id));
        let access = meter.and_then(|meter| access.iter().find(|access| access.id() == meter.personal_account_id));
        access.is_some_and(|access| !access.may_pay())
    };
    let refused = given.iter().enumerate().filter(|(_, reading)| is_only_seen(reading));
    refused.map(|(index, _)| RefusedReading { index, refusal: ReadingRefusal::NotShared }).collect()
}

/// For an app that repeats what another one sent, to a meter that is none of its own.
fn not_found(given: &[GivenReading]) -> Vec<RefusedReading> {
    (0..given.len()).map(|index| RefusedReading { index, refusal: ReadingRefusal::MeterNotFound }).collect()
}

/// Each reading with its meter, unless one has none of the person's or a meter comes twice.
fn matched(
    given: Vec<GivenReading>,
    rules: &HashMap<MeterId, (MeterRules, NaiveDate)>,
) -> std::result::Result<Vec<(MeterId, NewReading)>, Vec<RefusedReading>> {
    let mut seen = HashSet::new();
    let mut matched = Vec::with_capacity(given.len());
    let mut refused = Vec::new();
    for (index, reading) in given.into_iter().enumerate() {
        let Some((meter_id, (_, today))) = reading.meter_id.and_then(|id| Some((id, rules.get(&id)?))) else {
            refused.push(RefusedReading { index, refusal: ReadingRefusal::MeterNotFound });
            continue;
        };
        if !seen.insert(meter_id) {
            refused.push(RefusedReading { index, refusal: ReadingRefusal::MeterRepeated });
            continue;
        }
        let values = reading.values.into_iter().map(|(register, value)| RegisterValue { register, value }).collect();
        let taken_on = reading.taken_on.unwrap_or(*today);
        matched.push((meter_id, NewReading { taken_on, values, confirmed: reading.confirm_warnings }));
    }
    if refused.is_empty() { Ok(matched) } else { Err(refused) }
}
