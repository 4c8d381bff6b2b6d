//! What forms show before anybody is signed in: the password's rule, the robot check, the agreements.

use async_graphql::{Context, Enum, Object, SimpleObject};

use super::agreement::Agreement;
use crate::config::CaptchaProvider;
use crate::graphql::context::Find;
use crate::graphql::error::TopError;
use crate::graphql::scalars::DateTime;
use crate::identity::agreement;
use crate::identity::captcha::{CaptchaAction as Action, Shown};
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
    /// The widget of Yandex SmartCaptcha for `siteKey`; answer what it puts into `smart-token`.
    SmartCaptcha,
    /// The widget of Cloudflare Turnstile for `siteKey`, told `action`; answer what it puts into `cf-turnstile-response`.
    Turnstile,
    /// The widget of hCaptcha for `siteKey`; answer what it puts into `h-captcha-response`.
    Hcaptcha,
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
    /// `signIn`, when CAPTCHA_REQUIRED asks for it; each try needs a fresh one then.
    SignIn,
}

impl From<CaptchaAction> for Action {
    fn from(action: CaptchaAction) -> Self {
        match action {
            CaptchaAction::Register => Self::Register,
            CaptchaAction::ResetPassword => Self::ResetPassword,
            CaptchaAction::SignIn => Self::SignIn,
        }
    }
}

/// A robot check to be passed before an action. Each challenge is good for one use.
#[derive(Clone, Debug, SimpleObject)]
pub struct Captcha {
    /// How to solve it.
    pub kind: CaptchaKind,
    /// The text to solve; null for a widget.
    pub challenge: Option<String>,
    /// Leading zero bits to find; null for a widget.
    pub difficulty: Option<i32>,
    /// The challenge must be used before; null for a widget, whose answers last for some minutes.
    pub expires_at: Option<DateTime>,
    /// What an outside service knows this site by; null for a proof of work.
    pub site_key: Option<String>,
    /// What the widget is told that its answer is for.
    pub action: String,
}

fn captcha(shown: Shown, action: Action) -> Captcha {
    let action = action.word().to_owned();
    match shown {
        Shown::ProofOfWork(challenge) => Captcha {
            kind: if challenge.difficulty == 0 { CaptchaKind::None } else { CaptchaKind::ProofOfWork },
            challenge: Some(challenge.challenge),
            difficulty: Some(i32::from(challenge.difficulty)),
            expires_at: Some(DateTime(challenge.expires_at)),
            site_key: None,
            action,
        },
        Shown::Widget { provider, site_key } => Captcha {
            kind: match provider {
                CaptchaProvider::ProofOfWork => CaptchaKind::ProofOfWork,
                CaptchaProvider::SmartCaptcha => CaptchaKind::SmartCaptcha,
                CaptchaProvider::Turnstile => CaptchaKind::Turnstile,
                CaptchaProvider::Hcaptcha => CaptchaKind::Hcaptcha,
            },
            challenge: None,
            difficulty: None,
            expires_at: None,
            site_key: Some(site_key),
            action,
        },
    }
}

#[derive(Default)]
pub struct WordsQuery;

#[Object]
impl WordsQuery {
    /// What a password must be.
    async fn password_policy(&self, ctx: &Context<'_>) -> Result<PasswordPolicy, TopError> {
        Ok(PasswordPolicy(ctx.services()?.identity.policy.clone()))
    }

    /// A fresh robot check, of the kind that is configured.
    async fn captcha(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is for.", default_with = "CaptchaAction::Register")] action: CaptchaAction,
    ) -> Result<Captcha, TopError> {
        let action = Action::from(action);
        Ok(captcha(ctx.services()?.identity.captcha.shown(action)?, action))
    }

    /// The documents in force.
    async fn agreements(&self) -> Vec<Agreement> {
        agreement::IN_FORCE.iter().map(Agreement).collect()
    }
}
