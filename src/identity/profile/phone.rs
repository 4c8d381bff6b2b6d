//! Phone numbers in the one form that is stored (ITU-T E.164).

/// Digits of an international number, with the country code (E.164, 6.2.1). The least is that of the shortest in use.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// `+79123456789` from the ways in which people write it; none for what is no number.
///
/// A number without a country code is Russian: ten digits, or eleven with the 8 or 7 before them.
pub fn normalised_phone(text: &str) -> Option<String> {
    let text = text.trim();
    let (international, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
    let mut digits = String::new();
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '\u{a0}' | '\u{202f}' | '-' | '\u{2010}'..='\u{2013}' | '(' | ')' | '.' => {}
            _ => return None,
        }
    }
    let russian = match (international, digits.len()) {
        (true, _) => digits.strip_prefix('7'),
        (false, 11) => Some(digits.strip_prefix(['7', '8'])?),
        (false, 10) => Some(digits.as_str()),
        (false, _) => return None,
    };
    match russian {
        Some(national) => is_in_zone_seven(national).then(|| format!("+7{national}")),
        // No country code begins with 0, and none with 89: that is a Russian 8 behind a plus.
        None if digits.starts_with('0') || digits.starts_with("89") => None,
        None => DIGITS.contains(&digits.len()).then(|| format!("+{digits}")),
    }
}

/// Area codes of Russia begin with 3, 4, 8 and 9, those of Kazakhstan with 6 and 7.
fn is_in_zone_seven(national: &str) -> bool {
    national.len() == 10 && national.starts_with(['3', '4', '6', '7', '8', '9'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_write_a_number_are_one_number() {
        for text in [
            "+7 (912) 345-67-89",
            "8 (912) 345-67-89",
            "89123456789",
            "79123456789",
            "9123456789",
            "912.345.67.89",
            " +7\u{a0}912\u{a0}345\u{2011}67\u{2013}89 ",
        ] {
            assert_eq!(normalised_phone(text).as_deref(), Some("+79123456789"), "{text}");
        }
        for (text, number) in [
            ("8 (495) 123-45-67", "+74951234567"),
            ("8-800-555-35-35", "+78005553535"),
            ("8005553535", "+78005553535"),
            ("+7 701 234 56 78", "+77012345678"),
            ("+375 29 123-45-67", "+375291234567"),
            ("+1 202 555 0123", "+12025550123"),
            ("+86 138 0013 8000", "+8613800138000"),
            ("+290 12345", "+29012345"),
        ] {
            assert_eq!(normalised_phone(text).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "7",
            "phone",
            "912345678",
            "+7912345678",
            "+791234567890",
            "891234567890",
            "69123456789",
            "+7 012 345 67 89",
            "8 (512) 345-67-89",
            "+8 912 345 67 89",
            "+0123456789",
            "+1234567",
            "+1234567890123456",
            "++79123456789",
            "+7912345678a",
            "8 912 345 67 89 доб. 5",
            "٨٩١٢٣٤٥٦٧٨٩",
            "7+9123456789",
        ] {
            assert_eq!(normalised_phone(text), None, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_number_is_e164_and_normal_already(text in "[+0-9 ()-]{0,24}") {
            if let Some(number) = normalised_phone(&text) {
                let digits = number.strip_prefix('+').unwrap();
                proptest::prop_assert!((8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
                proptest::prop_assert_eq!(normalised_phone(&number), Some(number));
            }
        }
    }
}
