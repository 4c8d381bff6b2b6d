//! Once a day: what the acquirer says has come and gone, beside what stands here. Each difference is a row with an owner and a
//! state; one that is gone at the next look is closed by itself.

mod compare;
mod store;

use std::collections::BTreeMap;
use std::convert::Infallible;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::ids::DifferenceId;
use entity::reconciliation_difference;

use super::Payments;
use super::acquirer::{Acquirer, RefundStanding, Registered, RegisteredKind, Standing};
use crate::kernel::{Failure, Fault};
use compare::{Difference, Ours, compare};

pub use entity::reconciliation_difference::Model as DifferenceRow;

/// So long before a day the acquirer may have taken what we heard of on that day.
const HEARD_LATE: TimeDelta = TimeDelta::days(2);

/// Days that are compared again at most, or caught up with.
const LOOKED_BACK: i64 = 30;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Payments and refunds on the acquirer's list.
    pub theirs: usize,
    pub differences: Vec<reconciliation_difference::Model>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceRefusal {
    /// There is none of that id, or it is closed.
    NotOpen,
}

impl Payments {
    /// Compares a day, from midnight to midnight (UTC). Doing it again opens nothing twice.
    pub async fn reconcile(&self, acquirer: &str, day: NaiveDate) -> Result<Compared, Fault> {
        let port = self.acquirer(acquirer)?;
        let (from, to) = (midnight(day), midnight(day) + TimeDelta::days(1));
        let listed = port.register(from - HEARD_LATE, to).await.map_err(Fault::unavailable)?;
        let mut ours = store::ours(self.db.read(), acquirer, (from, to), &listed).await?;
        if self.enter_refunds(&listed, &ours).await? {
            ours = store::ours(self.db.read(), acquirer, (from, to), &listed).await?;
        }
        let theirs: Vec<Registered> = listed.iter().filter(|row| row.at >= from).cloned().collect();
        let mut found = compare(&theirs, &ours);
        found.extend(self.truly_missing(port, &listed, &ours).await?);
        let (found, now) = (&found, self.clock.now());
        let kept = self.db.transaction(|tx| async move {
            for difference in found {
                let id = self.entropy.id(&self.clock)?;
                store::insert_once_in(&tx, difference.row(id, acquirer, day, now)).await?;
            }
            store::close_gone_in(&tx, (acquirer, day), found, now).await?;
            // Of a day that has not ended there is more to come.
            if now >= to {
                store::record_day_in(&tx, acquirer, day, now).await?;
            }
            Ok::<_, Failure<Infallible>>(())
        });
        kept.await?;
        let differences = store::list_of_day(self.db.read(), acquirer, day).await?;
        Ok(Compared { theirs: theirs.len(), differences })
    }

    /// Refunds of our payments that only the acquirer knows of; whether there was one.
    async fn enter_refunds(&self, listed: &[Registered], ours: &Ours) -> Result<bool, Fault> {
        let strange = listed.iter().filter(|row| row.kind == RegisteredKind::Refund);
        let strange = strange.filter(|row| !ours.refunds.iter().any(|refund| refund.name.as_ref() == Some(&row.id)));
        let mut payments: Vec<_> = strange
            .filter_map(|row| ours.payments.iter().find(|payment| payment.name.as_ref() == Some(&row.payment)))
            .map(|payment| payment.payment_id)
            .collect();
        payments.sort();
        payments.dedup();
        for id in &payments {
            self.adopt_refunds(&self.find(*id).await?).await?;
        }
        Ok(!payments.is_empty())
    }

    /// What is ours and not on the list may have been taken long before we heard of it: the acquirer is asked about each.
    async fn truly_missing(
        &self,
        port: &dyn Acquirer,
        listed: &[Registered],
        ours: &Ours,
    ) -> Result<Vec<Difference>, Fault> {
        let listed: BTreeMap<(bool, &str), &Registered> =
            listed.iter().map(|row| ((row.kind == RegisteredKind::Refund, row.id.as_str()), row)).collect();
        let mut missing = Vec::new();
        for payment in ours.payments.iter().filter(|payment| payment.is_of_the_day) {
            let Some(name) = payment.name.as_deref().filter(|name| !listed.contains_key(&(false, *name))) else {
                continue;
            };
            let seen = port.read(name).await.map_err(Fault::unavailable)?;
            match seen.map(|seen| seen.standing) {
                Some(Standing::Succeeded { amount }) if amount == payment.due => {}
                Some(Standing::Succeeded { amount }) => missing.push(payment.of_another_sum(amount)),
                _ => missing.push(payment.missing_there()),
            }
        }
        for refund in ours.refunds.iter().filter(|refund| refund.is_of_the_day) {
            let Some(name) = refund.name.as_deref().filter(|name| !listed.contains_key(&(true, *name))) else {
                continue;
            };
            let seen = port.read_refund(name).await.map_err(Fault::unavailable)?;
            if seen.is_none_or(|seen| seen.standing != RefundStanding::Succeeded || seen.amount != refund.due) {
                missing.push(refund.missing_there());
            }
        }
        Ok(missing)
    }

    /// Yesterday, at every acquirer, unless it was done, with the days before it that were missed; and days again whose
    /// differences are open. How many those are. An acquirer that does not answer keeps no other from being compared.
    pub async fn reconcile_yesterday(&self) -> Result<usize, Fault> {
        let yesterday = (self.clock.now() - TimeDelta::days(1)).date_naive();
        let mut missed = Ok(());
        for acquirer in &self.acquirers {
            missed = missed.and(self.reconcile_until(acquirer.name(), yesterday).await);
        }
        missed?;
        Ok(store::list(self.db.read(), true).await?.len())
    }

    async fn reconcile_until(&self, acquirer: &str, yesterday: NaiveDate) -> Result<(), Fault> {
        let long_ago = yesterday - TimeDelta::days(LOOKED_BACK);
        let done = store::done_days(self.db.read(), acquirer, long_ago).await?;
        // Of a new installation there is nothing before yesterday.
        let first = done.first().copied().unwrap_or(yesterday);
        let days = first.iter_days().take_while(|day| *day <= yesterday);
        let missed: Vec<NaiveDate> = days.filter(|day| !done.contains(day)).collect();
        if missed.is_empty() {
            return Ok(());
        }
        // A day that cannot be compared keeps no other from it.
        let mut all = Ok(());
        for day in missed.into_iter().rev().chain(store::open_days(self.db.read(), acquirer, long_ago).await?) {
            all = all.and(self.reconcile(acquirer, day).await.map(|_| ()));
        }
        all
    }

    /// Oldest first.
    pub async fn differences(&self, open_only: bool) -> Result<Vec<DifferenceRow>, Fault> {
        store::list(self.db.read(), open_only).await
    }

    pub async fn assign_difference(&self, id: DifferenceId, owner: &str) -> Result<(), Failure<DifferenceRefusal>> {
        let changed = self.db.transaction(|tx| async move {
            Ok::<_, Failure<DifferenceRefusal>>(store::update_owner_in(&tx, id, owner).await?)
        });
        if changed.await? == 0 { Err(Failure::Refused(DifferenceRefusal::NotOpen)) } else { Ok(()) }
    }

    /// Closes a difference with what was done about it.
    pub async fn close_difference(&self, id: DifferenceId, how: &str) -> Result<(), Failure<DifferenceRefusal>> {
        let now = self.clock.now();
        let changed = self.db.transaction(|tx| async move {
            Ok::<_, Failure<DifferenceRefusal>>(store::update_closed_in(&tx, id, now, how).await?)
        });
        if changed.await? == 0 { Err(Failure::Refused(DifferenceRefusal::NotOpen)) } else { Ok(()) }
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
