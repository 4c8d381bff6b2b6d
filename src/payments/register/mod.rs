//! Registers: a provider is told of the payments that came for it and of what was given back of them, by its template, and tells
//! which of them it has posted.

pub mod file;
mod saving;
mod store;
pub mod template;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use chrono::{DateTime, FixedOffset, Utc};
use entity::exact::Money;
use entity::ids::{PaymentId, PaymentRegisterId, ProviderId, RefundId};
use entity::{payment, payment_register, refund};

use super::Payments;
use super::event::SaveRegister;
use crate::accounts::Provider;
use crate::kernel::{Failure, Fault, Page, Slice};
use crate::platform::db::Tx;
use file::{Head, Posted, Row, Unreadable};

pub use entity::payment_register::Model as RegisterRow;
pub use store::RegisterHead;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterRefusal {
    /// The provider has no template, or one that does not exist.
    NoTemplate,
    /// An account's number cannot be written by the template.
    Unwritable,
    Unreadable(Unreadable),
}

/// What became of a row that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Posted,
    /// It was posted before.
    Repeated,
    /// No payment of this provider's, or its money has not come.
    Unknown,
    /// Posted with another sum than was paid: nothing is done.
    AmountDiffers,
}

type Result<T> = std::result::Result<T, Failure<RegisterRefusal>>;

impl Payments {
    /// Tells a provider of what it does not know yet; none when there is nothing. Of a payment that is not told yet what was
    /// given back is left out; what is given back of one that was told is a row of its own, below zero. The file and what it
    /// says of payments and refunds are one transaction: each is in one register.
    pub async fn write_register(&self, provider: &Provider) -> Result<Option<RegisterRow>> {
        self.write_register_until(provider, self.clock.now()).await
    }

    async fn write_register_until(&self, provider: &Provider, until: DateTime<Utc>) -> Result<Option<RegisterRow>> {
        let id: PaymentRegisterId = self.entropy.id(&self.clock)?;
        self.db.transaction(|tx| async move { self.write_register_in(&tx, id, provider, until).await }).await
    }

    async fn write_register_in(
        &self,
        tx: &Tx,
        id: PaymentRegisterId,
        provider: &Provider,
        until: DateTime<Utc>,
    ) -> Result<Option<RegisterRow>> {
        // Registers of one provider wait for one another here.
        let terms = store::lock_terms_in(tx, provider.id()).await?;
        let name =
            terms.and_then(|terms| terms.register_template).ok_or(Failure::Refused(RegisterRefusal::NoTemplate))?;
        let template = template::find(&name)?.ok_or(Failure::Refused(RegisterRefusal::NoTemplate))?;
        let told = self.untold_in(tx, provider.id(), until).await?;
        if told.payments.is_empty() && told.returns.is_empty() {
            return Ok(None);
        }
        let (now, number) = (self.clock.now(), store::last_number_in(tx, provider.id()).await? + 1);
        let known = provider.terms_on(self.accounts.today_at(provider));
        let offset = FixedOffset::east_opt(i32::from(known.time_zone_minutes) * 60);
        let offset = offset.ok_or_else(|| Fault::internal("an impossible time zone"))?;
        let rows = told.rows(offset);
        let head = Head {
            provider: provider.row.code.clone(),
            inn: known.inn.clone().unwrap_or_default(),
            bank_account: known.bank_account.clone().unwrap_or_default(),
            number,
            day: now.with_timezone(&offset),
        };
        let written = file::write(&template, &head, &rows).ok_or(Failure::Refused(RegisterRefusal::Unwritable))?;
        let register = payment_register::Model {
            id,
            provider_id: provider.id(),
            number,
            template: name,
            file_name: written.file_name,
            payments: i32::try_from(rows.len()).map_err(Fault::internal)?,
            total: written.total,
            content: written.content,
            created_at: now,
        };
        store::insert_in(tx, register.clone()).await?;
        store::mark_sent_in(tx, &told.payment_ids(), id, now).await?;
        store::mark_refunds_sent_in(tx, &told.refund_ids(), id, now).await?;
        if self.config.payments.registers_folder.is_some() {
            self.outbox.enqueue_in(tx, &SaveRegister { payment_register_id: id }).await?;
        }
        Ok(Some(register))
    }

    async fn untold_in(
        &self,
        tx: &Tx,
        provider: ProviderId,
        until: DateTime<Utc>,
    ) -> std::result::Result<Untold, Fault> {
        // In this order: what is given back meanwhile belongs to a payment that is told now, and to the next register.
        let returns = store::returns_in(tx, provider, until).await?;
        let waiting = store::waiting_in(tx, provider, until).await?;
        let ids: Vec<PaymentId> = waiting.iter().map(|(payment, _)| payment.id).collect();
        let mut left_out: HashMap<PaymentId, Vec<refund::Model>> = HashMap::new();
        for refund in store::given_back_in(tx, &ids).await? {
            left_out.entry(refund.payment_id).or_default().push(refund);
        }
        let payments = waiting.into_iter().map(|(payment, account)| {
            let refunds = left_out.remove(&payment.id).unwrap_or_default();
            let left = payment.amount - refunds.iter().map(|refund| refund.amount).sum::<Money>();
            UntoldPayment { payment, account, refunds, left }
        });
        Ok(Untold { payments: payments.filter(|untold| untold.left > Money::ZERO).collect(), returns })
    }

    /// For every provider that has a template, of money that came or went back until then; how many were written. Done
    /// again for the same moment it writes nothing but what has turned out since.
    pub async fn write_registers(&self, until: DateTime<Utc>) -> std::result::Result<usize, Fault> {
        let ids = store::with_templates(self.db.read()).await?;
        let mut written = 0;
        for provider in self.accounts.find_providers(&ids).await? {
            match self.write_register_until(&provider, until).await {
                Ok(register) => written += usize::from(register.is_some()),
                Err(Failure::Fault(fault)) => return Err(fault),
                Err(Failure::Refused(refusal)) => {
                    tracing::error!(provider = provider.row.code, ?refusal, "no register could be written");
                }
            }
        }
        Ok(written)
    }

    /// Takes a file in the provider's template that says which payments it has posted. Refused as a whole when it is not
    /// whole; else what became of each row.
    pub async fn take_postings(&self, provider: ProviderId, content: &[u8]) -> Result<Vec<(Posted, Outcome)>> {
        let terms = self.terms_of(provider).await?;
        let template = terms.register_template.as_deref().map(template::find).transpose()?.flatten();
        let template = template.ok_or(Failure::Refused(RegisterRefusal::NoTemplate))?;
        let rows =
            file::read(&template, content).map_err(|cause| Failure::Refused(RegisterRefusal::Unreadable(cause)))?;
        let posting = &rows;
        let taken = self
            .db
            .transaction(|tx| async move { Ok::<_, Failure<Infallible>>(self.post_in(&tx, provider, posting).await?) });
        let outcomes = taken.await.map_err(Fault::from)?;
        Ok(rows.into_iter().zip(outcomes).collect())
    }

    /// What a provider says it has posted, in the caller's transaction; what became of each row, in their order.
    pub async fn post_in(
        &self,
        tx: &Tx,
        provider: ProviderId,
        rows: &[Posted],
    ) -> std::result::Result<Vec<Outcome>, Fault> {
        let ids: Vec<PaymentId> = rows.iter().map(|row| row.payment).collect();
        // Registers of the provider wait meanwhile: what is told and what is posted is decided one after the other.
        store::lock_terms_in(tx, provider).await?;
        let payments = store::paid_of_provider_in(tx, provider, &ids).await?;
        let refunds = store::given_back_in(tx, &ids).await?;
        let mut of_payment: HashMap<_, Vec<_>> = HashMap::new();
        for refund in refunds {
            of_payment.entry(refund.payment_id).or_default().push(refund);
        }
        let mut known = Known {
            payments: payments.into_iter().map(|payment| (payment.id, payment)).collect(),
            refunds: of_payment,
            posted: HashSet::new(),
            named: HashSet::new(),
            returned: HashSet::new(),
        };
        let outcomes = rows.iter().map(|row| known.take(row)).collect();
        let now = self.clock.now();
        store::mark_posted_in(tx, &Vec::from_iter(known.posted), now).await?;
        store::mark_told_in(tx, &Vec::from_iter(known.named), now).await?;
        store::mark_refunds_posted_in(tx, &Vec::from_iter(known.returned), now).await?;
        Ok(outcomes)
    }

    /// Newest first.
    pub async fn registers(&self, provider: Option<ProviderId>) -> std::result::Result<Vec<RegisterRow>, Fault> {
        store::list(self.db.read(), provider).await
    }

    /// Of one provider, newest first, without their content.
    pub async fn page_registers(
        &self,
        provider: ProviderId,
        page: Page<i32>,
    ) -> std::result::Result<Slice<RegisterHead>, Fault> {
        let rows = store::page(self.db.read(), provider, &page).await?;
        Ok(Slice::of(&page, rows))
    }

    pub async fn find_register(
        &self,
        provider: ProviderId,
        number: i32,
    ) -> std::result::Result<Option<RegisterRow>, Fault> {
        store::find(self.db.read(), provider, number).await
    }
}

/// What a provider was not told of.
struct Untold {
    payments: Vec<UntoldPayment>,
    /// Given back of payments that it was told of, with the numbers of their accounts.
    returns: Vec<(refund::Model, String)>,
}

struct UntoldPayment {
    payment: payment::Model,
    /// Its number.
    account: String,
    /// What was given back before, so that the provider never hears of it.
    refunds: Vec<refund::Model>,
    /// Without it.
    left: Money,
}

impl Untold {
    fn rows(&self, offset: FixedOffset) -> Vec<Row> {
        let paid = self.payments.iter().map(|untold| Row {
            account: untold.account.clone(),
            amount: untold.left,
            paid_at: untold.payment.paid_at.unwrap_or(untold.payment.created_at).with_timezone(&offset),
            payment: untold.payment.id,
        });
        let returned = self.returns.iter().map(|(refund, account)| Row {
            account: account.clone(),
            amount: -refund.amount,
            paid_at: refund.finished_at.unwrap_or(refund.created_at).with_timezone(&offset),
            payment: refund.payment_id,
        });
        paid.chain(returned).collect()
    }

    fn payment_ids(&self) -> Vec<PaymentId> {
        self.payments.iter().map(|untold| untold.payment.id).collect()
    }

    fn refund_ids(&self) -> Vec<RefundId> {
        let left_out = self.payments.iter().flat_map(|untold| &untold.refunds);
        left_out.chain(self.returns.iter().map(|(refund, _)| refund)).map(|refund| refund.id).collect()
    }
}

/// What rows that came back are held against, and what they post.
struct Known {
    payments: HashMap<PaymentId, payment::Model>,
    refunds: HashMap<PaymentId, Vec<refund::Model>>,
    posted: HashSet<PaymentId>,
    /// The provider knows of them, whoever has told it.
    named: HashSet<PaymentId>,
    returned: HashSet<RefundId>,
}

impl Known {
    fn take(&mut self, row: &Posted) -> Outcome {
        let Some(payment) = self.payments.get(&row.payment) else { return Outcome::Unknown };
        let refunds = self.refunds.get(&payment.id).into_iter().flatten();
        if row.amount.is_negative() {
            // What was left out of the payment's own row is no return; of a payment that stood in no register the API tells.
            let known = payment.sent_at.is_some() || payment.posted_at.is_some() || self.posted.contains(&payment.id);
            let left_out =
                |refund: &&refund::Model| payment.register_id.is_some() && refund.register_id == payment.register_id;
            let told = refunds.filter(|refund| known && !left_out(refund));
            let fitting: Vec<_> = told.filter(|refund| -refund.amount == row.amount).collect();
            let open = |refund: &&&refund::Model| refund.posted_at.is_none() && !self.returned.contains(&refund.id);
            return match fitting.iter().find(open) {
                Some(refund) => {
                    self.returned.insert(refund.id);
                    Outcome::Posted
                }
                None if fitting.is_empty() => Outcome::AmountDiffers,
                None => Outcome::Repeated,
            };
        }
        if payment.posted_at.is_some() || self.posted.contains(&payment.id) {
            // A statement may have shown it before: now the provider has named it.
            self.named.insert(payment.id);
            let given_back: Money = refunds.clone().map(|refund| refund.amount).sum();
            if payment.sent_at.is_none() && row.amount == payment.amount - given_back {
                self.returned.extend(refunds.map(|refund| refund.id));
            }
            return Outcome::Repeated;
        }
        // The row said what was left when it was written; one that was in none is posted with all of it, or with what is left.
        let left_out =
            refunds.clone().filter(|refund| refund.register_id.is_some() && refund.register_id == payment.register_id);
        let told = payment.amount - left_out.map(|refund| refund.amount).sum::<Money>();
        if row.amount != told {
            let given_back: Money = refunds.clone().map(|refund| refund.amount).sum();
            if payment.register_id.is_some() || row.amount != payment.amount - given_back {
                return Outcome::AmountDiffers;
            }
            // What is left was posted: what was given back before is never posted by itself.
            self.returned.extend(refunds.map(|refund| refund.id));
        }
        self.posted.insert(payment.id);
        self.named.insert(payment.id);
        Outcome::Posted
    }
}
