//! Letters to people, in their language.
//!
//! Promises: a letter that was decided is sent, at least once. Refuses to know: why it was decided. Tables: none; the jobs
//! are the slices' own. Tests: `tests/it/notifications/`.

pub mod mail;

use std::sync::Arc;

use entity::enums::Locale;

use crate::config::Config;
use crate::kernel::{Clock, Fault};
use crate::platform::mail::Mailer;

use mail::{LetterKind, Templates};

#[derive(Debug)]
pub struct Notifications {
    mailer: Mailer,
    clock: Clock,
    config: Arc<Config>,
    templates: Templates,
}

impl Notifications {
    /// # Errors
    /// A template of a letter is malformed.
    pub fn new(mailer: Mailer, clock: Clock, config: Arc<Config>) -> Result<Self, Fault> {
        Ok(Self { mailer, clock, config, templates: Templates::new()? })
    }

    /// `id` makes a letter that is sent twice recognisable.
    pub async fn send(&self, id: &str, to: &str, locale: Locale, letter: impl Into<LetterKind>) -> Result<(), Fault> {
        let letter = self.templates.letter(to, locale, &letter.into(), &self.config)?;
        self.mailer.send(id, &letter, &self.clock).await
    }
}
