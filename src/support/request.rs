//! Asking, and going on asking.

use entity::enums::{AuditEventKind, SupportState, SupportTopic};
use entity::ids::{MeterId, PaymentId, PersonalAccountId, StatementId, SupportRequestId, UserId};
use entity::{support_message, support_request};
use serde::Serialize;

use super::error::SupportRefusal;
use super::event::SendSupportMessage;
use super::{Support, store};
use crate::accounts::AccountAccess;
use crate::accounts::error::AccessRefusal;
use crate::identity::audit::{Act, Origin};
use crate::kernel::{Failure, Fault, Page, Person, Slice};
use crate::platform::db::Tx;
use crate::platform::idempotency::{self, Keyed};

/// Of one person.
pub const MESSAGES_AN_HOUR: u32 = 20;
/// Messages of one thread, answers included; then a new question is asked.
pub const LONGEST_THREAD: u64 = 50;
/// Characters of a message.
pub const LONGEST_TEXT: usize = 5_000;

type Result<T> = std::result::Result<T, Failure<SupportRefusal>>;

fn refuse<T>(refusal: SupportRefusal) -> Result<T> {
    Err(Failure::Refused(refusal))
}

fn keyed(person: &Person, operation: &'static str, key: Option<&str>, input: &impl Serialize) -> Result<Option<Keyed>> {
    match key {
        Some(key) if key.is_empty() || key.len() > idempotency::LONGEST_KEY => refuse(SupportRefusal::KeyMalformed),
        Some(key) => Ok(Some(Keyed::new(person.user_id, operation, key, input)?)),
        None => Ok(None),
    }
}

async fn record_in(tx: &Tx, keyed: Option<&Keyed>, id: SupportRequestId) -> std::result::Result<(), Fault> {
    match keyed {
        Some(keyed) => idempotency::record_in(tx, keyed, &id).await,
        None => Ok(()),
    }
}

/// A question, and what it is about.
#[derive(Clone, Debug, Serialize)]
pub struct NewRequest {
    pub topic: SupportTopic,
    pub text: String,
    pub personal_account_id: Option<PersonalAccountId>,
    pub meter_id: Option<MeterId>,
    pub statement_id: Option<StatementId>,
    pub payment_id: Option<PaymentId>,
}

impl Support {
    /// Stores the question and lets it be mailed. The flag: the key was used before.
    pub async fn send(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        wanted: NewRequest,
        key: Option<&str>,
    ) -> Result<(support_request::Model, bool)> {
        if !person.confirmed {
            return refuse(SupportRefusal::NotConfirmed);
        }
        let keyed = &keyed(person, "sendSupportRequest", key, &wanted)?;
        if let Some(first) = self.repeated(keyed.as_ref()).await? {
            return Ok((first, true));
        }
        let text = checked(&wanted.text)?;
        let account = self.subject(person, &wanted).await?;
        self.limited(person).await?;
        let now = self.clock.now();
        let request = support_request::Model {
            id: self.entropy.id(&self.clock)?,
            user_id: person.user_id,
            topic: wanted.topic,
            state: SupportState::Open,
            personal_account_id: account,
            meter_id: wanted.meter_id,
            statement_id: wanted.statement_id,
            payment_id: wanted.payment_id,
            opened_at: now,
            moved_at: now,
        };
        let (request, text, origin) = (&request, &text, &origin.into());
        let sent = self.db.transaction(|tx| async move {
            if let Some(first) = self.first_in(&tx, keyed.as_ref()).await? {
                return Ok((first, true));
            }
            store::insert_request_in(&tx, request.clone()).await?;
            self.append_in(&tx, request.id, text).await?;
            let act = Act::new(AuditEventKind::SupportRequested).about(request.id);
            self.audit.append_in(&tx, person.user_id, origin.clone(), act).await?;
            record_in(&tx, keyed.as_ref(), request.id).await?;
            Ok((request.clone(), false))
        });
        sent.await
    }

    /// Adds a message of the person to the thread: it is the support service's turn again. The flag: the key was used
    /// before.
    pub async fn add_message(
        &self,
        person: &Person,
        id: SupportRequestId,
        text: &str,
        key: Option<&str>,
    ) -> Result<(support_request::Model, bool)> {
        if !person.confirmed {
            return refuse(SupportRefusal::NotConfirmed);
        }
        let text = &checked(text)?;
        if self.find_request(person, id).await?.is_none() {
            return refuse(SupportRefusal::RequestNotFound);
        }
        let keyed = &keyed(person, "addSupportMessage", key, &(id, text))?;
        if let Some(first) = self.repeated(keyed.as_ref()).await? {
            return Ok((first, true));
        }
        self.limited(person).await?;
        let now = self.clock.now();
        let added = self.db.transaction(|tx| async move {
            let request = store::lock_request_in(&tx, id).await?;
            let Some(request) = request else { return refuse(SupportRefusal::RequestNotFound) };
            if let Some(first) = self.first_in(&tx, keyed.as_ref()).await? {
                return Ok((first, true));
            }
            if store::count_messages_in(&tx, id).await? >= LONGEST_THREAD {
                return refuse(SupportRefusal::ThreadFull);
            }
            self.append_in(&tx, id, text).await?;
            store::move_request_in(&tx, id, SupportState::Open, now).await?;
            record_in(&tx, keyed.as_ref(), id).await?;
            Ok((support_request::Model { state: SupportState::Open, moved_at: now, ..request }, false))
        });
        added.await
    }

    /// The request of the first call with the key.
    async fn repeated(&self, keyed: Option<&Keyed>) -> Result<Option<support_request::Model>> {
        let Some(keyed) = keyed else { return Ok(None) };
        let first: Option<SupportRequestId> = idempotency::find_outcome(self.db.read(), keyed)
            .await
            .map_err(|failure| failure.map(SupportRefusal::Key))?;
        match first {
            Some(id) => Ok(store::find_request(self.db.read(), id).await?),
            None => Ok(None),
        }
    }

    /// The same where the key is claimed.
    async fn first_in(&self, tx: &Tx, keyed: Option<&Keyed>) -> Result<Option<support_request::Model>> {
        let Some(keyed) = keyed else { return Ok(None) };
        let first: Option<SupportRequestId> = idempotency::first_outcome_in(tx, keyed, self.clock.now())
            .await
            .map_err(|failure| failure.map(SupportRefusal::Key))?;
        match first {
            Some(id) => Ok(store::find_request(&**tx, id).await?),
            None => Ok(None),
        }
    }

    async fn append_in(&self, tx: &Tx, id: SupportRequestId, text: &str) -> std::result::Result<(), Fault> {
        let position = self.append_message_in(tx, id, text, false).await?;
        self.outbox.enqueue_in(tx, &SendSupportMessage { support_request_id: id, position }).await
    }

    /// Which place it has in the thread. The request is locked, or new.
    pub(super) async fn append_message_in(
        &self,
        tx: &Tx,
        id: SupportRequestId,
        text: &str,
        by_support: bool,
    ) -> std::result::Result<i32, Fault> {
        let position = i32::try_from(store::count_messages_in(tx, id).await? + 1).map_err(Fault::internal)?;
        let message = support_message::Model {
            support_request_id: id,
            position,
            by_support,
            text: text.to_owned(),
            sent_at: self.clock.now(),
        };
        store::insert_message_in(tx, message).await?;
        Ok(position)
    }

    /// The account that a request is about: named, or that of the meter, statement or payment.
    async fn subject(&self, person: &Person, wanted: &NewRequest) -> Result<Option<PersonalAccountId>> {
        let mut account = wanted.personal_account_id;
        if let Some(id) = account {
            self.access(person, id).await?.ok_or(Failure::Refused(SupportRefusal::AccountNotFound))?;
        }
        if let Some(id) = wanted.meter_id {
            let meters = self.subjects.metering.find_meters(&[id]).await?;
            let of = meters.first().map(|meter| meter.personal_account_id);
            let access = self.of_account(person, of, account).await?;
            account = Some(access.ok_or(Failure::Refused(SupportRefusal::MeterNotFound))?.id());
        }
        if let Some(id) = wanted.statement_id {
            let statements = self.subjects.billing.find_statements_by_id(&[id]).await?;
            let of = statements.first().map(|statement| statement.personal_account_id);
            let access = self.of_account(person, of, account).await?.filter(AccountAccess::is_full);
            account = Some(access.ok_or(Failure::Refused(SupportRefusal::StatementNotFound))?.id());
        }
        if let Some(id) = wanted.payment_id {
            // Whose payment it is decides, also when the account is detached.
            let payment = self.subjects.payments.find_payment(person, id).await?;
            let payment = payment.ok_or(Failure::Refused(SupportRefusal::PaymentNotFound))?;
            if account.is_some_and(|account| account != payment.personal_account_id) {
                return refuse(SupportRefusal::PaymentNotFound);
            }
            account = Some(payment.personal_account_id);
        }
        Ok(account)
    }

    /// Access to the account of a thing, when it is the account that is spoken of.
    async fn of_account(
        &self,
        person: &Person,
        account: Option<PersonalAccountId>,
        spoken_of: Option<PersonalAccountId>,
    ) -> std::result::Result<Option<AccountAccess>, Fault> {
        let Some(account) = account.filter(|account| spoken_of.is_none_or(|spoken_of| spoken_of == *account)) else {
            return Ok(None);
        };
        self.access(person, account).await
    }

    async fn access(
        &self,
        person: &Person,
        id: PersonalAccountId,
    ) -> std::result::Result<Option<AccountAccess>, Fault> {
        match self.subjects.accounts.access(person, id).await {
            Ok(access) => Ok(Some(access)),
            Err(Failure::Refused(AccessRefusal::NotConfirmed | AccessRefusal::NotFound)) => Ok(None),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn limited(&self, person: &Person) -> Result<()> {
        if self.messages.take(&person.user_id.0.to_string()).await? { Ok(()) } else { refuse(SupportRefusal::TooMany) }
    }

    /// One's own; a stranger's does not exist.
    pub async fn find_request(
        &self,
        person: &Person,
        id: SupportRequestId,
    ) -> std::result::Result<Option<support_request::Model>, Fault> {
        let found = store::find_request(self.db.read(), id).await?;
        Ok(found.filter(|request| person.confirmed && request.user_id == person.user_id))
    }

    /// Newest first; none while the address is unconfirmed.
    pub async fn list_requests(
        &self,
        person: &Person,
        page: Page<SupportRequestId>,
    ) -> std::result::Result<Slice<support_request::Model>, Fault> {
        if !person.confirmed {
            return Ok(Slice { items: Vec::new(), has_previous: false, has_next: false });
        }
        let rows = store::page_requests(self.db.read(), person.user_id, &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// Of requests that were shown to whoever asks, oldest first.
    pub async fn list_messages(
        &self,
        requests: &[SupportRequestId],
    ) -> std::result::Result<Vec<support_message::Model>, Fault> {
        store::list_messages(self.db.read(), requests).await
    }

    /// With their threads, of a person who is erased; how many there were.
    pub async fn delete_of_in(&self, tx: &Tx, user: UserId) -> std::result::Result<u64, Fault> {
        store::delete_requests_in(tx, user).await
    }
}

fn checked(text: &str) -> Result<String> {
    let text = text.trim();
    let plain = !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r');
    if text.is_empty() || text.chars().count() > LONGEST_TEXT || !plain {
        return refuse(SupportRefusal::TextMalformed);
    }
    Ok(text.to_owned())
}
