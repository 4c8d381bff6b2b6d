//! Proof of work against robots: costs a person nothing and a robot's owner electricity.
//!
//! The client looks for a number so that SHA-256 of `challenge:number` begins with so many zero bits. The challenge is
//! signed, bound to an action, dated, and spent by its first use.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::CaptchaAction;
use crate::config::CaptchaConfig;
use crate::kernel::{Clock, Entropy, Fault};
use crate::platform::keyvalue::{Entry, Key, KeyValue, Space};
use crate::platform::secret::{SigningKey, hex};

const SPACE: Space = Space("captcha");
const VERSION: &str = "1";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub challenge: String,
    /// Leading zero bits to find; 0: any number will do.
    pub difficulty: u8,
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug)]
pub struct ProofOfWork {
    config: CaptchaConfig,
    signing_key: SigningKey,
    keys: KeyValue,
    clock: Clock,
    entropy: Entropy,
}

impl ProofOfWork {
    pub fn new(config: CaptchaConfig, signing_key: SigningKey, keys: KeyValue, clock: Clock, entropy: Entropy) -> Self {
        Self { config, signing_key, keys, clock, entropy }
    }

    /// Nothing is stored until a challenge is solved.
    pub fn challenge(&self, action: CaptchaAction) -> Result<Challenge, Fault> {
        let expires_at = self.clock.now() + self.config.lifetime;
        let difficulty = self.config.difficulty;
        let salt = hex(&self.entropy.bytes::<16>()?);
        let body = format!("{VERSION}.{}.{difficulty}.{}.{salt}", action.word(), expires_at.timestamp());
        let challenge = format!("{body}.{}", self.signing_key.sign(&body)?);
        Ok(Challenge { challenge, difficulty, expires_at })
    }

    /// True for the first right answer to a challenge of ours.
    pub async fn accept(&self, action: CaptchaAction, answer: Option<&str>) -> Result<bool, Fault> {
        if self.config.difficulty == 0 {
            return Ok(true);
        }
        let Some((challenge, number)) = answer.and_then(|answer| answer.rsplit_once(':')) else { return Ok(false) };
        let Some(expires_at) = self.valid_until(action, challenge)? else { return Ok(false) };
        let in_form = number.len() <= 20 && number.bytes().all(|b| b.is_ascii_digit());
        let digest = Sha256::digest(format!("{challenge}:{number}").as_bytes());
        if !in_form || leading_zero_bits(&digest) < u32::from(self.config.difficulty) {
            return Ok(false);
        }
        let spent = Entry { owner: None, value: String::new(), expires_at };
        self.keys.add(SPACE, &Key::of_secret(challenge), &spent).await
    }

    fn valid_until(&self, action: CaptchaAction, challenge: &str) -> Result<Option<DateTime<Utc>>, Fault> {
        let Some((body, signature)) = challenge.rsplit_once('.') else { return Ok(None) };
        if !self.signing_key.signed(body, signature)? {
            return Ok(None);
        }
        let mut parts = body.split('.');
        let ours = parts.next() == Some(VERSION)
            && parts.next() == Some(action.word())
            && parts.next() == Some(&self.config.difficulty.to_string());
        let expires_at = parts.next().and_then(|text| text.parse().ok()).and_then(|at| DateTime::from_timestamp(at, 0));
        Ok(expires_at.filter(|at| ours && *at > self.clock.now()))
    }
}

fn leading_zero_bits(bytes: &[u8]) -> u32 {
    let zero_bytes = bytes.iter().take_while(|byte| **byte == 0).count();
    let next = bytes.get(zero_bytes).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(zero_bytes).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_bits_are_counted_across_bytes() {
        for (bytes, bits) in [(&[0x80_u8][..], 0), (&[0x01, 0], 7), (&[0, 0x10], 11), (&[0, 0], 16), (&[], 0)] {
            assert_eq!(leading_zero_bits(bytes), bits, "{bytes:?}");
        }
    }
}
