use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// To the mailbox that the cabinet has: the links that confirm the change of its address and cancel it.
#[derive(Clone, Debug)]
pub struct EmailChangeOld {
    pub new_email: String,
    pub token: String,
    pub cancel_token: String,
    pub expires_at: DateTime<Utc>,
}

impl EmailChangeOld {
    pub(super) fn sample() -> Self {
        Self {
            new_email: "anna.new@example.com".to_owned(),
            token: "0123456789abcdef".to_owned(),
            cancel_token: "fedcba9876543210".to_owned(),
            expires_at: sample_time(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let link = reader.link("confirm-email-change", &self.token);
        let cancel = reader.link("cancel-email-change", &self.cancel_token);
        context! { new_email => &self.new_email, link, cancel, expires => reader.day_and_time(self.expires_at) }
    }
}
