//! The proof that risky acts ask for again, and its refusals, the same for all of them.

use async_graphql::InputObject;
use entity::enums::Locale;

use crate::graphql::error::{ErrorCode, UserError, path};
use crate::identity::error::StepUpRefusal;
use crate::identity::step_up::StepUp;

/// The proof that is asked again before a risky act.
#[derive(Clone, InputObject)]
pub struct StepUpInput {
    /// The password that holds now; always needed.
    pub password: Option<String>,
    /// A code of the second factor or a recovery code; needed when a second factor is set up.
    pub two_factor_code: Option<String>,
}

impl From<StepUpInput> for StepUp {
    fn from(input: StepUpInput) -> Self {
        Self { password: input.password, two_factor_code: input.two_factor_code }
    }
}

/// For an input whose field `stepUp` holds the proof.
pub fn step_up_error(refusal: &StepUpRefusal, locale: Locale) -> UserError {
    let field = match refusal {
        StepUpRefusal::WrongPassword => path(["stepUp", "password"]),
        StepUpRefusal::TwoFactorRequired | StepUpRefusal::TwoFactorRejected => path(["stepUp", "twoFactorCode"]),
        StepUpRefusal::TooManyTries { .. } => path(["stepUp"]),
    };
    proof_error(refusal, field, locale)
}

pub fn proof_error(refusal: &StepUpRefusal, field: Option<Vec<String>>, locale: Locale) -> UserError {
    match refusal {
        StepUpRefusal::WrongPassword => UserError::basic(ErrorCode::WrongPassword, field, locale),
        StepUpRefusal::TwoFactorRequired => UserError::basic(ErrorCode::TwoFactorRequired, field, locale),
        StepUpRefusal::TwoFactorRejected => UserError::basic(ErrorCode::TwoFactorRejected, field, locale),
        StepUpRefusal::TooManyTries { seconds } => {
            UserError::retry_later(ErrorCode::TooManyTries, field, *seconds, locale)
        }
    }
}
