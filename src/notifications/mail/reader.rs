//! Who reads a letter, and how dates, sums and links are written for them.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use entity::enums::Locale;
use entity::exact::Money;

#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub locale: Locale,
    /// Where the cabinet is found, without a slash at the end.
    pub site: &'a str,
}

impl Reader<'_> {
    pub fn link(self, page: &str, token: &str) -> String {
        format!("{}/{page}?token={token}", self.site)
    }

    /// In Moscow's time, which letters name: the reader may be anywhere.
    pub fn day_and_time(self, at: DateTime<Utc>) -> String {
        let Some(moscow) = FixedOffset::east_opt(3 * 3600) else { return at.to_rfc3339() };
        let local = at.with_timezone(&moscow);
        match self.locale {
            Locale::Ru => local.format("%d.%m.%Y %H:%M (МСК)").to_string(),
            Locale::En => local.format("%Y-%m-%d %H:%M (Moscow time)").to_string(),
        }
    }

    pub fn day(self, day: NaiveDate) -> String {
        match self.locale {
            Locale::Ru => day.format("%d.%m.%Y").to_string(),
            Locale::En => day.format("%Y-%m-%d").to_string(),
        }
    }

    pub fn roubles(self, amount: Money) -> String {
        roubles(amount, self.locale)
    }
}

/// The time in letters that are only looked at: 20 June 2026, 12:00 in Moscow.
pub(super) fn sample_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_781_946_000, 0).unwrap_or_default()
}

/// `1 956,85 ₽` or `₽1,956.85`, with no-break spaces.
pub fn roubles(amount: Money, locale: Locale) -> String {
    let text = amount.to_string();
    let (whole, kopecks) = text.split_once('.').unwrap_or((&text, "00"));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("\u{2212}", digits));
    let separator = match locale {
        Locale::Ru => '\u{a0}',
        Locale::En => ',',
    };
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    match locale {
        Locale::Ru => format!("{sign}{grouped},{kopecks}\u{a0}₽"),
        Locale::En => format!("{sign}₽{grouped}.{kopecks}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_as_their_readers_do() {
        assert_eq!(roubles(Money(195_685), Locale::Ru), "1\u{a0}956,85\u{a0}₽");
        assert_eq!(roubles(Money(-123_456_789), Locale::En), "\u{2212}₽1,234,567.89");
        assert_eq!(roubles(Money(5), Locale::Ru), "0,05\u{a0}₽");
    }
}
