//! Letters by SMTP.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::Letter;
use crate::kernel::Fault;

/// lettre's own time-out covers connecting only (its issues #917, #978, #1027).
const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Sender,
}

impl Smtp {
    pub fn new(url: &SecretString, sender: Sender) -> Result<Self, Fault> {
        // Idle connections die silently in lettre's pool (its issue #743): keep few, and not for long.
        let pool = PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(15));
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|_| Fault::unavailable("mail.smtp_url cannot be understood"))?
            .timeout(Some(Duration::from_secs(10)))
            .pool_config(pool)
            .build();
        Ok(Self { transport, sender })
    }

    pub async fn send(&self, id: &str, letter: &Letter, now: DateTime<Utc>) -> Result<(), Fault> {
        let message = self.sender.message(id, letter, now)?;
        #[expect(clippy::disallowed_methods, reason = "bounds SMTP, no database work")]
        let sent = tokio::time::timeout(DEADLINE, self.transport.send(message)).await;
        sent.map_err(|_| Fault::unavailable("the SMTP server took too long"))?.map_err(Fault::unavailable)?;
        Ok(())
    }

    pub async fn check(&self) -> Result<(), Fault> {
        let answered = self.transport.test_connection().await.map_err(Fault::unavailable)?;
        if answered { Ok(()) } else { Err(Fault::unavailable("the SMTP server refuses")) }
    }
}

/// Who writes letters, and who reads the answers to them.
#[derive(Clone, Debug)]
pub struct Sender {
    from: Mailbox,
    support: Mailbox,
}

impl Sender {
    pub fn new(from: &str, support: &str) -> Result<Self, Fault> {
        Ok(Self { from: mailbox(from)?, support: mailbox(support)? })
    }

    /// The same id gives the same Message-ID, so that a repeated letter can be recognised.
    pub(super) fn message(&self, id: &str, letter: &Letter, now: DateTime<Utc>) -> Result<Message, Fault> {
        // RFC 3834: no out-of-office reply comes back.
        let auto = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let reply_to = letter.reply_to.as_ref().map(|reply_to| mailbox(reply_to.as_str())).transpose()?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .reply_to(reply_to.unwrap_or_else(|| self.support.clone()))
            .to(mailbox(letter.to.as_str())?)
            .date(now.into())
            .subject(&letter.subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(Fault::internal)?;
        message.headers_mut().insert_raw(auto);
        Ok(message)
    }
}

/// With the domain in punycode: not every mail server takes another (RFC 6531).
fn mailbox(text: &str) -> Result<Mailbox, Fault> {
    let no_mailbox = |cause: &dyn std::fmt::Display| Fault::internal(format!("{text} is no mailbox: {cause}"));
    let Mailbox { name, email } = text.parse::<Mailbox>().map_err(|cause| no_mailbox(&cause))?;
    let domain = idna::domain_to_ascii(email.domain()).map_err(|cause| no_mailbox(&cause))?;
    let email = Address::new(email.user(), domain).map_err(|cause| no_mailbox(&cause))?;
    Ok(Mailbox { name, email })
}
