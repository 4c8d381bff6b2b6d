//! Registers: a provider is told of the payments that came for it, by its template, and tells which of them it has posted.

pub mod file;
mod store;
pub mod template;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use chrono::FixedOffset;
use entity::exact::Money;
use entity::ids::{PaymentId, PaymentRegisterId, ProviderId};
use entity::payment_register;

use super::Payments;
use crate::accounts::Provider;
use crate::kernel::{Failure, Fault};
use crate::platform::db::Tx;
use file::{Head, Posted, Row, Unreadable};

pub use entity::payment_register::Model as RegisterRow;

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
    /// Tells a provider of the payments that it does not know yet; none when there are none. What was given back before is
    /// left out. The file and what it says of the payments are one transaction: a payment is in one register.
    pub async fn write_register(&self, provider: &Provider) -> Result<Option<RegisterRow>> {
        let id: PaymentRegisterId = self.entropy.id(&self.clock)?;
        self.db.transaction(|tx| async move { self.write_register_in(&tx, id, provider).await }).await
    }

    async fn write_register_in(
        &self,
        tx: &Tx,
        id: PaymentRegisterId,
        provider: &Provider,
    ) -> Result<Option<RegisterRow>> {
        // Registers of one provider wait for one another here.
        let terms = store::lock_terms_in(tx, provider.id()).await?;
        let name =
            terms.and_then(|terms| terms.register_template).ok_or(Failure::Refused(RegisterRefusal::NoTemplate))?;
        let template = template::find(&name)?.ok_or(Failure::Refused(RegisterRefusal::NoTemplate))?;
        let waiting = store::waiting_in(tx, provider.id()).await?;
        if waiting.is_empty() {
            return Ok(None);
        }
        let (now, number) = (self.clock.now(), store::last_number_in(tx, provider.id()).await? + 1);
        let known = provider.terms_on(self.accounts.today_at(provider));
        let offset = FixedOffset::east_opt(i32::from(known.time_zone_minutes) * 60);
        let offset = offset.ok_or_else(|| Fault::internal("an impossible time zone"))?;
        let rows: Vec<Row> = waiting
            .iter()
            .map(|(payment, account)| Row {
                account: account.clone(),
                amount: payment.amount - payment.refunded,
                paid_at: payment.paid_at.unwrap_or(payment.created_at).with_timezone(&offset),
                payment: payment.id,
            })
            .collect();
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
        let ids: Vec<PaymentId> = rows.iter().map(|row| row.payment).collect();
        store::mark_sent_in(tx, &ids, id, now).await?;
        Ok(Some(register))
    }

    /// For every provider that has a template; how many were written.
    pub async fn write_registers(&self) -> std::result::Result<usize, Fault> {
        let ids = store::with_templates(self.db.read()).await?;
        let mut written = 0;
        for provider in self.accounts.find_providers(&ids).await? {
            match self.write_register(&provider).await {
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
        let known = store::paid_of_provider_in(tx, provider, &ids).await?;
        let known: HashMap<_, _> = known.into_iter().map(|payment| (payment.id, payment)).collect();
        let (mut outcomes, mut posted) = (Vec::with_capacity(rows.len()), HashSet::new());
        for row in rows {
            let outcome = match known.get(&row.payment) {
                None => Outcome::Unknown,
                Some(payment) if payment.posted_at.is_some() || posted.contains(&payment.id) => Outcome::Repeated,
                Some(payment) if !told(payment.amount, payment.refunded).contains(&row.amount) => {
                    Outcome::AmountDiffers
                }
                Some(payment) => {
                    posted.insert(payment.id);
                    Outcome::Posted
                }
            };
            outcomes.push(outcome);
        }
        let posted: Vec<_> = posted.into_iter().collect();
        store::mark_posted_in(tx, &posted, self.clock.now()).await?;
        Ok(outcomes)
    }

    /// Newest first.
    pub async fn registers(&self, provider: Option<ProviderId>) -> std::result::Result<Vec<RegisterRow>, Fault> {
        store::list(self.db.read(), provider).await
    }

    pub async fn find_register(
        &self,
        provider: ProviderId,
        number: i32,
    ) -> std::result::Result<Option<RegisterRow>, Fault> {
        store::find(self.db.read(), provider, number).await
    }
}

/// A register says what was left when it was written: all, or all but what had been given back.
fn told(amount: Money, refunded: Money) -> [Money; 2] {
    [amount, amount - refunded]
}
