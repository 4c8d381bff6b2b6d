//! Accounts that are paid by themselves: statements that come, orders that are given, changed, paused and taken back, and cards
//! that are charged no more.

use std::convert::Infallible;
use std::sync::Arc;

use chrono::Days;
use entity::enums::{AutopayTrigger, LedgerEntryKind};
use entity::exact::Money;
use entity::ids::{PersonalAccountId, ProviderId, StatementId};
use entity::{personal_account, sandbox_payment, statement};
use kabinet::billing::ledger::Change;
use kabinet::identity::audit::Origin;
use kabinet::kernel::Failure;
use kabinet::payments::autopay::Wish;
use kabinet::payments::terms::{PaymentTerms, commission, usual};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::template::COMMISSION;
use super::world::{Done, World};

/// The most that a month costs, in kopecks.
const MONTH: u32 = 200_000;

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
        let ceiling = self.some_ceiling(account).await;
        let wish = Wish { personal_account_id: account, saved_method_id, acts_on, ceiling, consent: true };
        let key = format!("autopay-{}", self.clock.now().timestamp_micros());
        self.say(|| format!("{payer} orders an autopay: {acts_on:?}, up to {ceiling}"));
        let order = async move {
            if let Err(Failure::Refused(refusal)) = payments.set_autopay(&person, Origin::inside(), wish, &key).await {
                // The same moment is the same key.
                assert!(matches!(refusal, kabinet::payments::autopay::AutopayRefusal::Key(_)), "{refusal:?}");
            }
            Done::Other
        };
        self.step(Box::pin(order)).await;
    }

    /// Around what is owed with another month: sometimes too low for it.
    async fn some_ceiling(&mut self, account: PersonalAccountId) -> Money {
        let read = self.app.mechanisms.db.read();
        let owed = personal_account::Entity::find_by_id(account).one(read).await.unwrap().unwrap().balance;
        let about = owed.0.max(0) + i64::from(MONTH) / 2;
        Money(about * i64::from(40 + self.roll(360)) / 100)
    }

    /// Second thoughts, of the payer or of the bank.
    pub(super) async fn change_autopay(&mut self) {
        match self.roll(8) {
            0..3 => self.pause_autopay().await,
            3 => self.remove_autopay().await,
            4 => self.remove_method().await,
            5 => self.block_card().await,
            _ => {}
        }
    }

    async fn pause_autopay(&mut self) {
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

    /// Nothing is paid by itself any more.
    pub(super) async fn pause_all(&self) {
        let payments = &self.app.services.payments;
        for payer in &self.people {
            for order in payments.autopays(payer.person.user_id).await.unwrap() {
                payments.pause_autopay(&payer.person, Origin::inside(), Some(order.id), true).await.unwrap();
            }
        }
    }

    async fn remove_autopay(&mut self) {
        let payer = self.pick(self.people.len());
        let person = self.people[payer].person.clone();
        let payments = Arc::clone(&self.app.services.payments);
        let orders = payments.autopays(person.user_id).await.unwrap();
        if orders.is_empty() {
            return;
        }
        let order = orders[self.pick(orders.len())].clone();
        self.gone.insert((person.user_id, order.personal_account_id));
        self.say(|| format!("{payer} takes an autopay back"));
        let remove = async move {
            let _ = payments.remove_autopay(&person, Origin::inside(), Some(order.id)).await;
            Done::Other
        };
        self.step(Box::pin(remove)).await;
    }

    async fn remove_method(&mut self) {
        let payer = self.pick(self.people.len());
        let person = self.people[payer].person.clone();
        let payments = Arc::clone(&self.app.services.payments);
        let methods = payments.saved_methods(person.user_id).await.unwrap();
        if methods.is_empty() {
            return;
        }
        let id = methods[self.pick(methods.len())].id;
        let orders = payments.autopays(person.user_id).await.unwrap();
        let orders = orders.iter().filter(|order| order.saved_method_id == id);
        self.gone.extend(orders.map(|order| (person.user_id, order.personal_account_id)));
        self.say(|| format!("{payer} lets a card be forgotten"));
        let remove = async move {
            let _ = payments.remove_method(&person, Origin::inside(), Some(id)).await;
            Done::Other
        };
        self.step(Box::pin(remove)).await;
    }

    /// The bank charges a card no more, and does not say so before it is asked to.
    async fn block_card(&mut self) {
        let payer = self.pick(self.people.len());
        let methods = self.app.services.payments.saved_methods(self.people[payer].person.user_id).await.unwrap();
        if methods.is_empty() {
            return;
        }
        let id = &methods[self.pick(methods.len())].acquirer_method_id;
        self.say(|| format!("the bank blocks a card of {payer}"));
        let blocked = self.app.mechanisms.db.transaction(|tx| async move {
            let blocked = sandbox_payment::ActiveModel { saves_method: Set(false), ..Default::default() };
            let card = sandbox_payment::Entity::update_many().set(blocked).filter(sandbox_payment::Column::Id.eq(id));
            card.exec(&*tx).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        blocked.await.unwrap();
    }

    /// The provider's statement of the next month comes, and kabinet plans what is to be paid by itself.
    pub(super) async fn bill(&mut self) {
        let (payer, which) = (self.pick(self.people.len()), self.pick(2));
        let mut account = self.people[payer].accounts[which];
        let orders = self.app.services.payments.autopays(self.people[payer].person.user_id).await.unwrap();
        let ordered = !orders.is_empty();
        if ordered {
            account = orders[self.pick(orders.len())].personal_account_id;
        }
        let (now, month) = (self.clock.now(), Money(i64::from(self.roll(MONTH)) + 1));
        let refused = ordered && self.roll(3) == 0;
        let due_on = now.date_naive().checked_add_days(Days::new(u64::from(self.roll(3)))).unwrap();
        let id =
            StatementId(Uuid::from_u128((u128::from(self.roll(u32::MAX)) << 64) | u128::from(self.roll(u32::MAX))));
        self.say(|| format!("a statement of {month} comes for {payer}"));
        let billing = Arc::clone(&self.app.services.billing);
        let billing = &billing;
        let billed = self.app.mechanisms.db.transaction(|tx| async move {
            let newest = statement::standing().filter(statement::Column::PersonalAccountId.eq(account));
            let newest = newest.order_by_desc(statement::Column::Period).one(&*tx).await.unwrap().unwrap();
            let owed = billing.lock_account_in(&tx, account).await?.balance;
            // Of what is overpaid nothing could be paid by itself: it is used up first.
            let closing = if ordered { owed.max(Money::ZERO) + month } else { owed + month };
            let closing = if refused { refused_by_bank(closing) } else { closing };
            let charged = closing - owed;
            let row = statement::Model {
                id,
                period: newest.period.next(),
                opening: owed,
                accrued: charged,
                recalculated: Money::ZERO,
                penalty: Money::ZERO,
                paid: Money::ZERO,
                closing,
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
            Ok::<_, Failure<Infallible>>(())
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
}

/// As much, or a little more, of which the bank says that there is not so much on the card: it goes by the kopecks of the whole,
/// commission included.
fn refused_by_bank(mut debt: Money) -> Money {
    let terms = PaymentTerms { commission_rate: COMMISSION, ..usual(ProviderId(Uuid::nil())) };
    while (debt + commission(&terms, debt)).0 % 100 != 1 {
        debt += Money(1);
    }
    debt
}
