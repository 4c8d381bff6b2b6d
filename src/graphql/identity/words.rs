//! What forms show before anybody is signed in: the password's rule, the robot check, the agreements.

use async_graphql::{Context, Enum, Object, SimpleObject};

use super::agreement::Agreement;
use crate::graphql::context::Find;
use crate::graphql::error::TopError;
use crate::graphql::scalars::DateTime;
use crate::identity::agreement;
use crate::identity::captcha::CaptchaAction as Action;
use crate::identity::password::Policy;

/// What a password must be.
pub struct PasswordPolicy(Policy);

/// What a password must be.
#[Object]
impl PasswordPolicy {
    /// Fewest characters (code points after NFC).
    async fn min_length(&self) -> usize {
        self.0.least()
    }

    /// Most characters.
    async fn max_length(&self) -> usize {
        self.0.most()
    }

    /// The whole rule, for people.
    async fn description(&self, ctx: &Context<'_>) -> Result<&'static str, TopError> {
        use crate::config::PasswordPolicyName::{Modern, Seed};
        use entity::enums::Locale::{En, Ru};
        Ok(match (self.0.name, ctx.actor()?.locale) {
            (Modern, Ru) => {
                "От 8 до 128 любых знаков; не из числа самых частых, без адреса почты и не название кабинета."
            }
            (Modern, En) => {
                "8 to 128 characters of any kind; not a common one, without the e-mail address, not the service's name."
            }
            (Seed, Ru) => "От 5 до 10 латинских букв и цифр.",
            (Seed, En) => "5 to 10 Latin letters and digits.",
        })
    }
}

/// The kind of robot check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CaptchaKind {
    /// Find a number so that SHA-256 of `challenge:number` begins with `difficulty` zero bits; answer `challenge:number`.
    ProofOfWork,
    /// None is asked.
    None,
}

/// What a captcha's answer is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CaptchaAction {
    /// `register`.
    Register,
    /// `requestPasswordReset`.
    ResetPassword,
}

impl From<CaptchaAction> for Action {
    fn from(action: CaptchaAction) -> Self {
        match action {
            CaptchaAction::Register => Self::Register,
            CaptchaAction::ResetPassword => Self::ResetPassword,
        }
    }
}

/// A robot check to be passed before an action. Each challenge is good for one use.
#[derive(Clone, Debug, SimpleObject)]
pub struct Captcha {
    /// How to solve it.
    pub kind: CaptchaKind,
    /// The text to solve.
    pub challenge: Option<String>,
    /// Leading zero bits to find.
    pub difficulty: Option<i32>,
    /// The challenge must be used before.
    pub expires_at: Option<DateTime>,
    /// Key of an outside captcha service, when one is configured.
    pub site_key: Option<String>,
}

#[derive(Default)]
pub struct WordsQuery;

#[Object]
impl WordsQuery {
    /// What a password must be.
    async fn password_policy(&self, ctx: &Context<'_>) -> Result<PasswordPolicy, TopError> {
        Ok(PasswordPolicy(ctx.services()?.identity.policy.clone()))
    }

    /// A fresh robot check.
    async fn captcha(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is for.", default_with = "CaptchaAction::Register")] action: CaptchaAction,
    ) -> Result<Captcha, TopError> {
        let challenge = ctx.services()?.identity.captcha.challenge(action.into())?;
        let kind = if challenge.difficulty == 0 { CaptchaKind::None } else { CaptchaKind::ProofOfWork };
        Ok(Captcha {
            kind,
            challenge: Some(challenge.challenge),
            difficulty: Some(i32::from(challenge.difficulty)),
            expires_at: Some(DateTime(challenge.expires_at)),
            site_key: None,
        })
    }

    /// The documents in force.
    async fn agreements(&self) -> Vec<Agreement> {
        agreement::IN_FORCE.iter().map(Agreement).collect()
    }
}
