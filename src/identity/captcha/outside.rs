//! A captcha of somebody else: its widget gives the client a token, and its service says what the token is worth.

use std::fmt;
use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::CaptchaAction;
use crate::config::{CaptchaConfig, CaptchaProvider, FailMode};
use crate::kernel::Fault;
use crate::platform::outgoing::{Bounds, Outgoing};

/// Their answers have some hundred bytes.
const MOST_BYTES: usize = 64 * 1024;

/// One such service. It keeps nothing: it says what to ask and what an answer means.
pub trait Service: fmt::Debug + Send + Sync {
    fn provider(&self) -> CaptchaProvider;
    /// Where tokens are checked.
    fn url(&self) -> &'static str;
    /// Characters of the longest token.
    fn longest(&self) -> usize;
    /// The form that is posted.
    fn form<'a>(&self, asked: &'a Asked<'a>) -> Vec<(&'static str, &'a str)>;
    /// Of a reply that is no fault of the service (below 500).
    fn verdict(&self, asked: &Asked<'_>, body: &[u8]) -> Verdict;
}

/// A token to be checked.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub token: &'a str,
    pub secret: &'a str,
    pub site_key: &'a str,
    /// Network address of whoever asks.
    pub address: &'a str,
    pub action: CaptchaAction,
    hostnames: &'a [String],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Human,
    /// Or a token that is used, expired, made up, or of another page or action.
    Robot,
    /// The service could not say, and why: for the log.
    Unknown(String),
}

impl Asked<'_> {
    /// Whether a page of this host may have shown the widget. A service that does not say is believed.
    pub fn expects(&self, hostname: &str) -> bool {
        self.hostnames.is_empty() || hostname.is_empty() || self.hostnames.iter().any(|expected| expected == hostname)
    }
}

#[derive(Debug)]
pub struct Outside {
    service: Box<dyn Service>,
    secret: SecretString,
    config: CaptchaConfig,
    outgoing: Outgoing,
}

impl Outside {
    pub fn new(service: Box<dyn Service>, config: CaptchaConfig, outgoing: Outgoing) -> Self {
        let secret = config.secret.clone().unwrap_or_default();
        Self { service, secret, config, outgoing }
    }

    pub fn provider(&self) -> CaptchaProvider {
        self.service.provider()
    }

    pub fn site_key(&self) -> &str {
        &self.config.site_key
    }

    /// True for a token of the service that it has not seen before, and where the action goes on without the service.
    pub async fn accept(&self, action: CaptchaAction, address: IpAddr, token: Option<&str>) -> Result<bool, Fault> {
        // What no widget gives out is not asked about: nor can it make the service fail, and an open door of it.
        let Some(token) = token.filter(|token| well_formed(token, self.service.longest())) else { return Ok(false) };
        let cause = match self.ask(action, address, token).await {
            Verdict::Human => return Ok(true),
            Verdict::Robot => return Ok(false),
            Verdict::Unknown(cause) => cause,
        };
        let (provider, mode) = (self.service.provider(), self.fail_mode(action));
        tracing::warn!(?provider, ?action, fail_mode = ?mode, cause, "the captcha service could not say who asks");
        match mode {
            FailMode::Open => Ok(true),
            FailMode::Closed => Err(Fault::unavailable("the captcha service")),
        }
    }

    async fn ask(&self, action: CaptchaAction, address: IpAddr, token: &str) -> Verdict {
        let CaptchaConfig { site_key, hostnames, verify_url, timeout, .. } = &self.config;
        let (secret, address) = (self.secret.expose_secret(), address.to_string());
        let asked = Asked { token, secret, site_key, address: &address, action, hostnames };
        let url = verify_url.as_deref().unwrap_or(self.service.url());
        let bounds = Bounds { within: *timeout, most_bytes: MOST_BYTES };
        match self.outgoing.post_form(url, &self.service.form(&asked), bounds).await {
            Ok(reply) if (200..300).contains(&reply.status) || (400..500).contains(&reply.status) => {
                self.service.verdict(&asked, &reply.body)
            }
            Ok(reply) => Verdict::Unknown(format!("status {}", reply.status)),
            Err(unanswered) => Verdict::Unknown(unanswered.to_string()),
        }
    }

    fn fail_mode(&self, action: CaptchaAction) -> FailMode {
        let modes = self.config.fail_modes;
        match action {
            CaptchaAction::Register => modes.register,
            CaptchaAction::ResetPassword => modes.reset_password,
            CaptchaAction::SignIn => modes.sign_in,
        }
    }
}

fn well_formed(token: &str, longest: usize) -> bool {
    (1..=longest).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-+/=:".contains(&b))
}

/// An answer that is none of the documented ones. The answer itself stays out of the log: it is not ours.
pub fn garbage() -> Verdict {
    Verdict::Unknown("an answer that is not documented".to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A token of a page on `expected`.
    pub fn verdict(service: &dyn Service, expected: &[&str], body: &str) -> Verdict {
        let hostnames: Vec<_> = expected.iter().map(|&name| name.to_owned()).collect();
        service.verdict(&asked(&hostnames), body.as_bytes())
    }

    pub fn asked(hostnames: &[String]) -> Asked<'_> {
        let action = CaptchaAction::Register;
        Asked { token: "token", secret: "secret", site_key: "site", address: "203.0.113.9", action, hostnames }
    }

    #[test]
    fn what_no_widget_gives_out_is_not_asked_about() {
        for (token, fine) in [
            ("10000000-aaaa-bbbb-cccc-000000000001", true),
            ("XXXX.DUMMY.TOKEN.XXXX", true),
            ("dD0xNjYyNDU3NDMzO2k9Mm+/==", true),
            ("", false),
            ("<script>", false),
            ("a b", false),
            ("a&secret=b", false),
            ("токен", false),
            ("x".repeat(100).as_str(), true),
            ("x".repeat(101).as_str(), false),
        ] {
            assert_eq!(well_formed(token, 100), fine, "{token}");
        }
    }
}
