//! Taking back a reading of one's own.

use chrono::{Datelike, Months, NaiveDate};
use entity::enums::{AuditEventKind, ReadingStatus};
use entity::ids::MeterReadingId;
use entity::meter_reading;

use super::chain::{Move, way};
use super::error::WithdrawalRefusal;
use super::{Metering, store};
use crate::accounts::error::AccessRefusal;
use crate::accounts::{AccountAccess, Accounts, Provider};
use crate::identity::audit::{Act, Origin};
use crate::kernel::{Failure, Fault, Person};
use crate::platform::db::Tx;

type Result<T> = std::result::Result<T, Failure<WithdrawalRefusal>>;

impl Metering {
    /// Takes back a reading of one's own until the provider has it, and not after the reading window in which it came has
    /// ended. The meter's last reading is the one before it again. A repeated call gives the same answer.
    pub async fn withdraw_reading(
        &self,
        accounts: &Accounts,
        person: &Person,
        origin: impl Into<Origin>,
        id: Option<MeterReadingId>,
    ) -> Result<(meter_reading::Model, bool)> {
        let not_found = || Failure::Refused(WithdrawalRefusal::NotFound);
        let id = id.ok_or_else(not_found)?;
        let reading = store::find_readings(self.db.read(), &[id]).await?.into_iter().next();
        let accounts_of: Vec<_> = reading.iter().map(|reading| reading.personal_account_id).collect();
        let access = accounts.access_to(person, &accounts_of).await.map_err(|failure| {
            failure.map(|refusal| match refusal {
                AccessRefusal::NotConfirmed => WithdrawalRefusal::NotConfirmed,
                AccessRefusal::NotFound => WithdrawalRefusal::NotFound,
            })
        })?;
        let (reading, access) = reading.zip(access.into_iter().next()).ok_or_else(not_found)?;
        if reading.submitted_by != Some(person.user_id) {
            return Err(not_found());
        }
        if !access.may_pay() {
            return Err(Failure::Refused(WithdrawalRefusal::NotShared));
        }
        let in_time = self.is_in_time(accounts, &access, &reading).await?;
        let (reading, act) = (&reading, &(person, origin.into()));
        let withdrawn =
            self.db.transaction(|tx| async move { self.withdraw_in(&tx, reading, in_time, act).await }).await?;
        self.wake([reading.personal_account_id]);
        Ok(withdrawn)
    }

    async fn withdraw_in(
        &self,
        tx: &Tx,
        reading: &meter_reading::Model,
        in_time: bool,
        (person, origin): &(&Person, Origin),
    ) -> Result<(meter_reading::Model, bool)> {
        let meters = store::lock_meters_in(tx, &[reading.meter_id]).await?;
        let fresh = store::find_readings(&**tx, &[reading.id]).await?.into_iter().next();
        let reading = fresh.ok_or(Failure::Refused(WithdrawalRefusal::NotFound))?;
        if reading.status == ReadingStatus::Withdrawn {
            return Ok((reading, true));
        }
        let way = way(reading.status, ReadingStatus::Withdrawn).filter(|_| in_time);
        let way = way.ok_or(Failure::Refused(WithdrawalRefusal::TooLate))?;
        let withdrawn = meter_reading::Model { status: ReadingStatus::Withdrawn, ..reading.clone() };
        let (id, account) = (reading.id, reading.personal_account_id);
        self.move_in(tx, &meters, &[Move { reading, way, reason: None }]).await?;
        let act = Act::new(AuditEventKind::ReadingWithdrawn).about(id).about(account);
        self.audit.append_in(tx, person.user_id, origin.clone(), act).await?;
        Ok((withdrawn, false))
    }

    /// Whether today, at the provider, is in time.
    async fn is_in_time(
        &self,
        accounts: &Accounts,
        access: &AccountAccess,
        reading: &meter_reading::Model,
    ) -> std::result::Result<bool, Fault> {
        let provider = accounts.find_providers(&[access.provider_id()]).await?.into_iter().next();
        let provider = provider.ok_or_else(|| Fault::internal("an account without a provider"))?;
        Ok(accounts.today_at(&provider) <= last_day(&provider, reading))
    }
}

/// The last day, at the provider, on which a reading may be withdrawn: the end of the first reading window that ends on
/// or after the day on which it was sent, as the window was on that day; of a provider without a window, the last day of
/// that month.
pub fn last_day(provider: &Provider, reading: &meter_reading::Model) -> NaiveDate {
    let sent_on = provider.day_of(reading.submitted_at);
    end_of_window(sent_on, provider.terms_on(sent_on).reading_window_last_day)
}

/// A month that has not the day ends before it.
fn end_of_window(sent_on: NaiveDate, last_day: Option<i16>) -> NaiveDate {
    let wanted = last_day.map_or(31, |day| u32::from(day.clamp(1, 31).unsigned_abs()));
    let in_month = |first: NaiveDate| {
        let days = u32::from(first.num_days_in_month());
        first.with_day(wanted.min(days)).unwrap_or(first)
    };
    let first = sent_on.with_day(1).unwrap_or(sent_on);
    let end = in_month(first);
    if end >= sent_on { end } else { in_month(first + Months::new(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_may_be_withdrawn_until_the_window_in_which_it_came_ends() {
        let end = |sent_on: &str, last| end_of_window(sent_on.parse().unwrap(), last).to_string();
        assert_eq!(end("2026-06-20", Some(25)), "2026-06-25");
        assert_eq!(end("2026-06-25", Some(25)), "2026-06-25");
        assert_eq!(end("2026-06-26", Some(25)), "2026-07-25", "a late reading enters the next bill");
        assert_eq!(end("2026-12-28", Some(5)), "2027-01-05", "a window across the month's end");
        assert_eq!(end("2026-02-10", Some(31)), "2026-02-28");
        assert_eq!(end("2026-01-30", Some(30)), "2026-01-30");
        assert_eq!(end("2026-06-20", None), "2026-06-30");
    }
}
