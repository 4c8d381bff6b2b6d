use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// To the mailbox that the cabinet will have: the link that confirms.
#[derive(Clone, Debug)]
pub struct EmailChangeNew {
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

impl EmailChangeNew {
    pub(super) fn sample() -> Self {
        Self { token: "0123456789abcdef".to_owned(), expires_at: sample_time() }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let link = reader.link("confirm-email-change", &self.token);
        context! { link, expires => reader.day_and_time(self.expires_at) }
    }
}
