//! What must hold of accounts that are paid by themselves.

use chrono::TimeDelta;
use entity::enums::{AutopayRunState, PaymentStatus};
use entity::exact::Money;
use entity::ids::PaymentId;
use entity::{autopay, autopay_run, payment, personal_account};
use kabinet::payments::state::is_open;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::world::World;

/// Why a month is passed over in which more is owed than may be taken.
const ABOVE_CEILING: &str = "above_ceiling";

impl World {
    /// Looks at what an autopay has begun to take before anything else happens: order and account are still as it found them.
    pub(super) async fn check_begun_autopays(&mut self) {
        let begun = payment::Entity::find()
            .filter(payment::Column::SavedMethodId.is_not_null())
            .filter(payment::Column::CreatedAt.gte(self.clock.now()));
        for payment in begun.all(self.app.mechanisms.db.read()).await.unwrap() {
            if self.begun.insert(payment.id) {
                self.check_begun(&payment).await;
            }
        }
    }

    /// Neither above the ceiling, commission included, nor more than is owed and not about to be paid.
    async fn check_begun(&self, begun: &payment::Model) {
        let (read, account) = (self.app.mechanisms.db.read(), begun.personal_account_id);
        let order = autopay::Entity::find()
            .filter(autopay::Column::UserId.eq(begun.user_id))
            .filter(autopay::Column::PersonalAccountId.eq(account));
        let order = order.one(read).await.unwrap();
        let taken = begun.amount + begun.commission;
        let allowed = order.as_ref().is_some_and(|order| order.paused_at.is_none() && taken <= order.ceiling);
        self.need(allowed, || format!("{begun:?} takes {taken}, the order is {order:?}"));
        let run =
            autopay_run::Entity::find().filter(autopay_run::Column::PaymentId.eq(begun.id)).one(read).await.unwrap();
        let told = run.as_ref().and_then(|run| run.told_at);
        let in_time = told.is_some_and(|told| begun.created_at >= told + self.app.config.payments.autopay_notice);
        self.need(in_time, || format!("{begun:?} was not told of in time: {run:?}"));
        let owed = personal_account::Entity::find_by_id(account).one(read).await.unwrap().unwrap().balance;
        let others = payment::Entity::find()
            .filter(payment::Column::PersonalAccountId.eq(account))
            .filter(payment::Column::Id.ne(begun.id));
        let others = others.all(read).await.unwrap();
        let open: Money = others.iter().filter(|other| is_open(other.status)).map(|other| other.amount).sum();
        self.need(begun.amount + open <= owed, || format!("{begun:?} is taken of {owed}, and {open} are under way"));
    }

    /// Nothing that has come due is left lying about while everything is well.
    pub(super) async fn check_due_autopays(&self) {
        let runs = autopay_run::Entity::find().filter(autopay_run::Column::State.eq(AutopayRunState::Announced));
        let overdue = self.clock.now() - TimeDelta::days(1);
        let read = self.app.mechanisms.db.read();
        for run in runs.all(read).await.unwrap() {
            let order = autopay::Entity::find_by_id(run.autopay_id).one(read).await.unwrap().unwrap();
            let others = payment::Entity::find();
            let others = others.filter(payment::Column::PersonalAccountId.eq(order.personal_account_id)).all(read);
            // Some payments the bank leaves pending for ever, and the run waits for them for days.
            let waits = others.await.unwrap().iter().any(|payment| is_open(payment.status));
            let going_on = waits || run.due_at > overdue;
            self.need(run.told_at.is_some() && going_on, || format!("{run:?} is left lying about"));
        }
    }

    /// Every run that has come due has ended, none was paid twice, and none took more than was announced.
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
            let announced = run.amount + run.commission;
            let within = |payment: &payment::Model| payment.amount + payment.commission <= announced;
            self.need(payment.is_none_or(within), || format!("{run:?} took more"));
            let pays = matches!(run.state, AutopayRunState::Paying | AutopayRunState::Paid);
            self.need(!pays || run.told_at.is_some(), || format!("nobody was told of {run:?}"));
        }
        let own: Vec<_> = payments.iter().filter(|payment| payment.saved_method_id.is_some()).collect();
        let seen = own.iter().all(|payment| self.begun.contains(&payment.id));
        self.need(seen, || "an autopay has begun to pay where nobody looked".to_owned());
        let paid: Vec<_> = own.iter().filter(|payment| payment.paid_at.is_some()).collect();
        for payment in &paid {
            let of_runs = runs.iter().filter(|run| run.payment_id == Some(payment.id));
            let of_runs = of_runs.filter(|run| run.state == AutopayRunState::Paid).count();
            // Months go with the order that is taken back.
            let gone = of_runs == 0 && self.gone.contains(&(payment.user_id, payment.personal_account_id));
            self.need(of_runs == 1 || gone, || format!("{payment:?} was made by itself for {of_runs} months"));
        }
        let failed = own.iter().filter(|payment| payment.status == PaymentStatus::Canceled).count();
        let given_up = runs.iter().filter(|run| run.state == AutopayRunState::Failed).count();
        let above = runs.iter().filter(|run| run.reason.as_deref() == Some(ABOVE_CEILING)).count();
        self.tally.autopaid += paid.len() as u64;
        self.tally.autopay_failures += failed as u64;
        self.tally.autopays_given_up += given_up as u64;
        self.tally.autopays_above += above as u64;
    }
}
