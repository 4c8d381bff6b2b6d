//! Recovery codes: as long as a secret that is hashed fast must be, and forgiving about how they are typed.

use super::totp::DIGITS;
use crate::kernel::{Entropy, Fault};
use crate::platform::secret::fingerprint;

/// Given at once; a new set makes the old one void.
pub const CODES: usize = 10;
/// Crockford's base 32: nothing that is read as something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BYTES: usize = 10;
const LETTERS: usize = 16;
const GROUP: usize = 4;
/// Longer than any code with the spaces that people put in.
const LONGEST: usize = 64;

/// What a person may type where a code is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    Totp(String),
    /// As it is kept.
    Recovery(String),
}

impl Code {
    /// None: it is no code, and nothing has to be looked up.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let bare: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
        if bare.len() == DIGITS && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Totp(bare));
        }
        let normal: String = bare.chars().map(normal).collect();
        let whole = normal.len() == LETTERS && normal.bytes().all(|byte| ALPHABET.contains(&byte));
        whole.then(|| Self::Recovery(fingerprint(&normal)))
    }
}

fn normal(letter: char) -> char {
    match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

/// Codes to show once, and what is kept of them.
pub fn new_codes(entropy: &Entropy) -> Result<(Vec<String>, Vec<String>), Fault> {
    let bare = (0..CODES).map(|_| Ok(letters(entropy.bytes()?))).collect::<Result<Vec<_>, Fault>>()?;
    let hashes = bare.iter().map(|code| fingerprint(code)).collect();
    let shown = bare.iter().map(|code| {
        let letters: Vec<char> = code.chars().collect();
        letters.chunks(GROUP).map(String::from_iter).collect::<Vec<_>>().join("-")
    });
    Ok((shown.collect(), hashes))
}

/// Five bits a letter.
fn letters(bytes: [u8; BYTES]) -> String {
    let bits = bytes.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let letter = |index: usize| {
        let five = usize::try_from(bits >> (5 * (LETTERS - 1 - index)) & 31).unwrap_or_default();
        ALPHABET.get(five).copied().map_or('0', char::from)
    };
    (0..LETTERS).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let (shown, kept) = new_codes(&Entropy::seeded(7)).unwrap();
        assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), CODES);
        for (code, hash) in shown.iter().zip(&kept) {
            assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
            for typed in [code.clone(), code.to_lowercase(), code.replace('-', " "), format!(" {code}\n")] {
                assert_eq!(Code::read(&typed), Some(Code::Recovery(hash.clone())), "{typed}");
            }
        }
        assert_eq!(Code::read("0o1iL00000000000"), Code::read("0011-1000-0000-0000"));
    }

    #[test]
    fn bits_become_letters_from_the_left() {
        assert_eq!(letters([0; BYTES]), "0000000000000000");
        assert_eq!(letters([0xff; BYTES]), "ZZZZZZZZZZZZZZZZ");
        assert_eq!(letters([0b0000_1000, 0b1000_0110, 0, 0, 0, 0, 0, 0, 0, 0]), "1230000000000000");
    }

    #[test]
    fn six_digits_are_the_apps_and_anything_else_is_no_code() {
        for typed in ["123456", "123 456", " 123-456 "] {
            assert_eq!(Code::read(typed), Some(Code::Totp("123456".to_owned())));
        }
        let long = "0".repeat(100);
        for typed in ["", "12345", "1234567", "１２３４５６", "U000-0000-0000-0000", "0000-0000-0000-000", &long]
        {
            assert_eq!(Code::read(typed), None, "{typed}");
        }
    }
}
