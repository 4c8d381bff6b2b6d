use minijinja::{Value, context};

use super::reader::Reader;

/// Somebody wanted an address that has a cabinet for another one.
#[derive(Clone, Debug)]
pub struct EmailChangeTaken;

impl EmailChangeTaken {
    pub(super) fn sample() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "every kind of letter is asked in the same manner")]
    pub(super) fn values(&self, _: &Reader) -> Value {
        context! {}
    }
}
