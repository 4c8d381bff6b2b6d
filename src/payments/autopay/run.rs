//! The months of autopays: planned when there is a statement, announced, paid when they are due.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{AutopayRunState, AutopayTrigger, PaymentMethod, PaymentStatus};
use entity::exact::{Money, YearMonth};
use entity::ids::{AutopayRunId, PaymentId, PersonalAccountId, UserId};
use entity::{autopay, autopay_run, payment, statement};

use super::event::{RunAutopay, SendAutopayAnnounced, SendAutopayFailed};
use super::rules::{Next, Plan, after_failure, due_at, plan};
use super::store;
use crate::accounts::AccountAccess;
use crate::kernel::{Failure, Fault, Person};
use crate::payments::Payments;
use crate::payments::event::SettlePayment;
use crate::payments::settlement::FIRST_CHECK;
use crate::payments::state::is_open;
use crate::payments::terms::commission;
use crate::platform::db::Tx;

pub type RunRow = autopay_run::Model;

/// How long an open payment of an autopay is waited for between looks.
const LOOK: TimeDelta = TimeDelta::minutes(1);
/// Why nothing is paid, besides an acquirer's reasons.
pub const ABOVE_CEILING: &str = "above_ceiling";

/// What a letter about a run tells.
#[derive(Clone, Debug)]
pub struct AutopayNews {
    pub user_id: UserId,
    pub provider: String,
    pub number: String,
    pub amount: Money,
    pub due_at: DateTime<Utc>,
    pub method: String,
}

impl Payments {
    /// Announces what is to be paid of new statements; how many.
    pub async fn plan_autopays(&self) -> Result<usize, Fault> {
        let mut planned = 0;
        for autopay in store::active(self.db.read()).await? {
            let Some(bill) = store::newest_statement(self.db.read(), autopay.personal_account_id).await? else {
                continue;
            };
            let counts = match autopay.acts_on {
                AutopayTrigger::NewStatement => bill.issued_at >= autopay.consented_at,
                AutopayTrigger::DueDate => bill.due_on >= self.clock.now().date_naive(),
            };
            if counts
                && !store::has_run(self.db.read(), autopay.id, bill.period).await?
                && self.payable(&autopay).await?.is_some()
            {
                planned += usize::from(self.plan_one(&autopay, &bill).await?);
            }
        }
        Ok(planned)
    }

    /// The month's statement is taken back: it may come again, and is announced and paid then.
    pub async fn forget_autopay_runs_in(
        &self,
        tx: &Tx,
        accounts: Vec<PersonalAccountId>,
        period: YearMonth,
    ) -> Result<(), Fault> {
        store::delete_unpaid_runs_in(tx, accounts, period).await
    }

    /// The account, while its payer may pay it: a share may have ended.
    async fn payable(&self, autopay: &autopay::Model) -> Result<Option<AccountAccess>, Fault> {
        let person =
            Person { user_id: autopay.user_id, session: String::new(), confirmed: true, scopes: None, limits: None };
        match self.accounts.access(&person, autopay.personal_account_id).await {
            Ok(access) => Ok(Some(access).filter(AccountAccess::may_pay)),
            Err(Failure::Refused(_)) => Ok(None),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn plan_one(&self, autopay: &autopay::Model, bill: &statement::Model) -> Result<bool, Fault> {
        let id: AutopayRunId = self.entropy.id(&self.clock)?;
        let planned = self.db.transaction(|tx| async move {
            let account = self.billing.lock_account_in(&tx, autopay.personal_account_id).await?;
            if !store::stands_in(&tx, bill.id).await? {
                return Ok(false);
            }
            let (amount, state) = match plan(account.balance, autopay.ceiling) {
                Plan::Nothing => return Ok(false),
                Plan::AboveCeiling => (account.balance, AutopayRunState::Skipped),
                Plan::Pay(amount) => (amount, AutopayRunState::Announced),
            };
            let now = self.clock.now();
            let skipped = state == AutopayRunState::Skipped;
            let run = autopay_run::Model {
                id,
                autopay_id: autopay.id,
                period: bill.period,
                amount,
                state,
                due_at: due_at(autopay.acts_on, now, bill.due_on, self.config.payments.autopay_notice),
                tries: 0,
                payment_id: None,
                reason: skipped.then(|| ABOVE_CEILING.to_owned()),
                announced_at: now,
            };
            let due_at = run.due_at;
            if !store::insert_run_in(&tx, run).await? {
                return Ok(false);
            }
            if skipped {
                let told = SendAutopayFailed { autopay_run_id: id, reason: ABOVE_CEILING.to_owned(), again: false };
                self.outbox.enqueue_in(&tx, &told).await?;
            } else {
                self.outbox.enqueue_in(&tx, &SendAutopayAnnounced { autopay_run_id: id }).await?;
                self.outbox.enqueue_at_in(&tx, &RunAutopay { autopay_run_id: id }, due_at).await?;
            }
            Ok::<_, Failure<Infallible>>(true)
        });
        Ok(planned.await?)
    }

    /// Goes on with a run; when to look again, none at its end.
    pub async fn carry_autopay(&self, id: AutopayRunId) -> Result<Option<DateTime<Utc>>, Fault> {
        let Some((run, autopay)) = store::find_run(self.db.read(), id).await? else { return Ok(None) };
        match (run.state, run.payment_id) {
            (AutopayRunState::Paying, Some(payment)) => self.follow(&run, &autopay, payment).await,
            (AutopayRunState::Announced, _) if self.clock.now() < run.due_at => Ok(Some(run.due_at)),
            (AutopayRunState::Announced, _) => self.pay(&run, &autopay).await,
            _ => Ok(None),
        }
    }

    async fn pay(&self, run: &RunRow, autopay: &autopay::Model) -> Result<Option<DateTime<Utc>>, Fault> {
        let usable = self.payable(autopay).await?.filter(|_| autopay.paused_at.is_none());
        let Some(access) = usable else { return self.skip(run, "paused").await };
        let terms = &self.terms_of(access.provider_id()).await?;
        let (id, now): (PaymentId, _) = (self.entropy.id(&self.clock)?, self.clock.now());
        let begun = self.db.transaction(|tx| async move {
            let account = self.billing.lock_account_in(&tx, autopay.personal_account_id).await?;
            // Somebody may have paid meanwhile; more than was announced is never taken.
            let amount = account.balance.min(run.amount);
            let Some(method) = store::find_method_in(&tx, autopay.saved_method_id).await? else { return Ok(None) };
            if amount < self.config.payments.minimum || amount > autopay.ceiling {
                return Ok(None);
            }
            let payment = payment::Model {
                id,
                personal_account_id: autopay.personal_account_id,
                user_id: autopay.user_id,
                amount,
                commission: commission(terms, amount),
                status: PaymentStatus::Created,
                acquirer: method.acquirer,
                acquirer_payment_id: None,
                confirmation_url: None,
                return_url: None,
                receipt_email: None,
                failure: None,
                created_at: now,
                paid_at: None,
                checks: 0,
                called_at: Some(now),
                refunded: Money::ZERO,
                method: PaymentMethod::Any,
                qr_payload: None,
                receipt_status: None,
                receipt_at: None,
                sent_at: None,
                posted_at: None,
                register_id: None,
                saves_method: false,
                saved_method_id: Some(method.id),
                together_id: None,
            };
            if !store::begin_run_in(&tx, run.id, id).await? {
                return Ok(None);
            }
            crate::payments::store::insert_payment_in(&tx, payment.clone()).await?;
            self.outbox.enqueue_at_in(&tx, &SettlePayment { payment_id: id }, now + FIRST_CHECK).await?;
            Ok::<_, Failure<Infallible>>(Some(payment))
        });
        let Some(payment) = begun.await? else { return self.skip(run, "nothing_to_pay").await };
        if let Err(fault) = self.create(&payment).await {
            tracing::warn!(payment = %payment.id.0, %fault, "the acquirer did not take an autopay yet");
        }
        Ok(Some(self.clock.now()))
    }

    async fn skip(&self, run: &RunRow, reason: &str) -> Result<Option<DateTime<Utc>>, Fault> {
        let ended = self.db.transaction(|tx| async move {
            store::end_run_in(&tx, run.id, AutopayRunState::Skipped, Some(reason)).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        ended.await?;
        Ok(None)
    }

    async fn follow(
        &self,
        run: &RunRow,
        autopay: &autopay::Model,
        payment: PaymentId,
    ) -> Result<Option<DateTime<Utc>>, Fault> {
        let payment = self.find(payment).await?;
        if is_open(payment.status) {
            return Ok(Some(self.clock.now() + LOOK));
        }
        let (reason, now) = (payment.failure.as_deref().unwrap_or("general_decline"), self.clock.now());
        let tries = run.tries + 1;
        let next = (payment.status == PaymentStatus::Canceled).then(|| after_failure(reason, tries));
        let again = if let Some(Next::Again(pause)) = next { Some(now + pause) } else { None };
        let ended = self.db.transaction(|tx| async move {
            match (next, again) {
                (None, _) => store::end_run_in(&tx, run.id, AutopayRunState::Paid, None).await?,
                (Some(_), Some(due_at)) => store::retry_run_in(&tx, run.id, tries, due_at, reason).await?,
                (Some(next), None) => {
                    store::end_run_in(&tx, run.id, AutopayRunState::Failed, Some(reason)).await?;
                    if next == Next::Pause {
                        store::pause_in(&tx, autopay.id, now, reason).await?;
                    }
                }
            }
            if next.is_some() {
                self.tell_failure_in(&tx, run.id, reason, again.is_some()).await?;
            }
            Ok::<_, Failure<Infallible>>(())
        });
        ended.await?;
        Ok(again)
    }

    async fn tell_failure_in(&self, tx: &Tx, id: AutopayRunId, reason: &str, again: bool) -> Result<(), Fault> {
        let told = SendAutopayFailed { autopay_run_id: id, reason: reason.to_owned(), again };
        self.outbox.enqueue_in(tx, &told).await
    }

    /// For letters; none when the autopay is gone.
    pub async fn autopay_news(&self, id: AutopayRunId) -> Result<Option<AutopayNews>, Fault> {
        let Some((run, autopay)) = store::find_run(self.db.read(), id).await? else { return Ok(None) };
        let Some(method) = store::find_method(self.db.read(), autopay.saved_method_id).await? else { return Ok(None) };
        let (number, provider) = self.accounts.name_of(autopay.personal_account_id).await?;
        let (user_id, amount, due_at) = (autopay.user_id, run.amount, run.due_at);
        Ok(Some(AutopayNews { user_id, provider, number, amount, due_at, method: method.title }))
    }
}
