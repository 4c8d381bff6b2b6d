//! Roubles as people write them.

/// Narrow no-break space: a sum never breaks between its digits.
const SPACE: char = '\u{202F}';

/// From decimal text: `1956.85` is "1 956,85 ₽" in Russian and "₽1,956.85" in English.
pub fn money(amount: &str, lang: &str) -> String {
    let (minus, amount) = amount.strip_prefix('-').map_or(("", amount), |amount| ("\u{2212}", amount));
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    if lang == "en" {
        format!("{minus}₽{}.{fraction:0<2}", grouped(whole, ','))
    } else {
        format!("{minus}{},{fraction:0<2}{SPACE}₽", grouped(whole, SPACE))
    }
}

fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_read_as_in_the_language() {
        for (amount, ru, en) in [
            ("1956.85", "1_956,85_₽", "₽1,956.85"),
            ("0.5", "0,50_₽", "₽0.50"),
            ("700000", "700_000,00_₽", "₽700,000.00"),
            ("-1234567.01", "−1_234_567,01_₽", "−₽1,234,567.01"),
        ] {
            assert_eq!(money(amount, "ru").replace(SPACE, "_"), ru);
            assert_eq!(money(amount, "en"), en);
        }
    }
}
