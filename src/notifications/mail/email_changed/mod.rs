use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// To both mailboxes: the cabinet has another address.
#[derive(Clone, Debug)]
pub struct EmailChanged {
    pub old_email: String,
    pub new_email: String,
    pub changed_at: DateTime<Utc>,
}

impl EmailChanged {
    pub(super) fn sample() -> Self {
        let (old_email, new_email) = ("anna@example.com".to_owned(), "anna.new@example.com".to_owned());
        Self { old_email, new_email, changed_at: sample_time() }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let changed_at = reader.day_and_time(self.changed_at);
        context! { old_email => &self.old_email, new_email => &self.new_email, changed_at }
    }
}
