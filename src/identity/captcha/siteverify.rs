//! The answer of `siteverify`, whose form Turnstile and hCaptcha share.

use serde::Deserialize;

use super::outside::{Asked, Verdict, garbage};

#[derive(Deserialize)]
struct Answer {
    success: bool,
    #[serde(default)]
    hostname: Option<String>,
    /// Turnstile's only.
    #[serde(default)]
    action: Option<String>,
    #[serde(rename = "error-codes", default)]
    error_codes: Vec<String>,
}

pub fn verdict(asked: &Asked<'_>, body: &[u8]) -> Verdict {
    let Ok(Answer { success, hostname, action, error_codes }) = serde_json::from_slice(body) else { return garbage() };
    if success {
        // A page that names no action is taken; one that names another meant another.
        let meant = action.is_none_or(|action| action.is_empty() || action == asked.action.word());
        let expected = meant && asked.expects(hostname.as_deref().unwrap_or_default());
        return if expected { Verdict::Human } else { Verdict::Robot };
    }
    let says = |code: &str| error_codes.iter().any(|said| said == code);
    // Neither can be brought about by a token.
    if says("missing-input-secret") || says("invalid-input-secret") {
        return Verdict::Unknown("captcha.secret is refused".to_owned());
    }
    if says("internal-error") {
        return Verdict::Unknown("internal-error".to_owned());
    }
    Verdict::Robot
}
