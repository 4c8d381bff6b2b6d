use minijinja::{Value, context};

use super::reader::Reader;

/// The cabinet stays after all.
#[derive(Clone, Debug)]
pub struct DeletionCancelled;

impl DeletionCancelled {
    pub(super) fn sample() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "every kind of letter is asked in the same manner")]
    pub(super) fn values(&self, _: &Reader) -> Value {
        context! {}
    }
}
