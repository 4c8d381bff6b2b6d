use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// The link that sets a new password.
#[derive(Clone, Debug)]
pub struct PasswordReset {
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

impl PasswordReset {
    pub(super) fn sample() -> Self {
        Self { token: "0123456789abcdef".to_owned(), expires_at: sample_time() }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! { link => reader.link("reset-password", &self.token), expires => reader.day_and_time(self.expires_at) }
    }
}
