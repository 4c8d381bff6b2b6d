use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// When the cabinet will be deleted, with a link that cancels it.
#[derive(Clone, Debug)]
pub struct DeletionScheduled {
    pub token: String,
    pub due_at: DateTime<Utc>,
}

impl DeletionScheduled {
    pub(super) fn sample() -> Self {
        Self { token: "del_0123456789abcdef".to_owned(), due_at: sample_time() }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! { link => reader.link("cancel-deletion", &self.token), due => reader.day_and_time(self.due_at) }
    }
}
