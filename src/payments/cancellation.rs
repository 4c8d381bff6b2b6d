//! A payer gives up a payment that they have begun.

use entity::enums::AuditEventKind;
use entity::ids::PaymentId;
use entity::payment;

use super::Payments;
use super::acquirer::CallError;
use super::payment::Heard;
use super::state::is_open;
use crate::identity::audit::{Act, Origin};
use crate::kernel::{Failure, Fault, Person};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancellationRefusal {
    NotFound,
    /// It has ended already, or the acquirer does not give it up: it ends by itself when nobody pays.
    NotCancelable,
    /// Nobody knows yet whether the acquirer has it.
    Unknown,
}

type Result<T> = std::result::Result<T, Failure<CancellationRefusal>>;

impl Payments {
    /// Repeating it changes nothing: a payment that was given up is given back as it is, as `replayed`.
    pub async fn cancel_payment(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        id: Option<PaymentId>,
    ) -> Result<(payment::Model, bool)> {
        let refused = |refusal| Err(Failure::Refused(refusal));
        let Some(id) = id.filter(|_| person.confirmed) else { return refused(CancellationRefusal::NotFound) };
        let Some(payment) = self.find_payment(person, id).await? else {
            return refused(CancellationRefusal::NotFound);
        };
        if payment.failure.as_deref() == Some(BY_PAYER) {
            return Ok((payment, true));
        }
        if !is_open(payment.status) {
            return refused(CancellationRefusal::NotCancelable);
        }
        // What is paid at once is given up at once.
        let first = self.find_first(id).await?;
        // An app gives up nothing that it was not granted.
        let all = self.all_of(&first).await?;
        if all.iter().any(|payment| !person.reaches(payment.personal_account_id)) {
            return refused(CancellationRefusal::NotFound);
        }
        let Some(name) = first.acquirer_payment_id else { return refused(CancellationRefusal::Unknown) };
        let key = format!("{}-x", first.id.0);
        self.db.cross("before_cancel").await;
        let seen = match self.acquirer(&payment.acquirer)?.cancel(&name, &key).await {
            Ok(seen) => seen,
            Err(CallError::Refused { .. }) => return refused(CancellationRefusal::NotCancelable),
            Err(unclear) => return Err(Fault::unavailable(unclear).into()),
        };
        self.db.cross("after_cancel").await;
        self.apply(first.id, &Heard::of(first.id, seen)).await?;
        let payment = self.find(id).await?;
        if is_open(payment.status) || payment.paid_at.is_some() {
            return refused(CancellationRefusal::NotCancelable);
        }
        let origin = &origin.into();
        let told = self.db.transaction(|tx| async move {
            let act = Act::new(AuditEventKind::PaymentCanceled).about(id);
            self.audit.append_in(&tx, person.user_id, origin.clone(), act).await?;
            Ok::<_, Failure<std::convert::Infallible>>(())
        });
        told.await.map_err(Fault::from)?;
        Ok((payment, false))
    }
}

/// The acquirer's reason of what we have cancelled.
const BY_PAYER: &str = "canceled_by_merchant";
