//! The second factor: set up, ended, its recovery codes replaced.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::enums::Locale;
use entity::ids::UserId;

use super::User;
use super::step_up::{StepUpInput, step_up_error};
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::scalars::DateTime;
use crate::identity::error::{StepUpRefusal, TwoFactorRefusal};
use crate::kernel::{Failure, Fault};

/// A person's second factor.
#[derive(Clone, Debug, SimpleObject)]
pub struct TwoFactorStatus {
    /// Whether sign-in and risky acts ask for a code.
    enabled: bool,
    /// Since when; null when it is not enabled.
    confirmed_at: Option<DateTime>,
    /// Recovery codes that were not used, of 10.
    recovery_codes_left: i32,
}

/// The proof that the person is the one who acts.
#[derive(Clone, InputObject)]
pub struct BeginTwoFactorInput {
    /// The password; there is no code yet.
    pub step_up: StepUpInput,
}

/// What the authenticator app is told. Shown here only.
#[derive(Default, SimpleObject)]
pub struct BeginTwoFactorPayload {
    /// To be typed into the app: base32 (RFC 4648).
    pub secret: Option<String>,
    /// To be opened in the app: `otpauth://totp/…`.
    pub otpauth_uri: Option<String>,
    /// `otpauthUri` as a QR code: an `<svg>` element.
    pub qr_svg: Option<String>,
    /// Confirm with a code of the app before, or begin anew.
    pub expires_at: Option<DateTime>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The first code.
#[derive(Clone, InputObject)]
pub struct ConfirmTwoFactorInput {
    /// What the app shows now: six digits.
    pub code: String,
}

/// What became of the confirmation.
#[derive(Default, SimpleObject)]
pub struct ConfirmTwoFactorPayload {
    /// The person.
    pub viewer: Option<User>,
    /// Codes for who has lost the app, each good for one use. Shown here only: have them printed or written down.
    pub recovery_codes: Option<Vec<String>>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The proof that the person is the one who acts.
#[derive(Clone, InputObject)]
pub struct DisableTwoFactorInput {
    /// The password and a code.
    pub step_up: StepUpInput,
}

/// What became of the disabling.
#[derive(Default, SimpleObject)]
pub struct DisableTwoFactorPayload {
    /// The person.
    pub viewer: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The proof that the person is the one who acts.
#[derive(Clone, InputObject)]
pub struct RegenerateRecoveryCodesInput {
    /// The password and a code.
    pub step_up: StepUpInput,
}

/// What became of the wish for new codes.
#[derive(Default, SimpleObject)]
pub struct RegenerateRecoveryCodesPayload {
    /// The person.
    pub viewer: Option<User>,
    /// The new codes; the old ones are void. Shown here only.
    pub recovery_codes: Option<Vec<String>>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct TwoFactorMutation;

#[Object]
impl TwoFactorMutation {
    /// Makes a secret for an authenticator app (TOTP, RFC 6238). It is asked for from `confirmTwoFactor` on, not before.
    async fn begin_two_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: BeginTwoFactorInput,
    ) -> Result<BeginTwoFactorPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        match ctx.services()?.identity.begin_two_factor(actor, person, &input.step_up.into()).await {
            Ok(begun) => Ok(BeginTwoFactorPayload {
                secret: Some(begun.enrolment.secret),
                otpauth_uri: Some(begun.enrolment.uri),
                qr_svg: Some(begun.enrolment.qr_svg),
                expires_at: Some(DateTime(begun.expires_at)),
                user_errors: Vec::new(),
            }),
            Err(failure) => {
                Ok(BeginTwoFactorPayload { user_errors: refused(failure, actor.locale)?, ..Default::default() })
            }
        }
    }

    /// Sets the second factor up by its first code. Sessions go on. A letter tells the owner.
    async fn confirm_two_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first code.")] input: ConfirmTwoFactorInput,
    ) -> Result<ConfirmTwoFactorPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        match ctx.services()?.identity.confirm_two_factor(actor, person, &input.code).await {
            Ok(codes) => Ok(ConfirmTwoFactorPayload {
                viewer: viewer(ctx).await?,
                recovery_codes: Some(codes),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(TwoFactorRefusal::Proof(StepUpRefusal::TwoFactorRejected))) => {
                let error = UserError::basic(ErrorCode::TwoFactorRejected, path(["code"]), actor.locale);
                Ok(ConfirmTwoFactorPayload { user_errors: vec![error], ..Default::default() })
            }
            Err(Failure::Refused(TwoFactorRefusal::Proof(StepUpRefusal::TooManyTries { seconds }))) => {
                let error = UserError::retry_later(ErrorCode::TooManyTries, path(["code"]), seconds, actor.locale);
                Ok(ConfirmTwoFactorPayload { user_errors: vec![error], ..Default::default() })
            }
            Err(failure) => {
                Ok(ConfirmTwoFactorPayload { user_errors: refused(failure, actor.locale)?, ..Default::default() })
            }
        }
    }

    /// Ends the second factor and its recovery codes. Sessions go on. A letter tells the owner.
    async fn disable_two_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: DisableTwoFactorInput,
    ) -> Result<DisableTwoFactorPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        match ctx.services()?.identity.disable_two_factor(actor, person, &input.step_up.into()).await {
            Ok(()) => Ok(DisableTwoFactorPayload { viewer: viewer(ctx).await?, user_errors: Vec::new() }),
            Err(failure) => {
                Ok(DisableTwoFactorPayload { user_errors: refused(failure, actor.locale)?, ..Default::default() })
            }
        }
    }

    /// Makes ten new recovery codes in the place of the old ones. A letter tells the owner.
    async fn regenerate_recovery_codes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: RegenerateRecoveryCodesInput,
    ) -> Result<RegenerateRecoveryCodesPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        match ctx.services()?.identity.regenerate_recovery_codes(actor, person, &input.step_up.into()).await {
            Ok(codes) => Ok(RegenerateRecoveryCodesPayload {
                viewer: viewer(ctx).await?,
                recovery_codes: Some(codes),
                user_errors: Vec::new(),
            }),
            Err(failure) => Ok(RegenerateRecoveryCodesPayload {
                user_errors: refused(failure, actor.locale)?,
                ..Default::default()
            }),
        }
    }
}

pub async fn status(ctx: &Context<'_>, of: UserId) -> Result<TwoFactorStatus, TopError> {
    let status = ctx.services()?.identity.two_factor_status(of).await?;
    Ok(TwoFactorStatus {
        enabled: status.confirmed_at.is_some(),
        confirmed_at: status.confirmed_at.map(DateTime),
        recovery_codes_left: i32::try_from(status.recovery_codes_left).map_err(Fault::internal)?,
    })
}

async fn viewer(ctx: &Context<'_>) -> Result<Option<User>, TopError> {
    Ok(ctx.services()?.identity.find_user(ctx.person()?.user_id).await?.map(User::from))
}

fn refused(failure: Failure<TwoFactorRefusal>, locale: Locale) -> Result<Vec<UserError>, TopError> {
    let refusal = match failure {
        Failure::Fault(fault) => return Err(fault.into()),
        Failure::Refused(refusal) => refusal,
    };
    let code = match refusal {
        TwoFactorRefusal::Proof(refusal) => return Ok(vec![step_up_error(&refusal, locale)]),
        TwoFactorRefusal::NotConfirmed => ErrorCode::EmailNotConfirmed,
        TwoFactorRefusal::AlreadyEnabled => ErrorCode::TwoFactorAlreadyEnabled,
        TwoFactorRefusal::NotEnabled => ErrorCode::TwoFactorNotEnabled,
        TwoFactorRefusal::NotBegun => ErrorCode::TwoFactorNotBegun,
    };
    Ok(vec![UserError::basic(code, None, locale)])
}
