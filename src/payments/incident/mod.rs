//! What people must look at: contradictions between us and an acquirer. Opened once for each subject and kind, closed by hand.

mod store;

use chrono::{DateTime, Utc};
use entity::enums::IncidentKind;
use entity::ids::{IncidentId, PaymentId};
use entity::incident;

use super::Payments;
use super::payment::Heard;
use super::state::{News, is_open};
use crate::kernel::{Failure, Fault};
use crate::platform::db::Tx;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentRefusal {
    /// There is none of that id, or it is closed.
    NotOpen,
    /// It is about no payment of ours.
    NoPayment,
    /// Its payment has ended.
    NothingOpen,
}

impl Payments {
    /// Does nothing when it is there already, open or closed: repeated news is no new incident.
    pub(super) async fn open_incident_in(
        &self,
        tx: &Tx,
        kind: IncidentKind,
        payment: PaymentId,
        details: &str,
    ) -> Result<(), Fault> {
        self.open_in(tx, kind, payment.0.to_string(), Some(payment), details).await
    }

    /// About something at the acquirer that may be no payment of ours.
    pub(super) async fn open_in(
        &self,
        tx: &Tx,
        kind: IncidentKind,
        subject: String,
        payment_id: Option<PaymentId>,
        details: &str,
    ) -> Result<(), Fault> {
        let row = incident::Model {
            id: self.entropy.id(&self.clock)?,
            kind,
            subject,
            payment_id,
            details: details.to_owned(),
            owner: None,
            opened_at: self.clock.now(),
            closed_at: None,
            resolution: None,
        };
        if store::insert_once_in(tx, row.clone()).await? {
            tracing::error!(kind = kind.word(), subject = row.subject, details, "an incident is opened");
        }
        Ok(())
    }

    /// Oldest first.
    pub async fn incidents(&self, open_only: bool) -> Result<Vec<incident::Model>, Fault> {
        store::list(self.db.read(), open_only).await
    }

    pub async fn count_open_incidents(&self) -> Result<u64, Fault> {
        store::count_open(self.db.read()).await
    }

    /// Gives an open incident somebody who looks after it.
    pub async fn assign_incident(&self, id: IncidentId, owner: &str) -> Result<(), Failure<IncidentRefusal>> {
        self.change_incident(|tx| async move { store::update_owner_in(&tx, id, owner).await }).await
    }

    /// Closes an incident with what was done about it.
    pub async fn close_incident(&self, id: IncidentId, resolution: &str) -> Result<(), Failure<IncidentRefusal>> {
        let now: DateTime<Utc> = self.clock.now();
        self.change_incident(|tx| async move { store::update_closed_in(&tx, id, now, resolution).await }).await
    }

    /// Ends the incident's payment or refund, of which nothing is expected any more, and closes the incident. Money that comes or
    /// goes all the same opens an incident of its own.
    pub async fn end_payment_of(&self, id: IncidentId, resolution: &str) -> Result<(), Failure<IncidentRefusal>> {
        let incident = store::find(self.db.read(), id).await?.ok_or(Failure::Refused(IncidentRefusal::NotOpen))?;
        let payment = incident.payment_id.ok_or(Failure::Refused(IncidentRefusal::NoPayment))?;
        let refunds = self.list_refunds(&[payment]).await?;
        let about = refunds.iter().find(|refund| refund.id.0.to_string() == incident.subject);
        let ended = match about {
            Some(refund) => self.give_up_refund(refund.id).await?,
            None => self.give_up(payment).await?,
        };
        if !ended {
            return Err(Failure::Refused(IncidentRefusal::NothingOpen));
        }
        if incident.closed_at.is_some() { Ok(()) } else { self.close_incident(id, resolution).await }
    }

    async fn give_up(&self, payment: PaymentId) -> Result<bool, Fault> {
        let first = self.find_first(payment).await?;
        if !is_open(first.status) {
            return Ok(false);
        }
        self.apply(first.id, &Heard::only(News::GivenUp)).await?;
        Ok(true)
    }

    async fn change_incident<F, Fut>(&self, change: F) -> Result<(), Failure<IncidentRefusal>>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<u64, Fault>>,
    {
        let change = &change;
        let changed = self.db.transaction(|tx| async move { Ok::<_, Failure<IncidentRefusal>>(change(tx).await?) });
        if changed.await? == 0 { Err(Failure::Refused(IncidentRefusal::NotOpen)) } else { Ok(()) }
    }
}
