//! Cloudflare Turnstile: <https://developers.cloudflare.com/turnstile/get-started/server-side-validation/>. A token is good
//! for one check within 300 seconds.

use super::outside::{Asked, Service, Verdict};
use super::siteverify;
use crate::config::CaptchaProvider;

#[derive(Debug)]
pub struct Turnstile;

impl Service for Turnstile {
    fn provider(&self) -> CaptchaProvider {
        CaptchaProvider::Turnstile
    }

    fn url(&self) -> &'static str {
        "https://challenges.cloudflare.com/turnstile/v0/siteverify"
    }

    fn longest(&self) -> usize {
        2048
    }

    fn form<'a>(&self, asked: &'a Asked<'a>) -> Vec<(&'static str, &'a str)> {
        vec![("secret", asked.secret), ("response", asked.token), ("remoteip", asked.address)]
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
                r#"{"success":true,"challenge_ts":"2026-02-28T15:14:30.096Z","hostname":"lk.example","error-codes":[],"action":"register","cdata":""}"#,
                Verdict::Human,
            ),
            (r#"{"success":true,"hostname":"lk.example","action":""}"#, Verdict::Human),
            (r#"{"success":true,"hostname":"lk.example","action":"sign_in"}"#, Verdict::Robot),
            (r#"{"success":true,"hostname":"elsewhere.example","action":"register"}"#, Verdict::Robot),
            (r#"{"success":false,"error-codes":["invalid-input-response"]}"#, Verdict::Robot),
            (r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#, Verdict::Robot),
            (r#"{"success":false,"error-codes":["invalid-input-secret"]}"#, unknown("captcha.secret is refused")),
            (r#"{"success":false,"error-codes":["internal-error"]}"#, unknown("internal-error")),
            ("<html>", unknown("an answer that is not documented")),
            (r#"{"success":"yes"}"#, unknown("an answer that is not documented")),
        ] {
            assert_eq!(verdict(&Turnstile, &["lk.example"], body), expected, "{body}");
        }
        assert_eq!(verdict(&Turnstile, &[], r#"{"success":true,"hostname":"anywhere.example"}"#), Verdict::Human);
    }

    #[test]
    fn the_question_is_the_documented_form() {
        let form = [("secret", "secret"), ("response", "token"), ("remoteip", "203.0.113.9")];
        assert_eq!(Turnstile.form(&asked(&[])), form);
    }
}
