//! The beginning and the end of a session.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};

use super::session::Session;
use super::{User, cookie};
use crate::graphql::context::{Find, arrive};
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::scalars::EmailAddress;
use crate::identity::error::SignInRefusal;
use crate::identity::session::ListedSession;
use crate::identity::sign_in::Proofs;
use crate::kernel::Failure;

/// How a session's token travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SessionTransport {
    /// In the header `Authorization: Bearer …`.
    Bearer,
    /// In a cookie that scripts cannot read: HttpOnly, SameSite=Lax, and Secure over https.
    Cookie,
}

/// Login and password.
#[derive(Clone, Debug, InputObject)]
pub struct SignInInput {
    /// The login.
    pub email: EmailAddress,
    /// The password.
    pub password: String,
    /// The answer to `captcha(action: SIGN_IN)`. Leave it out until CAPTCHA_REQUIRED asks for it, after wrong passwords.
    pub captcha: Option<String>,
    /// A code of the second factor or a recovery code, when a second factor is set up. Leave it out until
    /// TWO_FACTOR_REQUIRED asks for it.
    pub two_factor_code: Option<String>,
    /// How the token will travel.
    #[graphql(default_with = "SessionTransport::Bearer")]
    pub transport: SessionTransport,
    /// Whether the session outlasts days without use. For a device of one's own only.
    #[graphql(default)]
    pub remember_me: bool,
}

/// What became of the sign-in.
#[derive(Default, SimpleObject)]
pub struct SignInPayload {
    /// Send it as `Authorization: Bearer …`. Shown here only; null for `COOKIE`.
    pub token: Option<String>,
    /// The session that began.
    pub session: Option<Session>,
    /// Who signed in: all that they may see can be asked for at once.
    pub viewer: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// What became of the sign-out.
#[derive(Debug, Default, SimpleObject)]
pub struct SignOutPayload {
    /// True: the session has ended.
    pub signed_out: bool,
    /// Always empty.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Begins a session.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Login and password.")] input: SignInInput,
    ) -> Result<SignInPayload, TopError> {
        let actor = ctx.actor()?;
        let refused = |code, field| {
            Ok(SignInPayload { user_errors: vec![UserError::basic(code, field, actor.locale)], ..Default::default() })
        };
        let Ok(email) = input.email.0.parse() else { return refused(ErrorCode::EmailMalformed, path(["email"])) };
        let services = ctx.services()?;
        let proofs = Proofs { password: input.password, captcha: input.captcha, code: input.two_factor_code };
        match services.identity.sign_in(actor, &email, proofs, input.remember_me).await {
            Ok((begun, user)) => {
                arrive(ctx, begun.person())?;
                let token = match input.transport {
                    SessionTransport::Bearer => Some(begun.token),
                    SessionTransport::Cookie => {
                        let until = input.remember_me.then_some(begun.session.ends_at - begun.session.started_at);
                        cookie::give(ctx, &services.config.http, &begun.token, until);
                        None
                    }
                };
                let session = Some(Session(ListedSession { session: begun.session, current: true }));
                Ok(SignInPayload { token, session, viewer: Some(User::from(user)), user_errors: Vec::new() })
            }
            Err(Failure::Refused(SignInRefusal::BadCredentials)) => refused(ErrorCode::BadCredentials, None),
            Err(Failure::Refused(SignInRefusal::CaptchaRequired)) => {
                refused(ErrorCode::CaptchaRequired, path(["captcha"]))
            }
            Err(Failure::Refused(SignInRefusal::CaptchaRejected)) => {
                refused(ErrorCode::CaptchaRejected, path(["captcha"]))
            }
            Err(Failure::Refused(SignInRefusal::TwoFactorRequired)) => {
                refused(ErrorCode::TwoFactorRequired, path(["twoFactorCode"]))
            }
            Err(Failure::Refused(SignInRefusal::TwoFactorRejected)) => {
                refused(ErrorCode::TwoFactorRejected, path(["twoFactorCode"]))
            }
            Err(Failure::Refused(SignInRefusal::TooManyTries { seconds })) => {
                let error = UserError::retry_later(ErrorCode::TooManyTries, None, seconds, actor.locale);
                Ok(SignInPayload { user_errors: vec![error], ..Default::default() })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Ends the session of this request; its subscriptions end too. A cookie is taken back.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload, TopError> {
        let services = ctx.services()?;
        services.identity.sign_out(ctx.actor()?, ctx.person()?).await?;
        cookie::take_back(ctx, &services.config.http);
        Ok(SignOutPayload { signed_out: true, user_errors: Vec::new() })
    }
}
