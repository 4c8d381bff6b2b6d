//! Letters by SMTP.

use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::Letter;
use crate::kernel::Fault;

/// lettre's own time-out covers connecting only (its issues #917, #978, #1027).
const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub fn new(url: &SecretString, from: &str) -> Result<Self, Fault> {
        // Idle connections die silently in lettre's pool (its issue #743): keep few, and not for long.
        let pool = PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(15));
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|_| Fault::unavailable("mail.smtp_url cannot be understood"))?
            .timeout(Some(Duration::from_secs(10)))
            .pool_config(pool)
            .build();
        Ok(Self { transport, from: mailbox(from)? })
    }

    pub async fn send(&self, id: &str, letter: &Letter) -> Result<(), Fault> {
        let message = message(&self.from, id, letter)?;
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

pub(super) fn mailbox(text: &str) -> Result<Mailbox, Fault> {
    text.parse().map_err(|cause| Fault::internal(format!("{text} is no mailbox: {cause}")))
}

/// The same id gives the same Message-ID, so that a repeated letter can be recognised.
pub(super) fn message(from: &Mailbox, id: &str, letter: &Letter) -> Result<Message, Fault> {
    let auto = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let mut message = Message::builder()
        .from(from.clone())
        .to(mailbox(letter.to.as_str())?)
        .subject(&letter.subject)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(Fault::internal)?;
    message.headers_mut().insert_raw(auto);
    Ok(message)
}
