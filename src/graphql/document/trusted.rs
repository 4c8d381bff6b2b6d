//! Documents that the operator has put beside the server: always known, never pushed out.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::cache::Hash;
use crate::kernel::Fault;

/// Texts by the SHA-256 of them. A folder holds them as `*.graphql`; a file is a JSON object of texts by their hashes.
pub fn read(path: &Path) -> Result<HashMap<Hash, String>, Fault> {
    let bad = |cause: String| Fault::internal(format!("graphql.trusted_documents: {}: {cause}", path.display()));
    if path.is_dir() {
        return folder(path).map_err(|cause| bad(cause.to_string()));
    }
    let text = fs::read_to_string(path).map_err(|cause| bad(cause.to_string()))?;
    let named: HashMap<String, String> = serde_json::from_str(&text).map_err(|cause| bad(cause.to_string()))?;
    let mut documents = HashMap::new();
    for (name, text) in named {
        let hash = hash_of(&text);
        if parse_hash(name.strip_prefix("sha256:").unwrap_or(&name)) != Some(hash) {
            return Err(bad(format!("the text under {name} has another SHA-256")));
        }
        documents.insert(hash, text);
    }
    Ok(documents)
}

fn folder(path: &Path) -> std::io::Result<HashMap<Hash, String>> {
    let mut documents = HashMap::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "graphql") {
            let text = fs::read_to_string(&file)?;
            documents.insert(hash_of(&text), text);
        }
    }
    Ok(documents)
}

pub fn hash_of(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// 64 hexadecimal digits.
pub fn parse_hash(text: &str) -> Option<Hash> {
    let digits: Vec<u8> = text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect::<Option<_>>()?;
    let bytes = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit));
    let bytes: Vec<u8> = bytes.collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_a_file_hold_the_same() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.graphql"), "{ a }").unwrap();
        fs::write(dir.path().join("notes.txt"), "nothing").unwrap();
        let name = crate::platform::secret::hex(&hash_of("{ a }"));
        let manifest = dir.path().join("manifest.json");
        fs::write(&manifest, format!("{{\"sha256:{name}\":\"{{ a }}\"}}")).unwrap();
        assert_eq!(read(dir.path()).unwrap(), read(&manifest).unwrap());
        assert_eq!(read(dir.path()).unwrap().len(), 1);
        fs::write(&manifest, format!("{{\"{name}\":\"{{ b }}\"}}")).unwrap();
        assert!(read(&manifest).unwrap_err().to_string().contains("another SHA-256"));
        assert!(read(&dir.path().join("missing")).is_err());
    }

    #[test]
    fn a_hash_is_64_digits() {
        let hash = hash_of("x");
        let text = crate::platform::secret::hex(&hash);
        assert_eq!(parse_hash(&text), Some(hash));
        assert_eq!(parse_hash(&text.to_uppercase()), Some(hash));
        for bad in [&text[1..], &format!("{text}0"), &text.replace(&text[..1], "g"), "", "ы"] {
            assert_eq!(parse_hash(bad), None, "{bad}");
        }
    }
}
