//! Passwords: changed by who knows the old one, reset by who opens the mailbox.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::enums::Locale;

use super::User;
use super::step_up::proof_error;
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::scalars::EmailAddress;
use crate::identity::error::{ChangeRefusal, ResetRefusal};
use crate::identity::password::PasswordRefusal;
use crate::kernel::Failure;

/// Whose password is forgotten.
#[derive(Clone, Debug, InputObject)]
pub struct RequestPasswordResetInput {
    /// The login.
    pub email: EmailAddress,
    /// The answer to `captcha(action: RESET_PASSWORD)`.
    pub captcha: Option<String>,
}

/// The same whether or not the address is known.
#[derive(Debug, Default, SimpleObject)]
pub struct RequestPasswordResetPayload {
    /// Where the letter goes, as it was understood.
    pub email: Option<EmailAddress>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The link's token and the password that will hold.
#[derive(Clone, InputObject)]
pub struct ResetPasswordInput {
    /// From the link in the letter.
    pub token: String,
    /// See `passwordPolicy`.
    pub password: String,
}

/// What became of the reset.
#[derive(Default, SimpleObject)]
pub struct ResetPasswordPayload {
    /// Whose password it is. Nobody is signed in by it, since a second factor may be asked for: what only they may see is
    /// refused with UNAUTHENTICATED, and the rest of the payload stays.
    pub user: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The old password and the new one.
#[derive(Clone, InputObject)]
pub struct ChangePasswordInput {
    /// The password that holds now.
    pub current_password: String,
    /// See `passwordPolicy`.
    pub new_password: String,
}

/// What became of the change.
#[derive(Default, SimpleObject)]
pub struct ChangePasswordPayload {
    /// The viewer. Their other sessions have ended; this one goes on.
    pub viewer: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct PasswordMutation;

#[Object]
impl PasswordMutation {
    /// Mails a link that sets a new password: it works once, for 30 minutes. Nothing tells whether the address is known.
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose password is forgotten.")] input: RequestPasswordResetInput,
    ) -> Result<RequestPasswordResetPayload, TopError> {
        let actor = ctx.actor()?;
        let refused = |code, field| {
            let user_errors = vec![UserError::basic(code, field, actor.locale)];
            Ok(RequestPasswordResetPayload { email: None, user_errors })
        };
        let Ok(email) = input.email.0.parse::<crate::kernel::EmailAddress>() else {
            return refused(ErrorCode::EmailMalformed, path(["email"]));
        };
        let identity = &ctx.services()?.identity;
        match identity.request_password_reset(actor.address, &email, input.captcha.as_deref()).await {
            Ok(()) => {
                let email = Some(EmailAddress(email.to_string()));
                Ok(RequestPasswordResetPayload { email, user_errors: Vec::new() })
            }
            Err(Failure::Refused(_)) => refused(ErrorCode::CaptchaRejected, path(["captcha"])),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Sets the password by the link's token, once, and ends every session of the person. A letter tells them.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token and the new password.")] input: ResetPasswordInput,
    ) -> Result<ResetPasswordPayload, TopError> {
        let actor = ctx.actor()?;
        let error = match ctx.services()?.identity.reset_password(actor.address, &input.token, input.password).await {
            Ok(user) => return Ok(ResetPasswordPayload { user: Some(User::from(user)), user_errors: Vec::new() }),
            Err(Failure::Fault(fault)) => return Err(fault.into()),
            Err(Failure::Refused(ResetRefusal::BadToken)) => {
                UserError::basic(ErrorCode::TokenInvalid, path(["token"]), actor.locale)
            }
            Err(Failure::Refused(ResetRefusal::Password(refusal))) => {
                password_error(&refusal, path(["password"]), actor.locale)
            }
        };
        Ok(ResetPasswordPayload { user: None, user_errors: vec![error] })
    }

    /// Changes the viewer's password and ends their other sessions. A letter tells them.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The old password and the new one.")] input: ChangePasswordInput,
    ) -> Result<ChangePasswordPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        let ChangePasswordInput { current_password, new_password } = input;
        match ctx.services()?.identity.change_password(actor, person, current_password, new_password).await {
            Ok(user) => Ok(ChangePasswordPayload { viewer: Some(User::from(user)), user_errors: Vec::new() }),
            Err(Failure::Refused(refusal)) => {
                Ok(ChangePasswordPayload { viewer: None, user_errors: vec![change_error(&refusal, actor.locale)] })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn change_error(refusal: &ChangeRefusal, locale: Locale) -> UserError {
    match refusal {
        ChangeRefusal::NotConfirmed => UserError::basic(ErrorCode::EmailNotConfirmed, None, locale),
        ChangeRefusal::Proof(refusal) => proof_error(refusal, path(["currentPassword"]), locale),
        ChangeRefusal::Password(refusal) => password_error(refusal, path(["newPassword"]), locale),
    }
}

pub fn password_error(refusal: &PasswordRefusal, field: Option<Vec<String>>, locale: Locale) -> UserError {
    UserError::with_message(password_code(refusal), field, password_message(refusal, locale))
}

const fn password_code(refusal: &PasswordRefusal) -> ErrorCode {
    match refusal {
        PasswordRefusal::TooShort { .. } => ErrorCode::PasswordTooShort,
        PasswordRefusal::TooLong { .. } => ErrorCode::PasswordTooLong,
        PasswordRefusal::OtherCharacters => ErrorCode::PasswordCharacters,
        PasswordRefusal::Common => ErrorCode::PasswordTooCommon,
        PasswordRefusal::ContainsLogin => ErrorCode::PasswordContainsLogin,
    }
}

/// Why a password is not taken, with the figures of the rule.
pub fn password_message(refusal: &PasswordRefusal, locale: Locale) -> String {
    use Locale::{En, Ru};
    match (refusal, locale) {
        (PasswordRefusal::TooShort { least }, Ru) => {
            format!("Пароль слишком короткий: нужно не меньше {least} знаков.")
        }
        (PasswordRefusal::TooShort { least }, En) => {
            format!("The password is too short: at least {least} characters are needed.")
        }
        (PasswordRefusal::TooLong { most }, Ru) => format!("Пароль слишком длинный: можно не больше {most} знаков."),
        (PasswordRefusal::TooLong { most }, En) => {
            format!("The password is too long: at most {most} characters are taken.")
        }
        _ => password_code(refusal).message(locale).to_owned(),
    }
}
