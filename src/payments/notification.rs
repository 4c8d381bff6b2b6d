//! What acquirers tell us: stored first, answered at once, believed only after asking.

use std::net::IpAddr;

use entity::ids::PaymentId;
use entity::{acquirer_notification, payment};

use super::acquirer::yookassa;
use super::event::CheckPayment;
use super::{Payments, store};
use crate::config::contains;
use crate::kernel::{Failure, Fault};

/// The longest notification that is kept, bytes.
const LONGEST: usize = 16 * 1024;

impl Payments {
    /// Whether the acquirer's notifications may come from there. The sandbox is anywhere.
    pub fn hears_from(&self, acquirer: &str, address: IpAddr) -> bool {
        acquirer != yookassa::NAME || contains(&self.config.payments.notification_networks, address)
    }

    /// False when the acquirer is unknown or the notification cannot be read: it is not worth repeating.
    ///
    /// Anybody may call here: what names no payment of ours is answered alike and not kept.
    pub async fn take_notification(&self, acquirer: &str, body: &[u8]) -> Result<bool, Fault> {
        let Ok(port) = self.acquirer(acquirer) else { return Ok(false) };
        let readable = if body.len() <= LONGEST { port.subject_of(body) } else { None };
        let Some(subject) = readable else { return Ok(false) };
        let payment = match store::find_by_acquirer(self.db.read(), acquirer, &subject).await? {
            Some(payment) => Some(payment),
            None => self.not_named_yet(acquirer, port.ours_in(body)).await?,
        };
        let Some(payment) = payment else { return Ok(true) };
        let named = payment.acquirer_payment_id.is_none().then(|| subject.clone());
        let row = acquirer_notification::Model {
            id: self.entropy.id(&self.clock)?,
            acquirer: acquirer.to_owned(),
            acquirer_payment_id: subject,
            body: String::from_utf8_lossy(body).into_owned(),
            received_at: self.clock.now(),
        };
        let (row, check) = (&row, &CheckPayment { payment_id: payment.id, named });
        let stored = self.db.transaction(|tx| async move {
            store::insert_notification_in(&tx, row.clone()).await?;
            self.outbox.enqueue_in(&tx, check).await?;
            Ok::<_, Failure<std::convert::Infallible>>(())
        });
        stored.await?;
        Ok(true)
    }

    /// A payment whose start was not answered: the acquirer's name for it is not known here.
    async fn not_named_yet(&self, acquirer: &str, ours: Option<PaymentId>) -> Result<Option<payment::Model>, Fault> {
        let Some(id) = ours else { return Ok(None) };
        let payment = store::find_payment(self.db.read(), id).await?;
        Ok(payment.filter(|payment| payment.acquirer == acquirer && payment.acquirer_payment_id.is_none()))
    }
}
