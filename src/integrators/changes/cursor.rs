//! How far somebody has come in the feed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::ids::{ProviderId, TypedId};
use uuid::Uuid;

/// Bytes of a cursor: whose it is, and a position.
const BYTES: usize = 24;

/// A position, and of whose feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Of a person's feed none.
    pub provider: Option<ProviderId>,
    pub position: i64,
}

impl Cursor {
    /// Opaque to clients.
    pub fn to_text(self) -> String {
        let whose = self.provider.map_or(Uuid::nil(), TypedId::uuid);
        URL_SAFE_NO_PAD.encode([whose.as_bytes().as_slice(), &self.position.to_be_bytes()].concat())
    }

    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == BYTES)?;
        let (whose, position) = bytes.split_at_checked(16)?;
        let whose = Uuid::from_slice(whose).ok()?;
        let provider = (!whose.is_nil()).then(|| ProviderId::from_uuid(whose));
        Some(Self { provider, position: i64::from_be_bytes(position.try_into().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_whose_feed_it_is_of() {
        for provider in [None, Some(ProviderId(Uuid::from_u128(7)))] {
            let cursor = Cursor { provider, position: 42 };
            assert_eq!(Cursor::from_text(&cursor.to_text()), Some(cursor));
        }
        for text in ["", "!", "AAAA", "not base64"] {
            assert_eq!(Cursor::from_text(text), None, "{text}");
        }
    }
}
