//! Secrets: how they are kept (hashed) and the key that signs.

use std::io::{ErrorKind, Write};
use std::path::Path;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::kernel::{Entropy, Fault};

const FILE: &str = "secret.key";
/// Characters; as for `security.secret_key`.
const SHORTEST_KEY: usize = 32;

/// SHA-256 as lower-case hex. Enough for secrets of 256 random bits; passwords are argon2's.
pub fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Signs what clients carry back to us (HMAC-SHA-256, RFC 2104).
#[derive(Clone, Debug)]
pub struct SigningKey(SecretString);

impl SigningKey {
    pub fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// The key kept in `data_dir/secret.key`, made at the first start.
    pub fn kept_in(data_dir: &Path, entropy: &Entropy) -> Result<Self, Fault> {
        let path = data_dir.join(FILE);
        if let Some(key) = read_key(&path)? {
            return Ok(Self(key));
        }
        let made = std::fs::create_dir_all(data_dir)
            .map_err(|cause| cannot("write", &path, &cause))
            .and_then(|()| make_key(&path, entropy));
        made?;
        // Another process may have been faster: the file decides.
        let key = read_key(&path)?.ok_or_else(|| Fault::unavailable(format!("{} vanished", path.display())))?;
        Ok(Self(key))
    }

    pub fn sign(&self, message: &str) -> Result<String, Fault> {
        Ok(hex(&self.mac(message)?.finalize().into_bytes()))
    }

    /// In constant time.
    pub fn signed(&self, message: &str, signature: &str) -> Result<bool, Fault> {
        use subtle::ConstantTimeEq;
        Ok(self.sign(message)?.as_bytes().ct_eq(signature.as_bytes()).into())
    }

    /// A key for another use, which tells nothing about this one (HKDF-SHA-256, RFC 5869).
    pub fn derive(&self, purpose: &str) -> Result<[u8; 32], Fault> {
        let mut key = [0; 32];
        let root = Hkdf::<Sha256>::new(None, self.0.expose_secret().as_bytes());
        root.expand(purpose.as_bytes(), &mut key).map_err(Fault::internal)?;
        Ok(key)
    }

    fn mac(&self, message: &str) -> Result<Hmac<Sha256>, Fault> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).map_err(Fault::internal)?;
        mac.update(message.as_bytes());
        Ok(mac)
    }
}

/// None where there is no file yet. A short key would sign as if it were a good one.
fn read_key(path: &Path) -> Result<Option<SecretString>, Fault> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.trim().len() >= SHORTEST_KEY => Ok(Some(text.trim().to_owned().into())),
        Ok(_) => Err(Fault::unavailable(format!(
            "{} has fewer than {SHORTEST_KEY} characters: put it back from a backup, or delete it to have a new one made",
            path.display()
        ))),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cannot("read", path, &cause)),
    }
}

/// Appears whole or not at all, and never in the place of one that is there.
fn make_key(path: &Path, entropy: &Entropy) -> Result<(), Fault> {
    let draft = path.with_extension(format!("{}.new", fingerprint(&entropy.token()?)));
    let written = write_private(&draft, entropy.token()?.as_bytes()).and_then(|()| std::fs::hard_link(&draft, path));
    let removed = std::fs::remove_file(&draft);
    match written {
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(cannot("write", path, &cause)),
        _ => removed.map_err(|cause| cannot("remove", &draft, &cause)),
    }
}

fn cannot(what: &str, path: &Path, cause: &std::io::Error) -> Fault {
    Fault::unavailable(format!("cannot {what} {}: {cause}", path.display()))
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_a_broken_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = Entropy::seeded(7);
        let first = SigningKey::kept_in(folder.path(), &entropy).unwrap().sign("x").unwrap();
        assert_eq!(SigningKey::kept_in(folder.path(), &entropy).unwrap().sign("x").unwrap(), first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        for broken in [&b""[..], b"short", b"\xff\xfe no text, but more than thirty-two bytes of it"] {
            std::fs::write(folder.path().join(FILE), broken).unwrap();
            assert!(SigningKey::kept_in(folder.path(), &entropy).is_err());
        }
    }
}
