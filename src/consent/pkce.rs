//! Proof Key for Code Exchange (RFC 7636), by S256 alone: `plain` shows the verifier to whoever sees the address.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The only method.
pub const METHOD: &str = "S256";

/// Whether the text could be a challenge: 32 bytes in base64url without padding.
pub fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether the challenge was made of the verifier: 43 to 128 unreserved characters.
pub fn verifies(verifier: &str, challenge: &str) -> bool {
    let in_form = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    in_form && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_standards_own_example_verifies() {
        assert!(is_challenge(CHALLENGE));
        assert!(verifies(VERIFIER, CHALLENGE));
    }

    #[test]
    fn nothing_else_does() {
        assert!(!verifies(CHALLENGE, CHALLENGE), "plain");
        for verifier in ["", "short", &"a".repeat(43), &"a".repeat(129), &format!("{VERIFIER} ")] {
            assert!(!verifies(verifier, CHALLENGE), "{verifier}");
        }
        for text in ["", "abc", &"A".repeat(44), &"*".repeat(43)] {
            assert!(!is_challenge(text), "{text}");
        }
    }
}
