//! Protection from robots: a proof of work of our own, or the captcha of an outside service (ADR 0020).
//!
//! Nothing here depends on whether an address is known. Clients with a key of their own (integrators) never meet it: the
//! three actions are those that anybody may do.

mod hcaptcha;
mod outside;
mod proof_of_work;
mod siteverify;
mod smartcaptcha;
mod turnstile;

use std::net::IpAddr;

use self::hcaptcha::Hcaptcha;
use self::outside::{Outside, Service};
pub use self::proof_of_work::{Challenge, ProofOfWork};
use self::smartcaptcha::SmartCaptcha;
use self::turnstile::Turnstile;
use crate::config::{CaptchaConfig, CaptchaProvider};
use crate::kernel::Fault;
use crate::platform::outgoing::Outgoing;

/// What an answer is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaAction {
    Register,
    ResetPassword,
    SignIn,
}

impl CaptchaAction {
    /// Signed into challenges, and what a widget is told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::ResetPassword => "reset_password",
            Self::SignIn => "sign_in",
        }
    }
}

/// What a client shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    ProofOfWork(Challenge),
    /// The widget of the service, for this site key.
    Widget {
        provider: CaptchaProvider,
        site_key: String,
    },
}

#[derive(Debug)]
pub enum Captcha {
    Own(ProofOfWork),
    Outside(Outside),
}

impl Captcha {
    pub fn new(own: ProofOfWork, config: &CaptchaConfig, outgoing: Outgoing) -> Self {
        let service: Box<dyn Service> = match config.provider {
            CaptchaProvider::ProofOfWork => return Self::Own(own),
            CaptchaProvider::SmartCaptcha => Box::new(SmartCaptcha),
            CaptchaProvider::Turnstile => Box::new(Turnstile),
            CaptchaProvider::Hcaptcha => Box::new(Hcaptcha),
        };
        Self::Outside(Outside::new(service, config.clone(), outgoing))
    }

    pub fn shown(&self, action: CaptchaAction) -> Result<Shown, Fault> {
        Ok(match self {
            Self::Own(own) => Shown::ProofOfWork(own.challenge(action)?),
            Self::Outside(outside) => {
                Shown::Widget { provider: outside.provider(), site_key: outside.site_key().to_owned() }
            }
        })
    }

    /// Whether a person answered, for the first time with this answer. `address` is the client's.
    ///
    /// # Errors
    /// It cannot be found out now, and the action is to wait until it can.
    pub async fn accept(&self, action: CaptchaAction, address: IpAddr, answer: Option<&str>) -> Result<bool, Fault> {
        match self {
            Self::Own(own) => own.accept(action, answer).await,
            Self::Outside(outside) => outside.accept(action, address, answer).await,
        }
    }
}
