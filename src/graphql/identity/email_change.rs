//! Another address, confirmed from both mailboxes.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::email_change;

use super::User;
use super::step_up::{StepUpInput, step_up_error};
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::scalars::{DateTime, EmailAddress};
use crate::identity::email_change::Confirmed;
use crate::identity::error::{ChangeLinkRefusal, EmailChangeRefusal};
use crate::kernel::Failure;

/// A change of the person's address that waits for its mailboxes.
#[derive(Clone, Debug, SimpleObject)]
pub struct EmailChange {
    /// The address that it will be. Nothing tells whether somebody has it.
    pub new_email: EmailAddress,
    /// Both mailboxes must have confirmed before.
    pub expires_at: DateTime,
    /// Whether the link in the letter to the old address was used.
    pub confirmed_by_old: bool,
    /// Whether the link in the letter to the new address was used.
    pub confirmed_by_new: bool,
}

impl From<email_change::Model> for EmailChange {
    fn from(change: email_change::Model) -> Self {
        Self {
            new_email: EmailAddress(change.new_email),
            expires_at: DateTime(change.expires_at),
            confirmed_by_old: change.confirmed_by_old_at.is_some(),
            confirmed_by_new: change.confirmed_by_new_at.is_some(),
        }
    }
}

/// The new address, and the proof that it is the person who asks.
#[derive(Clone, InputObject)]
pub struct RequestEmailChangeInput {
    /// The address that the person will sign in with.
    pub new_email: EmailAddress,
    /// Asked again, since whoever has the mailbox has the cabinet.
    pub step_up: StepUpInput,
}

/// The same whether or not somebody has the new address.
#[derive(Debug, Default, SimpleObject)]
pub struct RequestEmailChangePayload {
    /// What waits for both mailboxes now.
    pub email_change: Option<EmailChange>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The link's token.
#[derive(Clone, Debug, InputObject)]
pub struct ConfirmEmailChangeInput {
    /// From the link in one of the two letters.
    pub token: String,
}

/// What became of the confirmation.
#[derive(Default, SimpleObject)]
pub struct ConfirmEmailChangePayload {
    /// What still waits for the other mailbox; null when both have confirmed.
    pub email_change: Option<EmailChange>,
    /// The person with the new address, when both mailboxes have confirmed. Nobody is signed in by it.
    pub user: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The link's token.
#[derive(Clone, Debug, InputObject)]
pub struct CancelEmailChangeInput {
    /// From the link "it was not me" in the letter to the old address.
    pub token: String,
}

/// What became of the cancellation.
#[derive(Debug, Default, SimpleObject)]
pub struct CancelEmailChangePayload {
    /// Why nothing was done; empty when the change was cancelled.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct EmailChangeMutation;

#[Object]
impl EmailChangeMutation {
    /// Mails a link to the viewer's address and one to the new address. The address is changed when both were used, within
    /// 24 hours. At most five times a day; a request before that is pending ends. Nothing tells whether somebody has the
    /// new address.
    async fn request_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new address, and the proof.")] input: RequestEmailChangeInput,
    ) -> Result<RequestEmailChangePayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        let refused = |error| Ok(RequestEmailChangePayload { email_change: None, user_errors: vec![error] });
        let Ok(new_email) = input.new_email.0.parse() else {
            return refused(UserError::basic(ErrorCode::EmailMalformed, path(["newEmail"]), actor.locale));
        };
        let proof = input.step_up.into();
        match ctx.services()?.identity.request_email_change(actor, person, &new_email, &proof).await {
            Ok(change) => Ok(RequestEmailChangePayload { email_change: Some(change.into()), user_errors: Vec::new() }),
            Err(Failure::Refused(refusal)) => refused(request_error(&refusal, actor.locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Confirms the change from one mailbox by its link's token, once. With the second the address is another, every
    /// session but the one that asks has ended, and letters tell both mailboxes.
    async fn confirm_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: ConfirmEmailChangeInput,
    ) -> Result<ConfirmEmailChangePayload, TopError> {
        let actor = ctx.actor()?;
        let identity = &ctx.services()?.identity;
        let mut payload = ConfirmEmailChangePayload::default();
        match identity.confirm_email_change(actor, actor.person.as_ref(), &input.token).await {
            Ok(Confirmed::Half(change)) => payload.email_change = Some(change.into()),
            Ok(Confirmed::Whole(user)) => payload.user = Some(User::from(user)),
            Err(Failure::Refused(refusal)) => payload.user_errors.push(link_error(refusal, actor.locale)),
            Err(Failure::Fault(fault)) => return Err(fault.into()),
        }
        Ok(payload)
    }

    /// Cancels the change by the token of the link "it was not me". Advise the person to set a new password then.
    async fn cancel_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: CancelEmailChangeInput,
    ) -> Result<CancelEmailChangePayload, TopError> {
        let locale = ctx.actor()?.locale;
        match ctx.services()?.identity.cancel_email_change(&input.token).await {
            Ok(()) => Ok(CancelEmailChangePayload::default()),
            Err(Failure::Refused(refusal)) => {
                Ok(CancelEmailChangePayload { user_errors: vec![link_error(refusal, locale)] })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn request_error(refusal: &EmailChangeRefusal, locale: entity::enums::Locale) -> UserError {
    let (code, field) = match refusal {
        EmailChangeRefusal::NotConfirmed => (ErrorCode::EmailNotConfirmed, None),
        EmailChangeRefusal::DomainNotAllowed => (ErrorCode::EmailDomainNotAllowed, path(["newEmail"])),
        EmailChangeRefusal::Unchanged => (ErrorCode::EmailUnchanged, path(["newEmail"])),
        EmailChangeRefusal::Proof(refusal) => return step_up_error(refusal, locale),
        EmailChangeRefusal::TooManyTries { seconds } => {
            return UserError::retry_later(ErrorCode::TooManyTries, None, *seconds, locale);
        }
    };
    UserError::basic(code, field, locale)
}

fn link_error(refusal: ChangeLinkRefusal, locale: entity::enums::Locale) -> UserError {
    let code = match refusal {
        ChangeLinkRefusal::BadToken => ErrorCode::TokenInvalid,
        ChangeLinkRefusal::Taken => ErrorCode::EmailTaken,
    };
    UserError::basic(code, path(["token"]), locale)
}

/// The viewer's own; another person's is nobody's business.
pub async fn pending(ctx: &Context<'_>, user: &User) -> Result<Option<EmailChange>, TopError> {
    if ctx.person()?.user_id != user.id {
        return Ok(None);
    }
    Ok(ctx.services()?.identity.pending_email_change(user.row()?).await?.map(Into::into))
}
