//! Passwords: which are taken, and how they are kept.

pub mod calibration;
mod context;
mod hasher;

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::config::PasswordPolicyName;
use crate::kernel::EmailAddress;

use context::ContextWords;
pub use hasher::{Hasher, Verified, hashed_at_once};

/// Passwords that lists of leaks begin with; one a line, lower case.
const COMMON: &str = include_str!("password/common.txt");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordRefusal {
    TooShort {
        least: usize,
    },
    TooLong {
        most: usize,
    },
    /// The rule `seed` takes Latin letters and digits only.
    OtherCharacters,
    /// One of those that are tried first, or mostly the service's own words.
    Common,
    ContainsLogin,
}

/// The rule in force.
#[derive(Clone, Debug)]
pub struct Policy {
    pub name: PasswordPolicyName,
    context: Arc<ContextWords>,
}

impl Policy {
    /// `public_url`: where the service's own name is taken from.
    pub fn new(name: PasswordPolicyName, public_url: &str) -> Self {
        Self { name, context: Arc::new(ContextWords::of_service(public_url)) }
    }

    pub const fn least(&self) -> usize {
        match self.name {
            PasswordPolicyName::Modern => 8,
            PasswordPolicyName::Seed => 5,
        }
    }

    pub const fn most(&self) -> usize {
        match self.name {
            PasswordPolicyName::Modern => 128,
            PasswordPolicyName::Seed => 10,
        }
    }

    /// Characters are code points after NFC (NIST SP 800-63B-4, 3.1.1.2).
    pub fn check(&self, password: &str, login: &EmailAddress) -> Result<(), PasswordRefusal> {
        let length = password.nfc().count();
        if length < self.least() {
            return Err(PasswordRefusal::TooShort { least: self.least() });
        }
        if length > self.most() {
            return Err(PasswordRefusal::TooLong { most: self.most() });
        }
        match self.name {
            PasswordPolicyName::Seed if !password.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Err(PasswordRefusal::OtherCharacters)
            }
            PasswordPolicyName::Seed => Ok(()),
            PasswordPolicyName::Modern => not_guessable(&password.to_lowercase(), login, &self.context),
        }
    }
}

fn not_guessable(password: &str, login: &EmailAddress, context: &ContextWords) -> Result<(), PasswordRefusal> {
    if COMMON.lines().any(|common| common == password) || context.make_up(password) {
        return Err(PasswordRefusal::Common);
    }
    let name = login.local_part();
    if password.contains(login.as_str()) || (name.chars().count() >= 4 && password.contains(name)) {
        return Err(PasswordRefusal::ContainsLogin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: PasswordPolicyName, password: &str) -> Result<(), PasswordRefusal> {
        let policy = Policy::new(name, "https://cabinet.example");
        policy.check(password, &"anna.petrova@example.com".parse().unwrap())
    }

    #[test]
    fn modern_takes_any_script_and_length_up_to_128() {
        for password in ["тёплый вечер", "12 monkeys!", "a1b2c3d4e5", &"x".repeat(128)] {
            assert_eq!(check(PasswordPolicyName::Modern, password), Ok(()), "{password}");
        }
        assert_eq!(check(PasswordPolicyName::Modern, "short77"), Err(PasswordRefusal::TooShort { least: 8 }));
        assert_eq!(check(PasswordPolicyName::Modern, &"x".repeat(129)), Err(PasswordRefusal::TooLong { most: 128 }));
        assert_eq!(check(PasswordPolicyName::Modern, "Password1"), Err(PasswordRefusal::Common));
        assert_eq!(check(PasswordPolicyName::Modern, "Мой Кабинет 1"), Err(PasswordRefusal::Common));
        assert_eq!(check(PasswordPolicyName::Modern, "my Anna.Petrova 1"), Err(PasswordRefusal::ContainsLogin));
    }

    #[test]
    fn seed_takes_exactly_five_to_ten_latin_letters_and_digits() {
        for (password, expected) in [
            ("abc12", Ok(())),
            ("abcdefghi1", Ok(())),
            ("abc1", Err(PasswordRefusal::TooShort { least: 5 })),
            ("abcdefghi12", Err(PasswordRefusal::TooLong { most: 10 })),
            ("abc-12", Err(PasswordRefusal::OtherCharacters)),
            ("пароль1", Err(PasswordRefusal::OtherCharacters)),
        ] {
            assert_eq!(check(PasswordPolicyName::Seed, password), expected, "{password}");
        }
    }
}
