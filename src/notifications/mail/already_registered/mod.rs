use minijinja::{Value, context};

use super::reader::Reader;

/// Somebody registered with an address that has a cabinet.
#[derive(Clone, Debug)]
pub struct AlreadyRegistered;

impl AlreadyRegistered {
    pub(super) fn sample() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "every kind of letter is asked in the same manner")]
    pub(super) fn values(&self, _: &Reader) -> Value {
        context! {}
    }
}
