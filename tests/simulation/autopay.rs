//! Accounts that are paid by themselves: statements that come, orders that are given and paused, and what must hold of them.

use std::sync::Arc;

use chrono::{Days, TimeDelta};
use entity::enums::{AutopayRunState, AutopayTrigger, LedgerEntryKind, PaymentStatus};
use entity::exact::Money;
use entity::ids::{PaymentId, StatementId};
use entity::{autopay_run, payment, statement};
use kabinet::billing::ledger::Change;
use kabinet::identity::audit::Origin;
use kabinet::kernel::Failure;
use kabinet::payments::autopay::Wish;
use kabinet::payments::state::is_open;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::world::{Done, World};

/// More is never taken at once by an autopay.
const CEILING: Money = Money(5_000_000);

impl World {
    /// A person who has let the bank keep a card orders an account to be paid with it, or changes the order.
    pub(super) async fn order_autopay(&mut self) {
        let (payer, which) = (self.pick(self.people.len()), self.pick(2));
        let (person, account) = (self.people[payer].person.clone(), self.people[payer].accounts[which]);
        let payments = Arc::clone(&self.app.services.payments);
        let methods = payments.saved_methods(person.user_id).await.unwrap();
        if methods.is_empty() {
            return;
        }
        let acts_on = [AutopayTrigger::NewStatement, AutopayTrigger::DueDate][self.pick(2)];
        let saved_method_id = methods[self.pick(methods.len())].id;
        let wish = Wish { personal_account_id: account, saved_method_id, acts_on, ceiling: CEILING, consent: true };
        let key = format!("autopay-{}", self.clock.now().timestamp_micros());
        self.say(|| format!("{payer} orders an autopay: {acts_on:?}"));
        let order = async move {
            if let Err(Failure::Refused(refusal)) = payments.set_autopay(&person, Origin::inside(), wish, &key).await {
                // The same moment is the same key.
                assert!(matches!(refusal, kabinet::payments::autopay::AutopayRefusal::Key(_)), "{refusal:?}");
            }
            Done::Other
        };
        self.step(Box::pin(order)).await;
    }

    pub(super) async fn pause_autopay(&mut self) {
        let payer = self.pick(self.people.len());
        let person = self.people[payer].person.clone();
        let payments = Arc::clone(&self.app.services.payments);
        let orders = payments.autopays(person.user_id).await.unwrap();
        if orders.is_empty() {
            return;
        }
        let (id, paused) = (orders[self.pick(orders.len())].id, self.roll(3) == 0);
        self.say(|| format!("{payer} pauses an autopay: {paused}"));
        let pause = async move {
            let _ = payments.pause_autopay(&person, Origin::inside(), Some(id), paused).await;
            Done::Other
        };
        self.step(Box::pin(pause)).await;
    }

    /// The provider's statement of the next month comes, and kabinet plans what is to be paid by itself.
    pub(super) async fn bill(&mut self) {
        let (payer, which) = (self.pick(self.people.len()), self.pick(2));
        let mut account = self.people[payer].accounts[which];
        let orders = self.app.services.payments.autopays(self.people[payer].person.user_id).await.unwrap();
        if !orders.is_empty() {
            account = orders[self.pick(orders.len())].personal_account_id;
        }
        let (now, charged) = (self.clock.now(), Money(i64::from(self.roll(200_000)) + 1));
        let due_on = now.date_naive().checked_add_days(Days::new(u64::from(self.roll(3)))).unwrap();
        let id =
            StatementId(Uuid::from_u128((u128::from(self.roll(u32::MAX)) << 64) | u128::from(self.roll(u32::MAX))));
        self.say(|| format!("a statement of {charged} comes for {payer}"));
        let billing = Arc::clone(&self.app.services.billing);
        let billing = &billing;
        let billed = self.app.mechanisms.db.transaction(|tx| async move {
            let newest = statement::standing().filter(statement::Column::PersonalAccountId.eq(account));
            let newest = newest.order_by_desc(statement::Column::Period).one(&*tx).await.unwrap().unwrap();
            let owed = billing.lock_account_in(&tx, account).await?.balance;
            let row = statement::Model {
                id,
                period: newest.period.next(),
                opening: owed,
                accrued: charged,
                recalculated: Money::ZERO,
                penalty: Money::ZERO,
                paid: Money::ZERO,
                closing: owed + charged,
                due_on,
                issued_at: now,
                ..newest
            };
            statement::Entity::insert(row.into_active_model()).exec_without_returning(&*tx).await.unwrap();
            let change = Change {
                kind: LedgerEntryKind::Charge,
                amount: charged,
                occurred_at: now,
                payment_id: None,
                in_transit: Money::ZERO,
            };
            billing.append_in(&tx, account, change).await?;
            Ok::<_, Failure<std::convert::Infallible>>(())
        });
        billed.await.unwrap();
        self.plan().await;
    }

    pub(super) async fn plan(&mut self) {
        let payments = Arc::clone(&self.app.services.payments);
        let plan = async move {
            let _ = payments.plan_autopays().await;
            Done::Other
        };
        self.step(Box::pin(plan)).await;
    }

    /// Every run that has come due has ended, none was paid twice, and none took more than was announced or allowed.
    pub(super) async fn check_autopays(&mut self, payments: &[payment::Model]) {
        let runs = autopay_run::Entity::find().all(self.app.mechanisms.db.read()).await.unwrap();
        let find = |id: PaymentId| payments.iter().find(|payment| payment.id == id);
        let now = self.clock.now();
        for run in &runs {
            let payment = run.payment_id.and_then(find);
            let ended = match run.state {
                AutopayRunState::Paying => payment.is_some_and(|payment| is_open(payment.status)),
                AutopayRunState::Announced => run.due_at > now - TimeDelta::minutes(1),
                AutopayRunState::Paid => payment.is_some_and(|payment| payment.paid_at.is_some()),
                AutopayRunState::Failed | AutopayRunState::Skipped => true,
            };
            self.need(ended, || format!("{run:?} was left behind, with {payment:?}"));
            self.need(payment.is_none_or(|payment| payment.amount <= run.amount), || format!("{run:?} took more"));
        }
        let paid = runs.iter().filter(|run| run.state == AutopayRunState::Paid).count();
        let own = payments.iter().filter(|payment| payment.saved_method_id.is_some());
        self.need(own.clone().all(|payment| payment.amount <= CEILING), || "above the ceiling".to_owned());
        let taken = own.clone().filter(|payment| payment.paid_at.is_some()).count();
        self.need(taken == paid, || format!("{taken} payments were made by themselves for {paid} runs"));
        self.tally.autopaid += paid as u64;
        self.tally.autopay_failures += own.filter(|payment| payment.status == PaymentStatus::Canceled).count() as u64;
    }
}
