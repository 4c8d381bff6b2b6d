//! From an address to a confirmed cabinet.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::User;
use super::password::password_error;
use crate::graphql::context::Find;
use crate::graphql::enums::Locale;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::scalars::{DateTime, EmailAddress};
use crate::identity::error::{ConfirmationRefusal, RegistrationRefusal, ResendRefusal};
use crate::identity::registration::{Registered, Registration};
use crate::kernel::Failure;

/// A new cabinet.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterInput {
    /// The address that the person will sign in with.
    pub email: EmailAddress,
    /// See `passwordPolicy`.
    pub password: String,
    /// The answer to `captcha`.
    pub captcha: Option<String>,
    /// Ids of `agreements`, each ticked by the person.
    pub accepted_agreements: Vec<ID>,
    /// The language of letters; by default that of the request.
    pub locale: Option<Locale>,
}

/// The same whether or not the address is known.
#[derive(Debug, Default, SimpleObject)]
pub struct RegisterPayload {
    /// Where the letter goes, as it was understood.
    pub email: Option<EmailAddress>,
    /// The link in the letter works until then.
    pub confirmation_expires_at: Option<DateTime>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The link's token.
#[derive(Clone, Debug, InputObject)]
pub struct ConfirmEmailInput {
    /// From the link in the letter.
    pub token: String,
    /// The password that will hold: the one of the registration, or a new one. Ask for it, since whoever registered the
    /// address need not be who reads its mail. Needed when the address was registered more than once.
    pub password: Option<String>,
}

/// What became of the confirmation.
#[derive(Default, SimpleObject)]
pub struct ConfirmEmailPayload {
    /// The person whose address is confirmed now. Nobody is signed in by it: what only they may see is refused with
    /// UNAUTHENTICATED, and the rest of the payload stays.
    pub user: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// What became of the repeated letter.
#[derive(Default, SimpleObject)]
pub struct ResendConfirmationPayload {
    /// The link works until then.
    pub confirmation_expires_at: Option<DateTime>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct RegistrationMutation;

#[Object]
impl RegistrationMutation {
    /// Makes a cabinet and sends a letter with a link that confirms it.
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new cabinet.")] input: RegisterInput,
    ) -> Result<RegisterPayload, TopError> {
        let actor = ctx.actor()?;
        let refused = |error| Ok(RegisterPayload { user_errors: vec![error], ..Default::default() });
        let Ok(email) = input.email.0.parse() else {
            return refused(UserError::basic(ErrorCode::EmailMalformed, path(["email"]), actor.locale));
        };
        let registration = Registration {
            email,
            password: input.password,
            captcha: input.captcha,
            accepted_agreements: input.accepted_agreements.into_iter().map(|id| id.0).collect(),
            locale: input.locale.map(Into::into),
        };
        match ctx.services()?.identity.register(actor, registration).await {
            Ok(Registered { email, confirmation_expires_at }) => Ok(RegisterPayload {
                email: Some(EmailAddress(email.to_string())),
                confirmation_expires_at: Some(DateTime(confirmation_expires_at)),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(refusal)) => refused(registration_error(&refusal, actor.locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Confirms the address by the link's token, once, and ends the sessions that began before.
    async fn confirm_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: ConfirmEmailInput,
    ) -> Result<ConfirmEmailPayload, TopError> {
        let actor = ctx.actor()?;
        let locale = actor.locale;
        let error = match ctx.services()?.identity.confirm_email(actor, &input.token, input.password).await {
            Ok(user) => return Ok(ConfirmEmailPayload { user: Some(User::from(user)), user_errors: Vec::new() }),
            Err(Failure::Fault(fault)) => return Err(fault.into()),
            Err(Failure::Refused(ConfirmationRefusal::BadToken)) => {
                UserError::basic(ErrorCode::TokenInvalid, path(["token"]), locale)
            }
            Err(Failure::Refused(ConfirmationRefusal::PasswordNeeded)) => {
                UserError::basic(ErrorCode::PasswordNeeded, path(["password"]), locale)
            }
            Err(Failure::Refused(ConfirmationRefusal::Password(refusal))) => {
                password_error(&refusal, path(["password"]), locale)
            }
        };
        Ok(ConfirmEmailPayload { user: None, user_errors: vec![error] })
    }

    /// Sends the letter with the link again, for the signed-in, unconfirmed viewer: at most once a minute
    /// and five times a day.
    async fn resend_confirmation(&self, ctx: &Context<'_>) -> Result<ResendConfirmationPayload, TopError> {
        let locale = ctx.actor()?.locale;
        let refused = |error| Ok(ResendConfirmationPayload { user_errors: vec![error], ..Default::default() });
        match ctx.services()?.identity.resend_confirmation(ctx.person()?).await {
            Ok(user) => {
                let confirmation_expires_at = user.confirmation_expires_at.map(DateTime);
                Ok(ResendConfirmationPayload { confirmation_expires_at, user_errors: Vec::new() })
            }
            Err(Failure::Refused(ResendRefusal::AlreadyConfirmed(_))) => {
                refused(UserError::basic(ErrorCode::AlreadyConfirmed, None, locale))
            }
            Err(Failure::Refused(ResendRefusal::TooSoon { seconds })) => {
                refused(UserError::retry_later(ErrorCode::TooSoon, None, seconds, locale))
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn registration_error(refusal: &RegistrationRefusal, locale: entity::enums::Locale) -> UserError {
    match refusal {
        RegistrationRefusal::DomainNotAllowed => {
            UserError::basic(ErrorCode::EmailDomainNotAllowed, path(["email"]), locale)
        }
        RegistrationRefusal::Captcha => UserError::basic(ErrorCode::CaptchaRejected, path(["captcha"]), locale),
        RegistrationRefusal::AgreementsNotAccepted => {
            UserError::basic(ErrorCode::AgreementsNotAccepted, path(["acceptedAgreements"]), locale)
        }
        RegistrationRefusal::Password(refusal) => password_error(refusal, path(["password"]), locale),
    }
}
