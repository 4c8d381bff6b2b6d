//! The months of autopays: planned when there is a statement, announced, paid when they are due.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{AutopayRunState, PaymentMethod, PaymentStatus};
use entity::exact::{Money, YearMonth};
use entity::ids::{AutopayRunId, PaymentId, PersonalAccountId, UserId};
use entity::{autopay, autopay_run, payment, saved_method, statement};

use super::event::{RunAutopay, SendAutopayAnnounced, SendAutopayFailed};
use super::rules::{Charge, Next, Plan, WAIT_FOR_OTHERS, after_failure, charge, counts, due_at, plan};
use super::store;
use crate::accounts::AccountAccess;
use crate::kernel::{Failure, Fault, Person};
use crate::payments::Payments;
use crate::payments::event::SettlePayment;
use crate::payments::settlement::FIRST_CHECK;
use crate::payments::state::is_open;
use crate::payments::terms::{PaymentTerms, commission};
use crate::platform::db::Tx;

pub type RunRow = autopay_run::Model;

/// How long an open payment of an autopay is waited for between looks.
const LOOK: TimeDelta = TimeDelta::minutes(1);
/// How long something that must come first is waited for between looks: the letter, or another payment of the account.
const WAIT: TimeDelta = TimeDelta::minutes(10);
/// A month whose letter cannot be sent for so long is not paid.
const UNTOLD: TimeDelta = TimeDelta::days(7);
/// Why nothing is paid, besides an acquirer's reasons.
pub const ABOVE_CEILING: &str = "above_ceiling";
const NOTHING_TO_PAY: &str = "nothing_to_pay";
const BEING_PAID: &str = "being_paid";
const NOT_TOLD: &str = "not_told";
const PAUSED: &str = "paused";

/// What a letter about a run tells.
#[derive(Clone, Debug)]
pub struct AutopayNews {
    pub user_id: UserId,
    pub provider: String,
    pub number: String,
    /// What is charged at most, commission included.
    pub amount: Money,
    /// Of it.
    pub commission: Money,
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
            let today = self.clock.now().date_naive();
            if counts(autopay.acts_on, (bill.period, bill.due_on), autopay.after_period, today)
                && !store::has_run(self.db.read(), autopay.id, bill.period).await?
                && let Some(access) = self.payable(&autopay).await?
            {
                let terms = self.terms_of(access.provider_id()).await?;
                // An acquirer would refuse it: the provider has yet to say all that it must.
                if !terms.utilities || self.is_payable(&access).await? {
                    planned += usize::from(self.plan_one(&autopay, &bill, &terms).await?);
                }
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

    async fn plan_one(
        &self,
        autopay: &autopay::Model,
        bill: &statement::Model,
        terms: &PaymentTerms,
    ) -> Result<bool, Fault> {
        let id: AutopayRunId = self.entropy.id(&self.clock)?;
        let planned = self.db.transaction(|tx| async move {
            let account = self.billing.lock_account_in(&tx, autopay.personal_account_id).await?;
            if !store::stands_in(&tx, bill.id).await? {
                return Ok(false);
            }
            let commission = commission(terms, account.balance);
            let (amount, state) =
                match plan(account.balance, commission, (self.config.payments.minimum, autopay.ceiling)) {
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
                commission,
                state,
                due_at: due_at(autopay.acts_on, now, bill.due_on, self.config.payments.autopay_notice),
                tries: 0,
                payment_id: None,
                reason: skipped.then(|| ABOVE_CEILING.to_owned()),
                announced_at: now,
                told_at: None,
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
            (AutopayRunState::Announced, _) if run.told_at.is_none() => self.wait_for_letter(&run).await,
            (AutopayRunState::Announced, _) if self.clock.now() < run.due_at => Ok(Some(run.due_at)),
            (AutopayRunState::Announced, _) => self.pay(&run, &autopay).await,
            _ => Ok(None),
        }
    }

    /// Money that nobody was told of is not taken.
    async fn wait_for_letter(&self, run: &RunRow) -> Result<Option<DateTime<Utc>>, Fault> {
        let now = self.clock.now();
        if now >= run.announced_at + UNTOLD { self.skip(run, NOT_TOLD).await } else { Ok(Some(now + WAIT)) }
    }

    /// The letter has gone out, and says when it is due.
    pub async fn mark_autopay_told(&self, id: AutopayRunId, due_at: DateTime<Utc>) -> Result<(), Fault> {
        let now = self.clock.now();
        let told = self.db.transaction(|tx| async move {
            store::mark_told_in(&tx, id, now, due_at).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(told.await?)
    }

    async fn pay(&self, run: &RunRow, autopay: &autopay::Model) -> Result<Option<DateTime<Utc>>, Fault> {
        let usable = self.payable(autopay).await?.filter(|_| autopay.paused_at.is_none());
        let Some(access) = usable else { return self.skip(run, PAUSED).await };
        let terms = &self.terms_of(access.provider_id()).await?;
        let id: PaymentId = self.entropy.id(&self.clock)?;
        let begun = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(self.begin_in(&tx, (run, autopay), terms, id).await?)
        });
        let payment = match begun.await? {
            Begun::Payment(payment) => *payment,
            Begun::Later => return Ok(Some(self.clock.now() + WAIT)),
            Begun::Not(reason) => return self.skip(run, reason).await,
        };
        if let Err(fault) = self.create(&payment).await {
            tracing::warn!(payment = %payment.id.0, %fault, "the acquirer did not take an autopay yet");
        }
        Ok(Some(self.clock.now()))
    }

    async fn begin_in(
        &self,
        tx: &Tx,
        (run, autopay): (&RunRow, &autopay::Model),
        terms: &PaymentTerms,
        id: PaymentId,
    ) -> Result<Begun, Fault> {
        let now = self.clock.now();
        let account = self.billing.lock_account_in(tx, autopay.personal_account_id).await?;
        // The payer may be on the bank's page, or another's autopay be under way: the same debt is not paid twice.
        let open = store::open_sum_in(tx, autopay.personal_account_id).await?;
        let Some(method) = store::find_method_in(tx, autopay.saved_method_id).await? else {
            return Ok(Begun::Not(PAUSED));
        };
        let announced = (run.amount, run.commission);
        let limits = (self.config.payments.minimum, autopay.ceiling);
        let of = |owed| charge(owed, announced, |amount| commission(terms, amount), limits);
        if of(account.balance) == Charge::Nothing {
            return Ok(Begun::Not(NOTHING_TO_PAY));
        }
        if !open.is_zero() && now < run.due_at + WAIT_FOR_OTHERS {
            return Ok(Begun::Later);
        }
        let (amount, commission) = match of(account.balance - open) {
            Charge::Nothing => return Ok(Begun::Not(BEING_PAID)),
            Charge::AboveCeiling => return Ok(Begun::Not(ABOVE_CEILING)),
            Charge::Take { amount, commission } => (amount, commission),
        };
        let payment = of_autopay(autopay, &method, id, (amount, commission), now);
        if !store::begin_run_in(tx, run.id, id).await? {
            return Ok(Begun::Not(PAUSED));
        }
        crate::payments::store::insert_payment_in(tx, payment.clone()).await?;
        self.outbox.enqueue_at_in(tx, &SettlePayment { payment_id: id }, now + FIRST_CHECK).await?;
        Ok(Begun::Payment(Box::new(payment)))
    }

    async fn skip(&self, run: &RunRow, reason: &str) -> Result<Option<DateTime<Utc>>, Fault> {
        let ended = self.db.transaction(|tx| async move {
            let skipped = store::skip_run_in(&tx, run.id, reason).await?;
            if skipped && [ABOVE_CEILING, BEING_PAID, NOT_TOLD].contains(&reason) {
                self.tell_failure_in(&tx, run.id, reason, false).await?;
            }
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

    /// For the letter that announces it, with the time that there is from now on; none when nothing is to be announced.
    pub async fn autopay_announcement(&self, id: AutopayRunId) -> Result<Option<AutopayNews>, Fault> {
        let Some((run, _)) = store::find_run(self.db.read(), id).await? else { return Ok(None) };
        if run.state != AutopayRunState::Announced {
            return Ok(None);
        }
        let earliest = self.clock.now() + self.config.payments.autopay_notice;
        let news = self.autopay_news(id).await?;
        Ok(news.map(|news| AutopayNews { due_at: news.due_at.max(earliest), ..news }))
    }

    /// For letters; none when the autopay is gone.
    pub async fn autopay_news(&self, id: AutopayRunId) -> Result<Option<AutopayNews>, Fault> {
        let Some((run, autopay)) = store::find_run(self.db.read(), id).await? else { return Ok(None) };
        let Some(method) = store::find_method(self.db.read(), autopay.saved_method_id).await? else { return Ok(None) };
        let (number, provider) = self.accounts.name_of(autopay.personal_account_id).await?;
        let (user_id, commission, due_at) = (autopay.user_id, run.commission, run.due_at);
        let amount = run.amount + commission;
        Ok(Some(AutopayNews { user_id, provider, number, amount, commission, due_at, method: method.title }))
    }
}

/// What has become of a month whose day has come.
enum Begun {
    Payment(Box<payment::Model>),
    /// Another payment of the account is under way.
    Later,
    /// Why nothing is paid.
    Not(&'static str),
}

fn of_autopay(
    autopay: &autopay::Model,
    method: &saved_method::Model,
    id: PaymentId,
    (amount, commission): (Money, Money),
    now: DateTime<Utc>,
) -> payment::Model {
    payment::Model {
        id,
        personal_account_id: autopay.personal_account_id,
        user_id: autopay.user_id,
        amount,
        commission,
        status: PaymentStatus::Created,
        acquirer: method.acquirer.clone(),
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
    }
}
