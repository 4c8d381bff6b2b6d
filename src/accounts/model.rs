//! Words and rules of accounts without I/O.

use chrono::{DateTime, Utc};
use entity::exact::Money;
use entity::personal_account;

/// No sign to guess: one of the two sums is zero, neither is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    pub owed: Money,
    pub credit: Money,
    pub as_of: DateTime<Utc>,
    /// Of the account's ledger.
    pub version: i64,
}

impl Balance {
    /// From a signed sum: positive is owed.
    pub fn of(signed: Money, as_of: DateTime<Utc>, version: i64) -> Self {
        let (owed, credit) = if signed.is_negative() { (Money::ZERO, -signed) } else { (signed, Money::ZERO) };
        Self { owed, credit, as_of, version }
    }

    pub fn of_account(account: &personal_account::Model) -> Self {
        Self::of(account.balance, account.balance_as_of, account.version)
    }
}

/// The number as it is compared: people type and paste spaces.
pub fn plain_number(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace()).collect()
}

/// An address that tells its owner "yes, that one" and a stranger little: region and town at its beginning are shown, of
/// every other word the first letter, of a number nothing.
///
/// `г. Воронеж, ул. Мира, д. 12, кв. 7` becomes `г. Воронеж, у… М…, д… …, к… …`.
pub fn masked_address(address: &str) -> String {
    let mut at_its_beginning = true;
    let masked = address.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| {
        at_its_beginning &= is_region_or_town(part);
        if at_its_beginning { part.to_owned() } else { masked_words(part) }
    });
    masked.collect::<Vec<_>>().join(", ")
}

/// By the words of the state register of addresses (order of the Ministry of Finance of 05.11.2015 № 171н).
fn is_region_or_town(part: &str) -> bool {
    const WORDS: [&str; 28] = [
        "аул",
        "г",
        "город",
        "край",
        "область",
        "обл",
        "округ",
        "п",
        "пгт",
        "пос",
        "поселок",
        "посёлок",
        "район",
        "респ",
        "республика",
        "рп",
        "р-н",
        "с",
        "село",
        "ст-ца",
        "станица",
        "х",
        "хутор",
        "деревня",
        "дер",
        "ст",
        "мкр",
        "тер",
    ];
    let words = part.split([' ', '.']).map(str::to_lowercase);
    let known = words.filter(|word| !word.is_empty()).any(|word| WORDS.contains(&word.as_str()));
    known && !part.contains(|c: char| c.is_ascii_digit())
}

fn masked_words(part: &str) -> String {
    let masked = |word: &str| word.chars().take(1).filter(|first| first.is_alphabetic()).chain(['…']).collect();
    part.split([' ', '.']).filter(|word| !word.is_empty()).map(masked).collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_of_a_balance_is_zero() {
        let now = DateTime::default();
        assert_eq!(Balance::of(Money(195_685), now, 3).owed, Money(195_685));
        let overpaid = Balance::of(Money(-500), now, 3);
        assert_eq!((overpaid.owed, overpaid.credit), (Money::ZERO, Money(500)));
    }

    #[test]
    fn a_masked_address_names_region_and_town_only() {
        for (address, masked) in [
            ("г. Воронеж, ул. Мира, д. 12, кв. 7", "г. Воронеж, у… М…, д… …, к… …"),
            ("Воронежская обл., г. Воронеж, ул. Мира, д. 12", "Воронежская обл., г. Воронеж, у… М…, д… …"),
            ("г. Тест,ул. Тайная,д. 12,кв.7", "г. Тест, у… Т…, д… …, к… …"),
            ("с. Новое", "с. Новое"),
            ("ул. Мира, д. 12, г. Воронеж", "у… М…, д… …, г… В…"),
            ("Мира 12 кв 7", "М… … к… …"),
            ("г. Воронеж ул. Мира 12", "г… В… у… М… …"),
        ] {
            assert_eq!(masked_address(address), masked);
        }
    }
}
