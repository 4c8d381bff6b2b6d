//! Sends letters: by SMTP, into files that a page shows, or into memory for tests.

mod folder;
mod smtp;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::config::{Config, MailConfig};
use crate::kernel::{Clock, EmailAddress, Fault};

pub use folder::Folder;
pub use smtp::{Sender, Smtp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: EmailAddress,
    /// Who reads the answer; None: the cabinet's support service.
    pub reply_to: Option<EmailAddress>,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A letter as the mailbox page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    pub id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub sent_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub enum Mailer {
    Smtp(Smtp),
    Folder(Folder),
    Memory(Arc<Mutex<Vec<Letter>>>),
}

impl Mailer {
    pub fn new(config: &Config) -> Result<Self, Fault> {
        let MailConfig { smtp_url, from, support_address } = &config.mail;
        let sender = Sender::new(from, support_address)?;
        match smtp_url {
            Some(url) => Smtp::new(url, sender).map(Self::Smtp),
            None => Folder::new(mail_dir(config), sender).map(Self::Folder),
        }
    }

    pub fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// Returns when the letter is handed over; the id makes a repeated sending recognisable.
    pub async fn send(&self, id: &str, letter: &Letter, clock: &Clock) -> Result<(), Fault> {
        match self {
            Self::Smtp(smtp) => smtp.send(id, letter, clock.now()).await,
            Self::Folder(folder) => folder.keep(id, letter, clock.now()).await,
            Self::Memory(letters) => {
                letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
                Ok(())
            }
        }
    }

    /// # Errors
    /// The SMTP server does not answer, or the folder cannot be written.
    pub async fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Smtp(smtp) => smtp.check().await,
            Self::Folder(folder) => folder.check(),
            Self::Memory(_) => Ok(()),
        }
    }
}

fn mail_dir(config: &Config) -> PathBuf {
    config.data_dir.join("mail")
}
