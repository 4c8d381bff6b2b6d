//! What letters say. One template in text and one in HTML for each kind and language; the text's first line is the subject.

use std::net::IpAddr;

use chrono::{DateTime, FixedOffset, Utc};
use entity::enums::Locale;
use entity::exact::Money;
use minijinja::{Environment, context};

use crate::config::Config;
use crate::kernel::{EmailAddress, Fault};
use crate::platform::mail::Letter;

/// A letter with what it needs to know.
#[derive(Clone, Debug)]
pub enum LetterKind {
    Confirmation { token: String, expires_at: DateTime<Utc> },
    AlreadyRegistered,
    PasswordReset { token: String, expires_at: DateTime<Utc> },
    PasswordChanged { changed_at: DateTime<Utc>, address: IpAddr },
    PaymentSucceeded { provider: String, number: String, amount: Money, paid_at: DateTime<Utc> },
}

impl LetterKind {
    const fn name(&self) -> &'static str {
        match self {
            Self::Confirmation { .. } => "confirmation",
            Self::AlreadyRegistered => "already_registered",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged { .. } => "password_changed",
            Self::PaymentSucceeded { .. } => "payment_succeeded",
        }
    }
}

macro_rules! templates {
    ($($path:literal),+ $(,)?) => { &[$(($path, include_str!($path))),+] };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "layout.html",
    "ru/confirmation.txt",
    "ru/confirmation.html",
    "en/confirmation.txt",
    "en/confirmation.html",
    "ru/already_registered.txt",
    "ru/already_registered.html",
    "en/already_registered.txt",
    "en/already_registered.html",
    "ru/password_reset.txt",
    "ru/password_reset.html",
    "en/password_reset.txt",
    "en/password_reset.html",
    "ru/password_changed.txt",
    "ru/password_changed.html",
    "en/password_changed.txt",
    "en/password_changed.html",
    "ru/payment_succeeded.txt",
    "ru/payment_succeeded.html",
    "en/payment_succeeded.txt",
    "en/payment_succeeded.html",
];

#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    pub fn new() -> Result<Self, Fault> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).map_err(Fault::internal)?;
        }
        Ok(Self(environment))
    }

    pub fn letter(&self, to: &str, locale: Locale, kind: &LetterKind, config: &Config) -> Result<Letter, Fault> {
        let values = values(kind, locale, config);
        let language = match locale {
            Locale::Ru => "ru",
            Locale::En => "en",
        };
        let render = |extension: &str| {
            let name = format!("{language}/{}.{extension}", kind.name());
            self.0.get_template(&name).and_then(|template| template.render(&values)).map_err(Fault::internal)
        };
        let text = render("txt")?;
        let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
        Ok(Letter {
            to: EmailAddress::stored(to.to_owned()),
            subject: subject.trim().to_owned(),
            text: text.trim_start().to_owned(),
            html: render("html")?,
        })
    }
}

fn values(kind: &LetterKind, locale: Locale, config: &Config) -> minijinja::Value {
    let site = &config.http.public_url;
    let support = &config.mail.support_address;
    match kind {
        LetterKind::Confirmation { token, expires_at } => {
            let link = format!("{site}/confirm-email?token={token}");
            context! { site, support, link, expires => day_and_time(*expires_at, locale) }
        }
        LetterKind::AlreadyRegistered => context! { site, support },
        LetterKind::PasswordReset { token, expires_at } => {
            let link = format!("{site}/reset-password?token={token}");
            context! { site, support, link, expires => day_and_time(*expires_at, locale) }
        }
        LetterKind::PasswordChanged { changed_at, address } => {
            let address = address.to_string();
            context! { site, support, address, changed_at => day_and_time(*changed_at, locale) }
        }
        LetterKind::PaymentSucceeded { provider, number, amount, paid_at } => {
            context! { site, support, provider, number, amount => roubles(*amount, locale), paid_at => day_and_time(*paid_at, locale) }
        }
    }
}

/// In Moscow's time, which letters name: the reader may be anywhere.
fn day_and_time(at: DateTime<Utc>, locale: Locale) -> String {
    let Some(moscow) = FixedOffset::east_opt(3 * 3600) else { return at.to_rfc3339() };
    let local = at.with_timezone(&moscow);
    match locale {
        Locale::Ru => local.format("%d.%m.%Y %H:%M (МСК)").to_string(),
        Locale::En => local.format("%Y-%m-%d %H:%M (Moscow time)").to_string(),
    }
}

/// `1 956,85 ₽` or `₽1,956.85`, with no-break spaces.
pub fn roubles(amount: Money, locale: Locale) -> String {
    let text = amount.to_string();
    let (whole, kopecks) = text.split_once('.').unwrap_or((&text, "00"));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("\u{2212}", digits));
    let separator = match locale {
        Locale::Ru => '\u{a0}',
        Locale::En => ',',
    };
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    match locale {
        Locale::Ru => format!("{sign}{grouped},{kopecks}\u{a0}₽"),
        Locale::En => format!("{sign}₽{grouped}.{kopecks}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_as_their_readers_do() {
        assert_eq!(roubles(Money(195_685), Locale::Ru), "1\u{a0}956,85\u{a0}₽");
        assert_eq!(roubles(Money(-123_456_789), Locale::En), "\u{2212}₽1,234,567.89");
        assert_eq!(roubles(Money(5), Locale::Ru), "0,05\u{a0}₽");
    }
}
