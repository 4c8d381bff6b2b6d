//! Codes by the clock (TOTP, RFC 6238): SHA-1, six digits, 30 seconds, which is what every authenticator app can do.

use chrono::{DateTime, Utc};
use totp_rs::{Builder, Secret};

use crate::kernel::Fault;
use crate::platform::qr::svg;

/// Bytes: as many as the hash has (RFC 4226, section 4, R6).
pub const SECRET: usize = 20;
pub const DIGITS: usize = 6;
const SECONDS: i64 = 30;

/// What an authenticator app is told, in the three forms that people use.
#[derive(Clone)]
pub struct Enrolment {
    /// Base32 (RFC 4648) without padding, to be typed.
    pub secret: String,
    pub uri: String,
    /// The URI as a picture.
    pub qr_svg: String,
}

pub fn enrolment(secret: [u8; SECRET], issuer: &str, account: &str) -> Result<Enrolment, Fault> {
    let named = builder(secret).with_issuer(Some(issuer)).with_account_name(account);
    let totp = named.build().map_err(Fault::internal)?;
    let uri = totp.to_url().map_err(Fault::internal)?;
    let qr_svg = svg(&uri)?;
    Ok(Enrolment { secret: totp.secret().to_base32(), uri, qr_svg })
}

/// The step whose code this is: the present one or the one before, for who types slowly (RFC 6238, section 5.2).
pub fn step_of(secret: [u8; SECRET], code: &str, now: DateTime<Utc>) -> Result<Option<i64>, Fault> {
    let totp = builder(secret).build().map_err(Fault::internal)?;
    let present = now.timestamp().div_euclid(SECONDS);
    for step in [present, present.saturating_sub(1)] {
        let Ok(seconds) = u64::try_from(step.saturating_mul(SECONDS)) else { continue };
        if totp.check(code, seconds).is_some() {
            return Ok(Some(step));
        }
    }
    Ok(None)
}

fn builder(secret: [u8; SECRET]) -> Builder {
    // Without the library's own tolerance, which takes the step after the present one as well.
    Builder::new().with_secret(Secret::new_stack(secret)).with_skew(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: [u8; SECRET] = *b"12345678901234567890";

    fn step(code: &str, seconds: i64) -> Option<i64> {
        step_of(RFC, code, DateTime::from_timestamp(seconds, 0).unwrap()).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        // The last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step(code, seconds), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_in_its_step_and_the_next_and_at_no_other_time() {
        let code = "005924";
        let (first, of) = (1_234_567_890, 41_152_263);
        assert_eq!((step(code, first), step(code, first + 29)), (Some(of), Some(of)));
        assert_eq!((step(code, first + 30), step(code, first + 59)), (Some(of), Some(of)));
        assert_eq!((step(code, first - 1), step(code, first + 60)), (None, None));
        for wrong in ["", "5924", "00592", "0059240", "+05924", "００５９２４"] {
            assert_eq!(step(wrong, first), None, "{wrong}");
        }
        assert_eq!(step(code, -1), None);
    }

    #[test]
    fn an_app_is_told_whose_account_it_is() {
        let told = enrolment(RFC, "cabinet.example", "anna+1@example.com").unwrap();
        assert_eq!(told.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = "otpauth://totp/cabinet.example:anna%2B1%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert!(told.uri.starts_with(uri) && told.uri.contains("issuer=cabinet.example"), "{}", told.uri);
        assert!(told.qr_svg.starts_with("<svg ") && told.qr_svg.ends_with("</svg>"));
    }
}
