//! Exact numbers: 64-bit integers that count the smallest unit.
//!
//! SQLite keeps decimals as REAL, so nothing near money or readings is a decimal column or a float.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate};
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A text that is not an exact number of the wanted scale, or not a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotExact {
    /// Not digits with at most one point and a leading minus.
    Malformed,
    /// More digits after the point than the type keeps.
    TooPrecise,
    /// Beyond 15 digits: no bill, meter or price comes near.
    TooLarge,
}

impl fmt::Display for NotExact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a number",
            Self::TooPrecise => "too many digits after the point",
            Self::TooLarge => "too large",
        })
    }
}

impl std::error::Error for NotExact {}

const MAX_DIGITS: usize = 15;

/// Counts of the smallest unit; `scale` digits after the point.
fn parse(text: &str, scale: u32) -> Result<i64, NotExact> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return Err(NotExact::Malformed);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > scale as usize {
        return Err(NotExact::TooPrecise);
    }
    let padding = scale as usize - fraction.len();
    let mut joined = String::with_capacity(whole.len() + scale as usize);
    joined.push_str(whole.trim_start_matches('0'));
    joined.push_str(fraction);
    joined.extend(std::iter::repeat_n('0', padding));
    if joined.len() > MAX_DIGITS + 2 {
        return Err(NotExact::TooLarge);
    }
    let units: i64 = if joined.is_empty() { 0 } else { joined.parse().map_err(|_| NotExact::TooLarge)? };
    Ok(if negative { -units } else { units })
}

fn display(units: i64, scale: u32, keep: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let one = 10_u64.pow(scale);
    let (whole, rest) = (units.unsigned_abs() / one, units.unsigned_abs() % one);
    let sign = if units < 0 { "-" } else { "" };
    let mut fraction = format!("{rest:0width$}", width = scale as usize);
    while fraction.len() > keep as usize && fraction.ends_with('0') {
        fraction.pop();
    }
    if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
}

macro_rules! exact {
    ($($(#[$doc:meta])* $name:ident: scale $scale:literal, shows at least $keep:literal;)+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize,
        )]
        pub struct $name(pub i64);

        impl $name {
            pub const SCALE: u32 = $scale;
            pub const ZERO: Self = Self(0);
            pub const ONE: Self = Self(10_i64.pow($scale));

            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
        }

        impl FromStr for $name {
            type Err = NotExact;

            fn from_str(text: &str) -> Result<Self, NotExact> {
                parse(text, $scale).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                display(self.0, $scale, $keep, f)
            }
        }

        impl Add for $name {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl Sub for $name {
            type Output = Self;

            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Neg for $name {
            type Output = Self;

            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, Add::add)
            }
        }
    )+};
}

exact! {
    /// Roubles, counted in kopecks. Signed where a column says so.
    Money: scale 2, shows at least 2;
    /// A reading, a volume or an area in its unit, counted in ten-thousandths.
    Quantity: scale 4, shows at least 0;
    /// Roubles per unit, counted in hundred-thousandths.
    Price: scale 5, shows at least 2;
    /// A dimensionless factor, counted in millionths.
    Coefficient: scale 6, shows at least 0;
}

/// A billing period, kept as the number YYYYMM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize)]
pub struct YearMonth(pub i32);

impl YearMonth {
    pub fn of(date: NaiveDate) -> Self {
        Self(date.year() * 100 + date.month().cast_signed())
    }

    /// The first day of the month; the epoch for a number that is no month.
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0 / 100, (self.0 % 100).unsigned_abs(), 1).unwrap_or_default()
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self::of(self.first_day() + Months::new(1))
    }

    #[must_use]
    pub fn previous(self) -> Self {
        Self::of(self.first_day() - Months::new(1))
    }
}

impl FromStr for YearMonth {
    type Err = NotExact;

    fn from_str(text: &str) -> Result<Self, NotExact> {
        let (year, month) = text.split_once('-').ok_or(NotExact::Malformed)?;
        let in_form =
            year.len() == 4 && month.len() == 2 && (year.to_owned() + month).bytes().all(|b| b.is_ascii_digit());
        if !in_form {
            return Err(NotExact::Malformed);
        }
        let year: i32 = year.parse().map_err(|_| NotExact::Malformed)?;
        let month: i32 = month.parse().map_err(|_| NotExact::Malformed)?;
        if !(1900..=2199).contains(&year) || !(1..=12).contains(&month) {
            return Err(NotExact::Malformed);
        }
        Ok(Self(year * 100 + month))
    }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_survive_the_way_through_text() {
        for (text, units) in [("1956.85", 195_685), ("-0.05", -5), ("0", 0), ("007.5", 750), ("12.300", 1230)] {
            assert_eq!(text.parse(), Ok(Money(units)), "{text}");
        }
        assert_eq!(Money(-5).to_string(), "-0.05");
        assert_eq!(Money(100).to_string(), "1.00");
        assert_eq!(Quantity(1_234_500).to_string(), "123.45");
        assert_eq!(Quantity(50_000).to_string(), "5");
        assert_eq!(Price(732_800).to_string(), "7.328");
    }

    #[test]
    fn what_is_not_an_exact_number_is_refused() {
        for text in ["", "-", ".5", "5.", "1e3", "1,5", "+1", " 1", "1.2.3", "NaN", "٣"] {
            assert_eq!(text.parse::<Money>(), Err(NotExact::Malformed), "{text}");
        }
        assert_eq!("1.005".parse::<Money>(), Err(NotExact::TooPrecise));
        assert_eq!("99999999999999999999".parse::<Money>(), Err(NotExact::TooLarge));
    }

    #[test]
    fn a_period_follows_the_calendar() {
        let december = "2025-12".parse::<YearMonth>();
        assert_eq!(december.map(YearMonth::next), Ok(YearMonth(202_601)));
        assert_eq!(YearMonth(202_601).previous().to_string(), "2025-12");
        for text in ["2025-13", "2025-00", "25-01", "2025-1", "2025/01", "-202-01"] {
            assert!(text.parse::<YearMonth>().is_err(), "{text}");
        }
    }
}
