//! Secrets that must be read again, kept so that a copy of the database does not tell them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::kernel::{Entropy, Fault};

const NONCE: usize = 24;

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): its nonces are long enough to be left to chance.
#[derive(Clone)]
pub struct Seal(XChaCha20Poly1305);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Nonce and ciphertext as base64url. Opens only with the same `whose`.
    pub fn close(&self, secret: &[u8], whose: &[u8], entropy: &Entropy) -> Result<String, Fault> {
        let nonce = entropy.bytes::<NONCE>()?;
        let sealed = self.0.encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: whose });
        let sealed = sealed.map_err(Fault::internal)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// # Errors
    /// It was closed with another key or for another owner, or is damaged.
    pub fn open(&self, sealed: &str, whose: &[u8]) -> Result<Vec<u8>, Fault> {
        let cannot = || Fault::internal("a sealed secret does not open: was security.secret_key changed?");
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| cannot())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(cannot)?;
        self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: whose }).map_err(|_| cannot())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_and_the_owner_open_what_was_closed() {
        let (seal, entropy) = (Seal::new(&[7; 32]), Entropy::seeded(7));
        let closed = seal.close(b"secret", b"anna", &entropy).unwrap();
        assert_eq!(seal.open(&closed, b"anna").unwrap(), b"secret");
        assert_ne!(seal.close(b"secret", b"anna", &entropy).unwrap(), closed, "nonces differ");
        let damaged = format!("A{}", closed.get(1..).unwrap());
        for (seal, text, whose) in [
            (&seal, closed.as_str(), &b"boris"[..]),
            (&Seal::new(&[8; 32]), &closed, b"anna"),
            (&seal, &damaged, b"anna"),
            (&seal, "", b"anna"),
            (&seal, "no base64url!", b"anna"),
        ] {
            assert!(seal.open(text, whose).is_err(), "{text}");
        }
    }
}
