//! Yandex SmartCaptcha: <https://yandex.cloud/ru/docs/smartcaptcha/concepts/validation>. A token is good for one check
//! within 5 minutes. Posted as a form: in the query of a GET, which is documented too, the secret would be in logs on the way.

use serde::Deserialize;

use super::outside::{Asked, Service, Verdict, garbage};
use crate::config::CaptchaProvider;

#[derive(Debug)]
pub struct SmartCaptcha;

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    message: String,
    /// Where the widget was shown; empty when the service does not check it.
    #[serde(default)]
    host: String,
}

impl Service for SmartCaptcha {
    fn provider(&self) -> CaptchaProvider {
        CaptchaProvider::SmartCaptcha
    }

    fn url(&self) -> &'static str {
        "https://smartcaptcha.cloud.yandex.ru/validate"
    }

    /// Not documented; those of today have some 300 characters.
    fn longest(&self) -> usize {
        4096
    }

    fn form<'a>(&self, asked: &'a Asked<'a>) -> Vec<(&'static str, &'a str)> {
        vec![("secret", asked.secret), ("token", asked.token), ("ip", asked.address)]
    }

    fn verdict(&self, asked: &Asked<'_>, body: &[u8]) -> Verdict {
        let Ok(Answer { status, message, host }) = serde_json::from_slice(body) else { return garbage() };
        match status.as_str() {
            "ok" if asked.expects(&host) => Verdict::Human,
            // No token brings it about.
            "failed" if message.starts_with("Authentication failed") => {
                Verdict::Unknown("captcha.secret is refused".to_owned())
            }
            "ok" | "failed" => Verdict::Robot,
            _ => garbage(),
        }
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
            (r#"{"status":"ok","message":"","host":"lk.example"}"#, Verdict::Human),
            (r#"{"status":"ok","message":""}"#, Verdict::Human),
            (r#"{"status":"ok","message":"","host":"elsewhere.example"}"#, Verdict::Robot),
            (r#"{"status":"failed","message":""}"#, Verdict::Robot),
            (r#"{"status":"failed","message":"Token invalid or expired."}"#, Verdict::Robot),
            (r#"{"status":"failed","message":"Invalid IP."}"#, Verdict::Robot),
            (
                r#"{"status":"failed","message":"Authentication failed. Secret has not provided."}"#,
                unknown("captcha.secret is refused"),
            ),
            (r#"{"status":"perhaps"}"#, unknown("an answer that is not documented")),
            ("502 Bad Gateway", unknown("an answer that is not documented")),
        ] {
            assert_eq!(verdict(&SmartCaptcha, &["lk.example"], body), expected, "{body}");
        }
    }

    #[test]
    fn the_question_is_the_documented_form() {
        assert_eq!(SmartCaptcha.form(&asked(&[])), [("secret", "secret"), ("token", "token"), ("ip", "203.0.113.9")]);
    }
}
