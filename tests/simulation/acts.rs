//! What people do: payers, operators, the bank's customers, strangers.

use std::sync::Arc;

use entity::enums::{PaymentMethod, PaymentStatus};
use entity::exact::Money;
use kabinet::identity::audit::Origin;
use kabinet::kernel::Failure;
use kabinet::payments::acquirer::sandbox::outcome::Choice;
use kabinet::payments::autopay::event::RunAutopay;
use kabinet::payments::cancellation::CancellationRefusal;
use kabinet::payments::checkout::{Amount, Checkout, Part};
use kabinet::payments::refund::{RefundRefusal, RefundWish};
use kabinet::payments::register::Outcome;
use kabinet::platform::outbox::{Job, Lane};

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

    /// Little as often as much: else every account is soon overpaid, and nothing is owed any more.
    fn some_amount(&mut self) -> Amount {
        let most = [20_000, 300_000][self.pick(2)];
        let kopecks = i64::from(self.roll(most)) + 1;
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

    /// A payer thinks better of what was begun lately.
    pub(super) async fn cancel(&mut self) {
        let lately = self.intents.len().min(5);
        let number = self.intents.len() - 1 - self.pick(lately);
        let Some(id) = self.intents[number].acknowledged else { return };
        self.say(|| format!("{number} is given up"));
        let payments = Arc::clone(&self.app.services.payments);
        let person = self.people[self.intents[number].person].person.clone();
        let cancel = async move {
            match payments.cancel_payment(&person, Origin::inside(), Some(id)).await {
                Ok((payment, replayed)) => {
                    assert!(payment.status == PaymentStatus::Canceled, "given up: {payment:?}");
                    if replayed { Done::Other } else { Done::GivenUp }
                }
                Err(Failure::Refused(CancellationRefusal::NotFound)) => panic!("{id:?} is the person's own"),
                Err(_) => Done::Other,
            }
        };
        self.step(Box::pin(cancel)).await;
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
        let lane = if self.roll(3) == 0 { Lane::Letters } else { Lane::Effects };
        let Some(job) = self.app.mechanisms.outbox.lease(lane, 1).await.unwrap().pop() else { return };
        self.say(|| format!("job {} {}", job.kind, job.payload));
        let (worker, pays) = (self.app.worker.clone(), job.kind == RunAutopay::KIND);
        let work = async move {
            worker.carry_out(job).await;
            Done::Other
        };
        self.step(Box::pin(work)).await;
        if pays {
            self.check_begun_autopays().await;
        }
    }

    /// An operator gives back all that is left of a payment, or a part.
    pub(super) async fn refund(&mut self) {
        let number = self.pick(self.intents.len());
        let Some(first) = self.intents[number].acknowledged else { return };
        let together = self.app.services.payments.list_together(&[first]).await.unwrap();
        let id = if together.is_empty() { first } else { together[self.pick(together.len())].id };
        let part = Money(i64::from(self.roll(100_000)) + 1);
        // The bank makes some later, and gives some up.
        let part = match self.roll(6) {
            0 => Money(part.0 / 100 * 100 + 20),
            1 => Money(part.0 / 100 * 100 + 21),
            _ => part,
        };
        let amount = (self.roll(2) == 0).then_some(part);
        self.say(|| format!("an operator gives back {amount:?} of {number}"));
        self.tally.refunds += 1;
        let (payments, key) = (Arc::clone(&self.app.services.payments), self.tally.refunds.to_string());
        let give = async move {
            let wish = RefundWish { amount, reason: "simulated", by: "op", key: &key };
            match payments.refund(id, wish).await {
                Err(Failure::Refused(RefundRefusal::AmountMalformed)) => panic!("the amount is above zero"),
                _ => Done::Other,
            }
        };
        self.step(Box::pin(give)).await;
    }

    /// Providers are told of what they do not know yet.
    pub(super) async fn write_registers(&mut self) {
        self.say(|| "registers".to_owned());
        let (payments, now) = (Arc::clone(&self.app.services.payments), self.clock.now());
        let write = async move {
            let _ = payments.write_registers(now).await;
            Done::Other
        };
        self.step(Box::pin(write)).await;
    }

    /// A provider says that it has posted a register that it was given, all of it, and sometimes says so twice.
    pub(super) async fn post(&mut self) {
        let payments = Arc::clone(&self.app.services.payments);
        let registers = payments.registers(None).await.unwrap();
        if registers.is_empty() {
            return;
        }
        let register = registers[self.pick(registers.len())].clone();
        let times = if self.roll(4) == 0 { 2 } else { 1 };
        self.say(|| format!("register {} of {} rows is posted, {times} times", register.number, register.payments));
        let post = async move {
            let mut posted = 0;
            for _ in 0..times {
                let rows = match payments.take_postings(register.provider_id, &register.content).await {
                    Ok(rows) => rows,
                    Err(Failure::Refused(refusal)) => panic!("a register of ours is refused: {refusal:?}"),
                    Err(Failure::Fault(_)) => continue,
                };
                let known = rows.iter().all(|(_, outcome)| matches!(outcome, Outcome::Posted | Outcome::Repeated));
                assert!(known, "a register of ours comes back as {rows:?}");
                posted += rows.iter().filter(|(_, outcome)| *outcome == Outcome::Posted).count() as u64;
            }
            Done::Posted(posted)
        };
        self.step(Box::pin(post)).await;
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
