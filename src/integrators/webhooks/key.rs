//! Keys of an address: how they are made, kept and signed with.
//!
//! Two kinds, by the convention: a shared secret (HMAC-SHA-256, `v1`) and a pair (ed25519, RFC 8032, `v1a`), of which receivers
//! get the public half.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use entity::enums::WebhookKeyKind;
use entity::ids::{WebhookEndpointId, WebhookKeyId};
use entity::webhook_key;
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::Sha256;

use crate::kernel::{Clock, Entropy, Fault};
use crate::platform::seal::Seal;

/// Of a shared secret, what everybody may know, and what nobody may.
const SECRET: &str = "whsec_";
const PUBLIC: &str = "whpk_";

/// A key with what its owner is shown, once: the shared secret, or the pair's public half.
#[derive(Clone)]
pub struct Made {
    pub row: webhook_key::Model,
    pub shown: String,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("row", &self.row.id).finish_non_exhaustive()
    }
}

pub(super) fn make(
    kind: WebhookKeyKind,
    endpoint: WebhookEndpointId,
    (seal, clock, entropy): (&Seal, &Clock, &Entropy),
) -> Result<Made, Fault> {
    let secret = entropy.bytes::<32>()?;
    let id: WebhookKeyId = entropy.id(clock)?;
    let public_key = match kind {
        WebhookKeyKind::Hmac => None,
        WebhookKeyKind::Ed25519 => Some(format!("{PUBLIC}{}", STANDARD.encode(pair(&secret)?.public_key()))),
    };
    let shown = public_key.clone().unwrap_or_else(|| format!("{SECRET}{}", STANDARD.encode(secret)));
    let row = webhook_key::Model {
        id,
        webhook_endpoint_id: endpoint,
        kind,
        sealed: seal.close(&secret, id.0.as_bytes(), entropy)?,
        public_key,
        created_at: clock.now(),
        expires_at: None,
    };
    Ok(Made { row, shown })
}

fn pair(seed: &[u8]) -> Result<Ed25519KeyPair, Fault> {
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(Fault::internal)
}

/// The value of `webhook-signature`: one signature for each key that opens, the newest first. None where none does.
pub(super) fn signatures(
    seal: &Seal,
    keys: &[webhook_key::Model],
    id: &str,
    at: DateTime<Utc>,
    body: &str,
) -> Result<Option<String>, Fault> {
    let signed = format!("{id}.{}.{body}", at.timestamp());
    let opened = keys.iter().filter_map(|key| match seal.open(&key.sealed, key.id.0.as_bytes()) {
        Ok(secret) => Some((key.kind, secret)),
        Err(fault) => {
            tracing::error!(key = key.id.0.to_string(), %fault, "a key of a webhook");
            None
        }
    });
    let all = opened.map(|(kind, secret)| sign(kind, &secret, signed.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    Ok((!all.is_empty()).then(|| all.join(" ")))
}

fn sign(kind: WebhookKeyKind, secret: &[u8], signed: &[u8]) -> Result<String, Fault> {
    Ok(match kind {
        WebhookKeyKind::Hmac => {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Fault::internal)?;
            mac.update(signed);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        }
        WebhookKeyKind::Ed25519 => format!("v1a,{}", STANDARD.encode(pair(secret)?.sign(signed))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the convention's text.
    #[test]
    fn the_published_signature_comes_out() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        let signature = sign(WebhookKeyKind::Hmac, &secret, signed).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_that_does_not_open_is_left_out_and_none_signs_nothing() {
        let (clock, entropy) = (Clock::fixed("2026-06-20T09:00:00Z".parse().unwrap()), Entropy::seeded(5));
        let (seal, other) = (Seal::new(&[3; 32]), Seal::new(&[4; 32]));
        let endpoint = entropy.id(&clock).unwrap();
        let lost = make(WebhookKeyKind::Hmac, endpoint, (&other, &clock, &entropy)).unwrap().row;
        let good = make(WebhookKeyKind::Hmac, endpoint, (&seal, &clock, &entropy)).unwrap().row;
        let value = |keys: &[webhook_key::Model]| signatures(&seal, keys, "msg_1", clock.now(), "{}").unwrap();
        assert_eq!(value(&[lost.clone(), good.clone()]), value(&[good]));
        assert_eq!(value(&[lost]), None);
    }

    #[test]
    fn each_key_signs_by_its_kind_and_is_kept_sealed() {
        let (seal, clock, entropy) =
            (Seal::new(&[3; 32]), Clock::fixed("2026-06-20T09:00:00Z".parse().unwrap()), Entropy::seeded(5));
        let endpoint = entropy.id(&clock).unwrap();
        let tools = (&seal, &clock, &entropy);
        let shared = make(WebhookKeyKind::Hmac, endpoint, tools).unwrap();
        let paired = make(WebhookKeyKind::Ed25519, endpoint, tools).unwrap();
        assert!(shared.shown.starts_with("whsec_") && paired.shown.starts_with("whpk_"));
        let secret = STANDARD.decode(shared.shown.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(secret.len(), 32, "24 to 64 bytes, by the convention");
        assert!(!shared.row.sealed.contains(&shared.shown));
        let value = signatures(&seal, &[shared.row, paired.row], "msg_1", clock.now(), "{}").unwrap().unwrap();
        let (hmac, ed25519) = value.split_once(' ').unwrap();
        let signed = format!("msg_1.{}.{{}}", clock.now().timestamp());
        assert_eq!(hmac, sign(WebhookKeyKind::Hmac, &secret, signed.as_bytes()).unwrap());
        let public = STANDARD.decode(paired.shown.strip_prefix("whpk_").unwrap()).unwrap();
        let signature = STANDARD.decode(ed25519.strip_prefix("v1a,").unwrap()).unwrap();
        let verifier = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
        verifier.verify(signed.as_bytes(), &signature).unwrap();
        assert!(verifier.verify(b"msg_1.0.{}", &signature).is_err());
    }
}
