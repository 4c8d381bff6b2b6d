use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;

use super::reader::Reader;
use super::safe_url::{EXPECTED, is_safe};

const PROVIDERS: &str = "\"proof-of-work\", \"smartcaptcha\", \"turnstile\" or \"hcaptcha\"";

/// Who checks that no robot asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaProvider {
    /// This server itself.
    ProofOfWork,
    SmartCaptcha,
    Turnstile,
    Hcaptcha,
}

/// What an action does while the outside service fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailMode {
    /// It goes on without.
    Open,
    /// It is refused as unavailable.
    Closed,
}

#[derive(Clone, Debug)]
pub struct CaptchaConfig {
    pub provider: CaptchaProvider,
    /// Of an outside service: the widget's key, and the server's.
    pub site_key: String,
    pub secret: Option<SecretString>,
    /// None: the service's own address.
    pub verify_url: Option<String>,
    /// Hosts whose pages' answers count; empty: those that the service lets use the site key.
    pub hostnames: Vec<String>,
    pub timeout: Duration,
    pub fail_modes: FailModes,
    /// Wrong passwords after which a sign-in asks for a captcha, for a login or a place, and for an address; 0: never.
    pub sign_in_failures: u32,
    pub sign_in_failures_per_address: u32,
    /// Leading zero bits; 0 asks for no proof.
    pub difficulty: u8,
    pub lifetime: TimeDelta,
}

#[derive(Clone, Copy, Debug)]
pub struct FailModes {
    pub register: FailMode,
    pub reset_password: FailMode,
    pub sign_in: FailMode,
}

impl CaptchaConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let provider = reader.parsed("captcha.provider", PROVIDERS, |text| match text {
            "proof-of-work" => Some(CaptchaProvider::ProofOfWork),
            "smartcaptcha" => Some(CaptchaProvider::SmartCaptcha),
            "turnstile" => Some(CaptchaProvider::Turnstile),
            "hcaptcha" => Some(CaptchaProvider::Hcaptcha),
            _ => None,
        });
        let config = Self {
            provider: provider.unwrap_or(CaptchaProvider::ProofOfWork),
            site_key: reader.text("captcha.site_key"),
            secret: reader.secret("captcha.secret"),
            verify_url: reader.optional("captcha.verify_url"),
            hostnames: reader.list("captcha.hostnames"),
            timeout: Duration::from_millis(reader.number("captcha.timeout_milliseconds", 10..=30_000)),
            fail_modes: FailModes {
                register: fail_mode(reader, "captcha.fail_mode.register"),
                reset_password: fail_mode(reader, "captcha.fail_mode.reset_password"),
                sign_in: fail_mode(reader, "captcha.fail_mode.sign_in"),
            },
            sign_in_failures: reader.number("captcha.sign_in_failures", 0..=1000),
            sign_in_failures_per_address: reader.number("captcha.sign_in_failures_per_address", 0..=1_000_000),
            difficulty: reader.number("captcha.difficulty", 0..=40),
            lifetime: TimeDelta::minutes(reader.number("captcha.minutes", 1..=60)),
        };
        config.check(reader);
        config
    }

    fn check(&self, reader: &mut Reader) {
        if self.provider != CaptchaProvider::ProofOfWork {
            const NEEDED: &str = "is needed by an outside captcha.provider";
            if self.site_key.is_empty() {
                reader.problem("captcha.site_key", NEEDED);
            }
            if self.secret.is_none() {
                reader.problem("captcha.secret", NEEDED);
            }
        }
        if self.verify_url.as_ref().is_some_and(|url| !is_safe(url)) {
            reader.problem("captcha.verify_url", EXPECTED);
        }
    }
}

fn fail_mode(reader: &mut Reader, key: &str) -> FailMode {
    let mode = reader.parsed(key, "\"open\" or \"closed\"", |text| match text {
        "open" => Some(FailMode::Open),
        "closed" => Some(FailMode::Closed),
        _ => None,
    });
    mode.unwrap_or(FailMode::Closed)
}
