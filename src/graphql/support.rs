//! Questions to the support service.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::enums::Locale;
use entity::{support_message, support_request};

use super::accounts::PersonalAccount;
use super::context::Find;
use super::enums::{SupportState, SupportTopic};
use super::error::{ErrorCode, TopError, UserError, path};
use super::ids;
use super::scalars::DateTime;
use crate::kernel::Failure;
use crate::platform::idempotency::KeyRefusal;
use crate::support::error::SupportRefusal;
use crate::support::request::NewRequest;

/// A question to the support service.
#[derive(Clone, Debug)]
pub struct SupportRequest(pub support_request::Model);

/// A question to the support service, and what came of it.
#[Object]
impl SupportRequest {
    /// TypeID with the prefix `request`.
    pub async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// What it is about.
    async fn topic(&self) -> SupportTopic {
        self.0.topic.into()
    }

    /// Whose turn it is.
    async fn state(&self) -> SupportState {
        self.0.state.into()
    }

    /// When it was asked.
    async fn opened_at(&self) -> DateTime {
        DateTime(self.0.opened_at)
    }

    /// When the newest message was written.
    async fn moved_at(&self) -> DateTime {
        DateTime(self.0.moved_at)
    }

    /// The account that it is about; null where it is about none, or the viewer has it no more.
    async fn personal_account(&self, ctx: &Context<'_>) -> Result<Option<PersonalAccount>, TopError> {
        let Some(id) = self.0.personal_account_id else { return Ok(None) };
        Ok(ctx.loaders()?.access.load(id).await?.map(PersonalAccount))
    }

    /// The thread, oldest first.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn messages(&self, ctx: &Context<'_>) -> Result<Vec<SupportMessage>, TopError> {
        let messages = ctx.loaders()?.support_messages.load(self.0.id).await?.unwrap_or_default();
        Ok(messages.into_iter().map(Into::into).collect())
    }
}

/// One message of a thread.
#[derive(Clone, Debug, SimpleObject)]
pub struct SupportMessage {
    /// 1, 2, 3 …
    pub position: i32,
    /// Whether it is an answer.
    pub by_support: bool,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub sent_at: DateTime,
}

impl From<support_message::Model> for SupportMessage {
    fn from(message: support_message::Model) -> Self {
        let support_message::Model { position, by_support, text, sent_at, .. } = message;
        Self { position, by_support, text, sent_at: DateTime(sent_at) }
    }
}

/// A question, and what it is about. Give ids of what the viewer sees before them: the answer comes sooner.
#[derive(Clone, Debug, InputObject)]
pub struct SendSupportRequestInput {
    /// What it is about.
    pub topic: SupportTopic,
    /// 1 to 5000 characters.
    pub text: String,
    /// Id of an attached account.
    pub personal_account_id: Option<ID>,
    /// Id of a meter.
    pub meter_id: Option<ID>,
    /// Id of a statement.
    pub statement_id: Option<ID>,
    /// Id of a payment that the viewer made.
    pub payment_id: Option<ID>,
    /// The same key with the same question gives the first answer again: make one before the first try and keep it.
    pub idempotency_key: Option<String>,
}

/// What became of it.
#[derive(Default, SimpleObject)]
pub struct SendSupportRequestPayload {
    /// The question, stored; the answer comes by letter and into its thread.
    pub support_request: Option<SupportRequest>,
    /// Whether the key was used before with the same question: this is that one, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// A further message.
#[derive(Clone, Debug, InputObject)]
pub struct AddSupportMessageInput {
    /// Id of one of `viewer.supportRequests`.
    pub support_request_id: ID,
    /// 1 to 5000 characters.
    pub text: String,
    /// The same key with the same message gives the first answer again: make one before the first try and keep it.
    pub idempotency_key: Option<String>,
}

/// What became of it.
#[derive(Default, SimpleObject)]
pub struct AddSupportMessagePayload {
    /// The question, open again.
    pub support_request: Option<SupportRequest>,
    /// Whether the key was used before with the same message, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct SupportMutation;

#[Object]
impl SupportMutation {
    /// Asks the support service: of the provider whose account it is about, or else of the cabinet.
    async fn send_support_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The question.")] input: SendSupportRequestInput,
    ) -> Result<SendSupportRequestPayload, TopError> {
        let (actor, person, support) = (ctx.actor()?, ctx.person()?, &ctx.services()?.support);
        let refused = |refusal| {
            let user_errors = vec![support_error(refusal, actor.locale)];
            Ok(SendSupportRequestPayload { user_errors, ..Default::default() })
        };
        let (wanted, key) = match request(input) {
            Ok(read) => read,
            Err(refusal) => return refused(refusal),
        };
        match support.send(person, actor, wanted, key.as_deref()).await {
            Ok((request, replayed)) => {
                let support_request = Some(SupportRequest(request));
                Ok(SendSupportRequestPayload { support_request, replayed, user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => refused(refusal),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Adds a message to a thread; a closed one is open again.
    async fn add_support_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message.")] input: AddSupportMessageInput,
    ) -> Result<AddSupportMessagePayload, TopError> {
        let (locale, person) = (ctx.actor()?.locale, ctx.person()?);
        let refused = |refusal| {
            let user_errors = vec![support_error(refusal, locale)];
            Ok(AddSupportMessagePayload { user_errors, ..Default::default() })
        };
        if !person.confirmed {
            return refused(SupportRefusal::NotConfirmed);
        }
        let Some(id) = ids::decode(&input.support_request_id) else { return refused(SupportRefusal::RequestNotFound) };
        let key = input.idempotency_key.as_deref();
        match ctx.services()?.support.add_message(person, id, &input.text, key).await {
            Ok((request, replayed)) => {
                let support_request = Some(SupportRequest(request));
                Ok(AddSupportMessagePayload { support_request, replayed, user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => refused(refusal),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

/// With its key.
fn request(input: SendSupportRequestInput) -> Result<(NewRequest, Option<String>), SupportRefusal> {
    let SendSupportRequestInput { topic, text, personal_account_id, meter_id, statement_id, payment_id, .. } = input;
    let wanted = NewRequest {
        topic: topic.into(),
        text,
        personal_account_id: named(personal_account_id, SupportRefusal::AccountNotFound)?,
        meter_id: named(meter_id, SupportRefusal::MeterNotFound)?,
        statement_id: named(statement_id, SupportRefusal::StatementNotFound)?,
        payment_id: named(payment_id, SupportRefusal::PaymentNotFound)?,
    };
    Ok((wanted, input.idempotency_key))
}

fn named<T: entity::ids::TypedId>(id: Option<ID>, refusal: SupportRefusal) -> Result<Option<T>, SupportRefusal> {
    id.map(|id| ids::decode(&id).ok_or(refusal)).transpose()
}

fn support_error(refusal: SupportRefusal, locale: Locale) -> UserError {
    let (code, field) = match refusal {
        SupportRefusal::NotConfirmed => (ErrorCode::EmailNotConfirmed, None),
        SupportRefusal::TextMalformed => (ErrorCode::TextMalformed, path(["text"])),
        SupportRefusal::AccountNotFound => (ErrorCode::AccountNotFound, path(["personalAccountId"])),
        SupportRefusal::MeterNotFound => (ErrorCode::MeterNotFound, path(["meterId"])),
        SupportRefusal::StatementNotFound => (ErrorCode::StatementNotFound, path(["statementId"])),
        SupportRefusal::PaymentNotFound => (ErrorCode::PaymentNotFound, path(["paymentId"])),
        SupportRefusal::RequestNotFound => (ErrorCode::SupportRequestNotFound, path(["supportRequestId"])),
        SupportRefusal::KeyMalformed => (ErrorCode::IdempotencyKeyMalformed, path(["idempotencyKey"])),
        SupportRefusal::Key(KeyRefusal::Reused) => (ErrorCode::IdempotencyKeyReused, path(["idempotencyKey"])),
        SupportRefusal::Key(KeyRefusal::Running) => (ErrorCode::IdempotencyKeyRunning, path(["idempotencyKey"])),
        SupportRefusal::ThreadFull => (ErrorCode::SupportThreadFull, path(["supportRequestId"])),
        SupportRefusal::TooMany => return UserError::retry_later(ErrorCode::TooManyTries, None, 3600, locale),
    };
    UserError::basic(code, field, locale)
}
