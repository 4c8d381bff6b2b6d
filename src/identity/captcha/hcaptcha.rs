//! hCaptcha: <https://docs.hcaptcha.com/#verify-the-user-response-server-side>. A token is good for one check within
//! 120 seconds.

use super::outside::{Asked, Service, Verdict};
use super::siteverify;
use crate::config::CaptchaProvider;

#[derive(Debug)]
pub struct Hcaptcha;

impl Service for Hcaptcha {
    fn provider(&self) -> CaptchaProvider {
        CaptchaProvider::Hcaptcha
    }

    fn url(&self) -> &'static str {
        "https://api.hcaptcha.com/siteverify"
    }

    /// Not documented; those of today have some 2,000 characters.
    fn longest(&self) -> usize {
        8192
    }

    /// With the site key, a token of another site is refused.
    fn form<'a>(&self, asked: &'a Asked<'a>) -> Vec<(&'static str, &'a str)> {
        vec![
            ("secret", asked.secret),
            ("response", asked.token),
            ("remoteip", asked.address),
            ("sitekey", asked.site_key),
        ]
    }

    fn verdict(&self, asked: &Asked<'_>, body: &[u8]) -> Verdict {
        siteverify::verdict(asked, body)
    }
}

#[cfg(test)]
mod tests {
    use super::super::outside::tests::{asked, verdict};
    use super::*;

    #[test]
    fn answers_mean_what_is_documented() {
        let unknown = |cause: &str| Verdict::Unknown(cause.to_owned());
        for (body, expected) in [
            (
                r#"{"success":true,"challenge_ts":"2026-02-28T15:14:30Z","hostname":"lk.example","credit":false}"#,
                Verdict::Human,
            ),
            (r#"{"success":true,"hostname":"elsewhere.example"}"#, Verdict::Robot),
            (r#"{"success":false,"error-codes":["already-seen-response"]}"#, Verdict::Robot),
            (r#"{"success":false,"error-codes":["sitekey-secret-mismatch"]}"#, Verdict::Robot),
            (r#"{"success":false}"#, Verdict::Robot),
            (r#"{"success":false,"error-codes":["invalid-input-secret"]}"#, unknown("captcha.secret is refused")),
            ("[]", unknown("an answer that is not documented")),
            ("", unknown("an answer that is not documented")),
        ] {
            assert_eq!(verdict(&Hcaptcha, &["lk.example"], body), expected, "{body}");
        }
    }

    #[test]
    fn the_question_is_the_documented_form() {
        let form = [("secret", "secret"), ("response", "token"), ("remoteip", "203.0.113.9"), ("sitekey", "site")];
        assert_eq!(Hcaptcha.form(&asked(&[])), form);
    }
}
