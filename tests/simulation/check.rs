//! What must hold at the end of every world.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use entity::enums::{Book, IncidentKind, LedgerEntryKind, PaymentStatus, RefundStatus, SandboxStatus};
use entity::exact::Money;
use entity::ids::PaymentId;
use entity::{incident, ledger_entry, payment, payment_register, refund, sandbox_payment, sandbox_refund};
use kabinet::payments::acquirer::sandbox::outcome;
use kabinet::payments::state::is_open;
use sea_orm::EntityTrait;

use super::world::World;

fn is_taken(status: PaymentStatus) -> bool {
    matches!(status, PaymentStatus::Succeeded | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded)
}

impl World {
    pub async fn check(&mut self) {
        let read = self.app.mechanisms.db.read();
        let payments = payment::Entity::find().all(read).await.unwrap();
        let bank = sandbox_payment::Entity::find().all(read).await.unwrap();
        let entries = ledger_entry::Entity::find().all(read).await.unwrap();
        let mut at_bank: BTreeMap<PaymentId, Vec<&sandbox_payment::Model>> = BTreeMap::new();
        for row in &bank {
            at_bank.entry(PaymentId(row.idempotence_key.parse().unwrap())).or_default().push(row);
        }
        let mut together: BTreeMap<PaymentId, Vec<&payment::Model>> = BTreeMap::new();
        for payment in &payments {
            together.entry(payment.together_id.unwrap_or(payment.id)).or_default().push(payment);
        }
        let refunds = refund::Entity::find().all(read).await.unwrap();
        for (first, all) in &together {
            let none = Vec::new();
            self.check_together((first, all), at_bank.get(first).unwrap_or(&none), &entries, &refunds);
        }
        let whole = |all: &&Vec<&payment::Model>| all.len() > 1 && all.iter().all(|payment| payment.paid_at.is_some());
        self.tally.together += together.values().filter(whole).count() as u64;
        self.check_intents(&payments);
        self.check_refunds(&payments).await;
        self.check_autopays(&payments).await;
        self.check_registers(&payments).await;
        self.check_books(&bank).await;
        self.check_incidents(&payments).await;
        self.tally.succeeded +=
            payments.iter().filter(|payment| payment.status == PaymentStatus::Succeeded).count() as u64;
        self.tally.canceled +=
            payments.iter().filter(|payment| payment.status == PaymentStatus::Canceled).count() as u64;
    }

    /// All that are paid at once are where the bank's one payment is.
    fn check_together(
        &self,
        (first, all): (&PaymentId, &[&payment::Model]),
        at_bank: &[&sandbox_payment::Model],
        entries: &[ledger_entry::Model],
        refunds: &[refund::Model],
    ) {
        let id = first.0;
        let paid = at_bank.iter().filter(|row| row.status == SandboxStatus::Succeeded).count();
        self.need(at_bank.len() <= 1, || format!("{id} is there {} times at the bank", at_bank.len()));
        let due: Money = all.iter().map(|payment| payment.amount + payment.commission).sum();
        let asked: Vec<_> = at_bank.iter().map(|row| row.amount).collect();
        self.need(asked.iter().all(|asked| *asked == due), || format!("{id}: the bank takes {asked:?} for {due}"));
        let for_ever = outcome::stays_pending(due);
        for payment in all {
            let (account, status) = (payment.id.0, payment.status);
            let posted: Vec<_> = entries
                .iter()
                .filter(|entry| entry.payment_id == Some(payment.id) && entry.kind == LedgerEntryKind::Payment)
                .map(|entry| (entry.personal_account_id, entry.amount))
                .collect();
            self.need(is_taken(status) == (paid == 1), || format!("{account} is {status:?}, paid {paid} times"));
            let receipt = payment.receipt_status;
            let known = !is_taken(status) || at_bank.iter().all(|row| row.receipt_status == receipt);
            self.need(known, || format!("{account} has a receipt that is {receipt:?}"));
            let once = (payment.personal_account_id, -payment.amount);
            let expected = if is_taken(status) { vec![once] } else { Vec::new() };
            self.need(posted == expected, || format!("{account} is {status:?} and posted as {posted:?}"));
            self.need(!is_open(status) || for_ever, || format!("{account} of {due} is {status:?} after all that time"));
        }
        let own = refunds.iter().filter(|refund| all.iter().any(|payment| payment.id == refund.payment_id));
        let commission: i64 = own.map(|refund| refund.commission.0).sum();
        let (here, there): (i64, i64) =
            (all.iter().map(|payment| payment.refunded.0).sum(), at_bank.iter().map(|row| row.refunded.0).sum());
        let here = here + commission;
        self.need(here == there, || format!("{id}: the bank gave back {there}, here are {here}"));
    }

    /// In the end the providers were told of what was paid less what was given back, each part once.
    async fn check_registers(&mut self, payments: &[payment::Model]) {
        self.app.services.payments.write_registers(self.clock.now()).await.unwrap();
        let read = self.app.mechanisms.db.read();
        let registers = payment_register::Entity::find().all(read).await.unwrap();
        let told: i64 = registers.iter().map(|register| register.total.0).sum();
        let taken = payments.iter().filter(|payment| is_taken(payment.status));
        let left: i64 = taken.map(|payment| payment.amount.0 - payment.refunded.0).sum();
        self.need(told == left, || format!("providers were told of {told}, and {left} are theirs"));
        let again = self.app.services.payments.write_registers(self.clock.now()).await.unwrap();
        self.need(again == 0, || "providers are told twice".to_owned());
        let refunds = refund::Entity::find().all(read).await.unwrap();
        let returned = refunds.iter().filter(|refund| {
            let payment = payments.iter().find(|payment| payment.id == refund.payment_id);
            refund.register_id.is_some() && payment.is_some_and(|payment| payment.register_id != refund.register_id)
        });
        self.tally.returns += returned.count() as u64;
        self.tally.registers += registers.len() as u64;
    }

    /// Each has ended, and those that succeeded are what their payments say; no key of ours has made two.
    async fn check_refunds(&mut self, payments: &[payment::Model]) {
        let read = self.app.mechanisms.db.read();
        let refunds = refund::Entity::find().all(read).await.unwrap();
        let there = sandbox_refund::Entity::find().all(read).await.unwrap();
        for refund in &refunds {
            let ended = matches!(refund.status, RefundStatus::Succeeded | RefundStatus::Canceled);
            self.need(ended, || format!("{refund:?} has no end"));
            let own = refund.id.0.to_string();
            let made = there.iter().filter(|row| row.metadata.contains(&own)).count();
            self.need(made <= 1, || format!("refund {own} was made {made} times"));
        }
        for payment in payments {
            let succeeded = refunds.iter().filter(|refund| refund.payment_id == payment.id);
            let succeeded = succeeded.filter(|refund| refund.status == RefundStatus::Succeeded);
            let sum: i64 = succeeded.map(|refund| refund.amount.0).sum();
            self.need(sum == payment.refunded.0, || format!("{} has refunds of {sum}", payment.id.0));
        }
        let given_up = refunds.iter().filter(|refund| refund.status == RefundStatus::Canceled);
        let given_up = given_up.filter(|refund| refund.acquirer_refund_id.is_some());
        self.tally.refunds_given_up += given_up.count() as u64;
        self.tally.refunded += payments.iter().filter(|payment| payment.refunded.0 > 0).count() as u64;
    }

    /// One key, one payment, and what was acknowledged is there.
    fn check_intents(&self, payments: &[payment::Model]) {
        for (number, intent) in self.intents.iter().enumerate() {
            let Some(id) = intent.acknowledged else { continue };
            self.need(payments.iter().any(|payment| payment.id == id), || {
                format!("intent {number} has lost its payment")
            });
        }
        let begun = payments.iter().filter(|payment| payment.saved_method_id.is_none());
        let begun = begun.filter(|payment| payment.together_id.is_none_or(|first| first == payment.id)).count();
        self.need(begun <= self.intents.len(), || "more payments than intents".to_owned());
    }

    async fn check_books(&self, bank: &[sandbox_payment::Model]) {
        let services = &self.app.services;
        let books = services.payments.trial_balance().await.unwrap();
        let sum: i64 = books.iter().map(|sum| sum.amount.0).sum();
        self.need(sum == 0, || format!("the journal sums to {sum}"));
        let held = books.iter().find(|sum| sum.book == Book::Acquirer).map_or(0, |sum| sum.amount.0);
        let paid = bank
            .iter()
            .filter(|row| row.status == SandboxStatus::Succeeded)
            .map(|row| row.amount.0 - row.refunded.0)
            .sum::<i64>();
        self.need(held == paid, || format!("the bank has taken {paid}, the journal says {held}"));
        let differences = services.payments.journal_differences().await.unwrap();
        self.need(differences == 0, || format!("{differences} payments differ between journal and ledger"));
        let unbalanced = services.billing.unbalanced_accounts(1).await.unwrap();
        self.need(unbalanced.is_empty(), || format!("{unbalanced:?} do not balance"));
    }

    /// The bank never contradicts itself, so nothing may look as if it had; some receipts it never makes.
    async fn check_incidents(&self, payments: &[payment::Model]) {
        let refunds = refund::Entity::find().all(self.app.mechanisms.db.read()).await.unwrap();
        for incident in self.app.services.payments.incidents(false).await.unwrap() {
            let payment = payments.iter().find(|payment| Some(payment.id) == incident.payment_id);
            let due = |one: &payment::Model| -> Money {
                let first = one.together_id.unwrap_or(one.id);
                let all = payments.iter().filter(|other| other.together_id.unwrap_or(other.id) == first);
                all.map(|payment| payment.amount + payment.commission).sum()
            };
            let in_trouble = self.quiet_since.is_some_and(|quiet| incident.opened_at <= quiet);
            let expected = match incident.kind {
                IncidentKind::Stuck => in_trouble || payment.is_some_and(|payment| is_open(payment.status)),
                IncidentKind::RefundCanceled => {
                    let about = refunds.iter().find(|refund| refund.id.0.to_string() == incident.subject);
                    about.is_some_and(|refund| refund.status == RefundStatus::Canceled)
                }
                IncidentKind::ReceiptMissing => payment.is_some_and(|one| outcome::loses_receipt(due(one))),
                _ => false,
            };
            self.need(expected, || format!("{incident:?}"));
        }
        self.check_lost_refunds(&refunds).await;
    }

    /// What came to nothing when its operator had gone, people are told of.
    async fn check_lost_refunds(&self, refunds: &[refund::Model]) {
        let told = self.app.services.payments.incidents(false).await.unwrap();
        let late = |refund: &&refund::Model| {
            let ended = refund.finished_at.filter(|_| refund.status == RefundStatus::Canceled);
            ended.is_some_and(|at| at > refund.created_at + TimeDelta::seconds(20))
        };
        for refund in refunds.iter().filter(late) {
            let about = |incident: &incident::Model| {
                incident.kind == IncidentKind::RefundCanceled && incident.subject == refund.id.0.to_string()
            };
            self.need(told.iter().any(about), || format!("nobody knows of {refund:?}"));
        }
    }
}
