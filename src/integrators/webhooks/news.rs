//! From what was committed to messages for each address that wants to know.

use std::collections::HashMap;
use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::{WebhookEvent, WebhookMessageState};
use entity::ids::{OutboxJobId, PersonalAccountId, ProviderId};
use entity::{personal_account, webhook_endpoint, webhook_message};
use serde_json::{Value, json};

use super::event::body;
use super::{Webhooks, store};
use crate::billing::event::BalanceChanged;
use crate::kernel::{Failure, Fault, type_id};
use crate::metering::event::ReadingsMoved;

/// One thing that has changed.
struct News {
    event: WebhookEvent,
    provider: ProviderId,
    data: Value,
}

impl Webhooks {
    /// Of one change of a balance, and of the payment that made it.
    pub async fn tell_of_balance(&self, job: OutboxJobId, changed: &BalanceChanged) -> Result<(), Fault> {
        let endpoints = store::list_listening(self.db.read(), &[changed.personal_account_id]).await?;
        if endpoints.is_empty() {
            return Ok(());
        }
        let accounts = store::find_accounts(self.db.read(), &[changed.personal_account_id]).await?;
        let Some(account) = accounts.into_iter().next() else { return Ok(()) };
        let (id, provider) = (type_id::encode(account.id), account.provider_id);
        let data = json!({ "accountId": id, "version": account.version });
        let mut news = vec![News { event: WebhookEvent::BalanceChanged, provider, data }];
        if let Some((payment, status)) = changed.payment {
            let data = json!({ "paymentId": type_id::encode(payment), "accountId": id, "status": status.word() });
            news.push(News { event: WebhookEvent::PaymentStatusChanged, provider, data });
        }
        self.keep(job, &endpoints, &news).await
    }

    /// Of readings that have come, or come further.
    pub async fn tell_of_readings(&self, job: OutboxJobId, moved: &ReadingsMoved) -> Result<(), Fault> {
        if !store::is_anybody_there(self.db.read()).await? {
            return Ok(());
        }
        let ids: Vec<_> = moved.readings.iter().map(|(id, _)| *id).collect();
        let of_accounts: HashMap<_, _> =
            store::find_accounts_of_readings(self.db.read(), &ids).await?.into_iter().collect();
        let ids: Vec<PersonalAccountId> = of_accounts.values().copied().collect();
        let endpoints = store::list_listening(self.db.read(), &ids).await?;
        if endpoints.is_empty() {
            return Ok(());
        }
        let accounts: HashMap<_, personal_account::Model> = store::find_accounts(self.db.read(), &ids)
            .await?
            .into_iter()
            .map(|account| (account.id, account))
            .collect();
        let news = moved.readings.iter().filter_map(|(id, status)| {
            let account = accounts.get(of_accounts.get(id)?)?;
            let (reading, of) = (type_id::encode(*id), type_id::encode(account.id));
            let data = json!({ "readingId": reading, "accountId": of, "status": status.word() });
            Some(News { event: WebhookEvent::ReadingStatusChanged, provider: account.provider_id, data })
        });
        self.keep(job, &endpoints, &news.collect::<Vec<_>>()).await
    }

    /// A message for each address and each news that it wants. A job that is carried out twice makes them once.
    async fn keep(&self, job: OutboxJobId, endpoints: &[webhook_endpoint::Model], news: &[News]) -> Result<(), Fault> {
        let at = begun_at(job).unwrap_or_else(|| self.clock.now());
        let mut messages = Vec::new();
        for (index, one) in news.iter().enumerate() {
            let payload = body(one.event, at, &one.data);
            let wants = |endpoint: &&webhook_endpoint::Model| {
                endpoint.provider_id == one.provider && WebhookEvent::list(&endpoint.events).contains(&one.event)
            };
            for endpoint in endpoints.iter().filter(wants) {
                let source = format!("{}/{index}", job.0);
                messages.push(self.message(endpoint, one.event, source, payload.clone())?);
            }
        }
        if messages.is_empty() {
            return Ok(());
        }
        let messages = &messages;
        let kept = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(store::insert_messages_in(&tx, messages).await?)
        });
        kept.await?;
        self.news.notify_one();
        Ok(())
    }

    pub(super) fn message(
        &self,
        endpoint: &webhook_endpoint::Model,
        event: WebhookEvent,
        source: String,
        payload: String,
    ) -> Result<webhook_message::Model, Fault> {
        let now = self.clock.now();
        Ok(webhook_message::Model {
            id: self.entropy.id(&self.clock)?,
            webhook_endpoint_id: endpoint.id,
            source,
            event,
            payload,
            state: WebhookMessageState::Pending,
            attempts: 0,
            created_at: now,
            due_at: now,
            leased_until: None,
            ended_at: None,
        })
    }
}

/// The moment of the transaction that left the job: it is in the job's id (UUIDv7), so that a repetition tells the same.
fn begun_at(job: OutboxJobId) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = job.0.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Clock, Entropy};

    #[test]
    fn a_jobs_moment_is_in_its_id() {
        let clock = Clock::fixed("2026-06-20T09:00:00.125Z".parse().unwrap());
        assert_eq!(begun_at(Entropy::seeded(1).id(&clock).unwrap()), Some(clock.now()));
    }
}
