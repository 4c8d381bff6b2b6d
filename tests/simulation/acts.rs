//! What people do: payers, operators, the bank's customers, strangers.

use std::sync::Arc;

use entity::enums::PaymentMethod;
use entity::exact::Money;
use kabinet::identity::audit::Origin;
use kabinet::kernel::Failure;
use kabinet::payments::acquirer::sandbox::outcome::Choice;
use kabinet::payments::checkout::{Amount, Checkout, Part};
use kabinet::payments::refund::RefundRefusal;
use kabinet::platform::outbox::Lane;

use super::world::{Done, Intent, Running, World};

impl World {
    pub(super) fn operation(&self, number: usize, checkout: Checkout) -> Running {
        let (payments, intent) = (Arc::clone(&self.app.services.payments), self.intents[number].clone());
        let person = self.people[intent.person].person.clone();
        Box::pin(async move {
            Done::Started(number, payments.start_payment(&person, Origin::inside(), checkout, &intent.key).await)
        })
    }

    pub(super) async fn start(&mut self) {
        let person = self.pick(self.people.len());
        let first = self.pick(2);
        let [account, other] = [self.people[person].accounts[first], self.people[person].accounts[1 - first]];
        let amount = self.some_amount();
        let together = self.roll(4) == 0;
        let others =
            if together { vec![Part { personal_account_id: other, amount: self.some_amount() }] } else { Vec::new() };
        let checkout = Checkout {
            personal_account_id: account,
            amount,
            readings: Vec::new(),
            return_url: None,
            receipt_email: None,
            method: PaymentMethod::Any,
            save_method: self.roll(2) == 0,
            others,
        };
        let number = self.intents.len();
        self.say(|| format!("{number} starts: {amount:?}"));
        self.tally.intents += 1;
        self.intents.push(Intent { person, key: number.to_string(), checkout: checkout.clone(), acknowledged: None });
        let operation = self.operation(number, checkout);
        self.step(operation).await;
    }

    fn some_amount(&mut self) -> Amount {
        let kopecks = i64::from(self.roll(300_000)) + 1;
        if self.roll(8) == 0 { Amount::CurrentDebt } else { Amount::Custom(Money(kopecks)) }
    }

    /// A client that got no answer, or an impatient person.
    pub(super) async fn start_again(&mut self) {
        let number = self.pick(self.intents.len());
        self.say(|| format!("{number} starts again"));
        let operation = self.operation(number, self.intents[number].checkout.clone());
        self.step(operation).await;
    }

    pub(super) async fn look(&mut self) {
        let number = self.pick(self.intents.len());
        let Some(id) = self.intents[number].acknowledged else { return };
        self.say(|| format!("{number} looks"));
        let (payments, person) =
            (Arc::clone(&self.app.services.payments), self.people[self.intents[number].person].person.clone());
        let look = async move {
            if let Ok(Some(payment)) = payments.find_payment(&person, id).await {
                payments.look(payment).await;
            }
            Done::Other
        };
        self.step(Box::pin(look)).await;
    }

    /// Somebody on the bank's page.
    pub(super) async fn decide(&mut self) {
        let pending = self.pending_at_bank().await;
        if pending.is_empty() {
            return;
        }
        let id = pending[self.pick(pending.len())].clone();
        let choice = match self.roll(10) {
            0 => Choice::Refuse,
            1 => Choice::ThreeDSecureFailed,
            2 => Choice::PayLate,
            3..6 => Choice::Sbp,
            _ => Choice::Card,
        };
        self.say(|| format!("at the bank {id}: {choice:?}"));
        self.app.sandbox.decide(&id, choice).await.unwrap();
    }

    /// Anybody may call the notification's address.
    pub(super) async fn forge(&mut self) {
        self.tally.forged += 1;
        let all = self.all_at_bank().await;
        let id = if all.is_empty() || self.roll(4) == 0 { "0".repeat(32) } else { all[self.pick(all.len())].clone() };
        let event = ["payment.succeeded", "payment.canceled", "payment.waiting_for_capture", "refund.succeeded"];
        let event = event[self.pick(4)];
        let status = event.rsplit('.').next();
        let body = serde_json::json!({ "event": event, "object": { "id": id, "payment_id": id, "status": status, "paid": true } });
        let payments = Arc::clone(&self.app.services.payments);
        let take = async move {
            let _ = payments.take_notification("sandbox", body.to_string().as_bytes()).await;
            Done::Other
        };
        self.step(Box::pin(take)).await;
    }

    pub(super) async fn work(&mut self) {
        let lane = if self.roll(4) == 0 { Lane::Letters } else { Lane::Effects };
        let Some(job) = self.app.mechanisms.outbox.lease(lane, 1).await.unwrap().pop() else { return };
        self.say(|| format!("job {} {}", job.kind, job.payload));
        let worker = self.app.worker.clone();
        let work = async move {
            worker.carry_out(job).await;
            Done::Other
        };
        self.step(Box::pin(work)).await;
    }

    /// An operator gives back all that is left of a payment, or a part.
    pub(super) async fn refund(&mut self) {
        let number = self.pick(self.intents.len());
        let Some(first) = self.intents[number].acknowledged else { return };
        let together = self.app.services.payments.list_together(&[first]).await.unwrap();
        let id = if together.is_empty() { first } else { together[self.pick(together.len())].id };
        let part = Money(i64::from(self.roll(100_000)) + 1);
        let amount = (self.roll(2) == 0).then_some(part);
        self.say(|| format!("an operator gives back {amount:?} of {number}"));
        self.tally.refunds += 1;
        let payments = Arc::clone(&self.app.services.payments);
        let give = async move {
            match payments.refund(id, amount, "simulated", "op").await {
                Err(Failure::Refused(RefundRefusal::AmountMalformed)) => panic!("the amount is above zero"),
                _ => Done::Other,
            }
        };
        self.step(Box::pin(give)).await;
    }

    /// Providers are told of what they do not know yet.
    pub(super) async fn write_registers(&mut self) {
        self.say(|| "registers".to_owned());
        let payments = Arc::clone(&self.app.services.payments);
        let write = async move {
            let _ = payments.write_registers().await;
            Done::Other
        };
        self.step(Box::pin(write)).await;
    }

    /// Somebody in the bank's own cabinet, whether the bank tells of it or not.
    pub(super) async fn refund_at_bank(&mut self) {
        let all = self.all_at_bank().await;
        if all.is_empty() {
            return;
        }
        let id = all[self.pick(all.len())].clone();
        let (amount, tell) = (Money(i64::from(self.roll(100_000)) + 1), self.roll(3) > 0);
        if self.app.sandbox.give_back(&id, amount, tell).await.unwrap() {
            self.say(|| format!("the bank gives back {amount} of {id}, and tells: {tell}"));
            self.tally.refunds_by_bank += 1;
        }
    }
}
