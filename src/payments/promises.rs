//! Paid → fiscal receipt → sent to the provider → posted by the provider: what was promised after the money came, and an alarm
//! when a promise is missed.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{IncidentKind, PaymentStatus, ReceiptStatus};
use entity::ids::{PaymentId, PersonalAccountId};
use entity::payment;

use super::terms::PaymentTerms;
use super::{Payments, store};
use crate::config::PromisesConfig;
use crate::kernel::{Failure, Fault};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    Paid,
    FiscalReceipt,
    SentToProvider,
    Posted,
}

/// A step of a payment whose money has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: StepKind,
    /// When it was done.
    pub at: Option<DateTime<Utc>>,
    /// By when it was to be done.
    pub promised_by: Option<DateTime<Utc>>,
    /// It cannot be done any more.
    pub failed: bool,
}

impl Step {
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        self.failed || (self.at.is_none() && self.promised_by.is_some_and(|by| by < now))
    }
}

/// Those that this payment has, in order; none before it is paid.
pub fn steps(payment: &payment::Model, terms: Option<&PaymentTerms>, promises: &PromisesConfig) -> Vec<Step> {
    let Some(paid_at) = payment.paid_at else { return Vec::new() };
    let step = |kind, at, within: Option<TimeDelta>, failed| Step {
        kind,
        at,
        promised_by: within.map(|within| paid_at + within),
        failed,
    };
    let mut steps = vec![step(StepKind::Paid, Some(paid_at), None, false)];
    if let Some(status) = payment.receipt_status {
        let failed = status == ReceiptStatus::Canceled;
        steps.push(step(StepKind::FiscalReceipt, payment.receipt_at, Some(promises.receipt), failed));
    }
    if payment.sent_at.is_some() || terms.is_some_and(|terms| terms.register_template.is_some()) {
        steps.push(step(StepKind::SentToProvider, payment.sent_at, Some(promises.sent), false));
    }
    steps.push(step(StepKind::Posted, payment.posted_at, Some(promises.posted), false));
    steps
}

fn alarm(kind: StepKind) -> Option<IncidentKind> {
    match kind {
        StepKind::Paid => None,
        StepKind::FiscalReceipt => Some(IncidentKind::ReceiptMissing),
        StepKind::SentToProvider => Some(IncidentKind::NotSent),
        StepKind::Posted => Some(IncidentKind::NotPosted),
    }
}

/// Minutes after the payment at which a receipt that is being made is asked about.
const RECEIPT_LOOKS: [i64; 6] = [1, 5, 30, 120, 480, 1_440];

impl Payments {
    /// Looks after the promises of a paid payment; when to look again, none when nothing is left to wait for.
    pub async fn watch(&self, id: PaymentId) -> Result<Option<DateTime<Utc>>, Fault> {
        let mut payment = self.find(id).await?;
        if !matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyRefunded) {
            return Ok(None);
        }
        if payment.receipt_status == Some(ReceiptStatus::Pending) {
            // An acquirer that does not answer keeps nobody from seeing that a promise was missed.
            match self.read(&payment).await {
                Ok(read) => payment = read,
                Err(fault) => tracing::warn!(payment = %id.0, %fault, "a receipt was not asked about"),
            }
        }
        if payment.posted_at.is_none() {
            self.mark_posted(Some(payment.personal_account_id)).await?;
            payment = self.find(id).await?;
        }
        let terms = self.terms_of_accounts(&[payment.personal_account_id]).await?;
        let terms = terms.get(&payment.personal_account_id);
        let (now, open) = (self.clock.now(), steps(&payment, terms, &self.config.payments.promises));
        let open: Vec<Step> = open.into_iter().filter(|step| step.at.is_none()).collect();
        for step in open.iter().filter(|step| step.is_late(now)) {
            self.miss(id, step).await?;
        }
        let due = open.iter().filter(|step| !step.is_late(now)).filter_map(|step| step.promised_by);
        let due = due.map(|by| by + TimeDelta::seconds(1));
        let paid_at = payment.paid_at.unwrap_or(payment.created_at);
        let looks = RECEIPT_LOOKS.into_iter().map(|minutes| paid_at + TimeDelta::minutes(minutes));
        let looks = looks.filter(|at| *at > now && payment.receipt_status == Some(ReceiptStatus::Pending));
        Ok(due.chain(looks).min())
    }

    async fn miss(&self, id: PaymentId, step: &Step) -> Result<(), Fault> {
        let Some(kind) = alarm(step.kind) else { return Ok(()) };
        let details = match step.promised_by {
            Some(by) if !step.failed => format!("promised by {}", by.to_rfc3339()),
            _ => "the acquirer says that it failed".to_owned(),
        };
        let details = &details;
        let opened = self.db.transaction(|tx| async move {
            self.open_incident_in(&tx, kind, id, details).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(opened.await?)
    }

    /// Payments, of one account or of all, that are not in transit any more: a statement has shown them, the oldest first. How
    /// many.
    pub async fn mark_posted(&self, account: Option<PersonalAccountId>) -> Result<u64, Fault> {
        let now = self.clock.now();
        let marked = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(store::mark_posted_in(&tx, account, now).await?)
        });
        Ok(marked.await?)
    }
}
