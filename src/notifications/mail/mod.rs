//! What letters say: a folder for each kind, with what it needs to know and one template in text and one in HTML for each
//! language. The text's first line is the subject.

mod account_attached;
mod access_token_created;
mod account_shared;
mod already_registered;
mod autopay_announced;
mod autopay_failed;
mod client_access_granted;
mod confirmation;
mod email_change_new;
mod email_change_old;
mod email_change_taken;
mod email_changed;
mod deletion_cancelled;
mod deletion_scheduled;
mod export_ready;
mod new_device;
mod password_changed;
mod password_reset;
mod payment_succeeded;
mod reader;
mod scope_words;
mod support_answer;
mod support_message;
mod two_factor_changed;
mod webhook_stopped;

use entity::enums::Locale;
use minijinja::{Environment, context};

use crate::config::Config;
use crate::kernel::{EmailAddress, Fault};
use crate::platform::mail::Letter;

use reader::Reader;

pub use account_attached::Way;
pub use reader::roubles;
pub use scope_words::scope_words;

/// Everything that is listed once for each kind of letter. A template that is missing is an error of the compiler.
macro_rules! letters {
    ($($folder:ident: $kind:ident),+ $(,)?) => {
        $(pub use $folder::$kind;)+

        /// A letter with what it needs to know.
        #[derive(Clone, Debug)]
        pub enum LetterKind {
            $($kind($kind)),+
        }

        impl LetterKind {
            /// Its folder.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($folder)),+
                }
            }

            /// One of each kind with made-up contents, always the same.
            pub fn samples() -> Vec<Self> {
                vec![$(Self::$kind($kind::sample())),+]
            }

            fn values(&self, reader: &Reader) -> minijinja::Value {
                match self {
                    $(Self::$kind(letter) => letter.values(reader)),+
                }
            }
        }

        $(impl From<$kind> for LetterKind {
            fn from(letter: $kind) -> Self {
                Self::$kind(letter)
            }
        })+

        const TEMPLATES: &[(&str, &str)] = &[
            ("layout.html", include_str!("layout.html")),
            $(letters!(@template $folder "/ru.txt"),
            letters!(@template $folder "/ru.html"),
            letters!(@template $folder "/en.txt"),
            letters!(@template $folder "/en.html")),+
        ];
    };
    (@template $folder:ident $file:literal) => {
        (concat!(stringify!($folder), $file), include_str!(concat!(stringify!($folder), $file)))
    };
}

letters! {
    confirmation: Confirmation,
    already_registered: AlreadyRegistered,
    password_reset: PasswordReset,
    password_changed: PasswordChanged,
    two_factor_changed: TwoFactorChanged,
    email_change_old: EmailChangeOld,
    email_change_new: EmailChangeNew,
    email_change_taken: EmailChangeTaken,
    email_changed: EmailChanged,
    deletion_scheduled: DeletionScheduled,
    deletion_cancelled: DeletionCancelled,
    export_ready: ExportReady,
    payment_succeeded: PaymentSucceeded,
    autopay_announced: AutopayAnnounced,
    autopay_failed: AutopayFailed,
    new_device: NewDevice,
    account_attached: AccountAttached,
    access_token_created: AccessTokenCreated,
    client_access_granted: ClientAccessGranted,
    account_shared: AccountShared,
    support_message: SupportMessage,
    support_answer: SupportAnswer,
    webhook_stopped: WebhookStopped,
}

impl LetterKind {
    /// Whoever answers a question by letter writes to the person who asked.
    fn reply_to(&self) -> Option<EmailAddress> {
        match self {
            Self::SupportMessage(message) => Some(EmailAddress::stored(message.email.clone())),
            _ => None,
        }
    }
}

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
        let reader = Reader { locale, site: &config.http.public_url };
        let (site, support) = (reader.site, &config.mail.support_address);
        let values = context! { site, support, ..kind.values(&reader) };
        let language = match locale {
            Locale::Ru => "ru",
            Locale::En => "en",
        };
        let write = |extension: &str| {
            let name = format!("{}/{language}.{extension}", kind.name());
            self.0.get_template(&name).and_then(|template| template.render(&values)).map_err(Fault::internal)
        };
        let text = write("txt")?;
        let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
        Ok(Letter {
            to: EmailAddress::stored(to.to_owned()),
            reply_to: kind.reply_to(),
            subject: subject.trim().to_owned(),
            text: text.trim_start().to_owned(),
            html: write("html")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_written_in_both_languages() {
        let (templates, config) =
            (Templates::new().unwrap(), Config::load(None, std::iter::empty::<(String, String)>()).unwrap());
        for kind in LetterKind::samples() {
            for locale in [Locale::Ru, Locale::En] {
                let letter = templates.letter("anna@example.com", locale, &kind, &config).unwrap();
                for part in [&letter.subject, &letter.text, &letter.html] {
                    assert!(!part.trim().is_empty() && !part.contains("{{"), "{kind:?} {locale:?}: {part}");
                }
            }
        }
    }
}
