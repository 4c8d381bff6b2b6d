//! What the name of a file says: `7701234567_40702_001_1026.txt` by `{*}_{*}_{*}_{MMYY}.txt`.

use entity::exact::YearMonth;

/// The period that `name` states by `pattern`; none when the pattern has none.
///
/// # Errors
/// The name does not fit, for a person.
pub fn period_in(name: &str, pattern: &str) -> Result<Option<YearMonth>, String> {
    let misfit = || format!("the file is called {name:?}, the template expects {pattern:?}");
    let (mut rest, mut pattern_rest, mut period) = (name, pattern, None);
    while let Some((literal, tail)) = pattern_rest.split_once('{') {
        rest = rest.strip_prefix(literal).ok_or_else(misfit)?;
        let (place, tail) = tail.split_once('}').ok_or_else(|| format!("{pattern:?}: a brace is not closed"))?;
        if place == "*" {
            let next = tail.split('{').next().unwrap_or_default();
            let end = if next.is_empty() { Some(rest.len()) } else { rest.find(next) };
            rest = end.filter(|end| *end > 0).and_then(|end| rest.get(end..)).ok_or_else(misfit)?;
        } else {
            let digits = rest.get(..place.len()).ok_or_else(misfit)?;
            rest = rest.get(place.len()..).unwrap_or_default();
            period = Some(read(place, digits)?.ok_or_else(misfit)?);
        }
        pattern_rest = tail;
    }
    if rest == pattern_rest { Ok(period) } else { Err(misfit()) }
}

fn read(place: &str, digits: &str) -> Result<Option<YearMonth>, String> {
    let (year, month) = match place {
        "MMYY" => (digits.get(2..).map(|year| format!("20{year}")), digits.get(..2)),
        "MMYYYY" => (digits.get(2..).map(str::to_owned), digits.get(..2)),
        "YYYYMM" => (digits.get(..4).map(str::to_owned), digits.get(4..)),
        "YYYY-MM" => (digits.get(..4).map(str::to_owned), digits.get(5..)),
        "MM.YYYY" => (digits.get(3..).map(str::to_owned), digits.get(..2)),
        _ => {
            return Err(format!(
                "{{{place}}} is none of {{*}}, {{MMYY}}, {{MMYYYY}}, {{YYYYMM}}, {{YYYY-MM}}, {{MM.YYYY}}"
            ));
        }
    };
    let text = year.zip(month).map(|(year, month)| format!("{year}-{month}"));
    Ok(text.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_wherever_the_pattern_has_it() {
        let october = Ok(Some(YearMonth(202_610)));
        for (name, pattern) in [
            ("7701234567_40702_001_1026.txt", "{*}_{*}_{*}_{MMYY}.txt"),
            ("kvit-202610.csv", "kvit-{YYYYMM}.csv"),
            ("10.2026 начисления.csv", "{MM.YYYY}{*}"),
            ("2026-10", "{YYYY-MM}"),
            ("a102026", "a{MMYYYY}"),
        ] {
            assert_eq!(period_in(name, pattern), october, "{pattern}");
        }
        assert_eq!(period_in("any.txt", "{*}.txt"), Ok(None));
    }

    #[test]
    fn another_name_is_refused() {
        for (name, pattern) in [
            ("a_1326.txt", "a_{MMYY}.txt"),
            ("a_10.txt", "a_{MMYY}.txt"),
            ("_1026.txt", "{*}_{MMYY}.txt"),
            ("a_1026.csv", "a_{MMYY}.txt"),
            ("a_1026.txt.bak", "a_{MMYY}.txt"),
            ("я", "{MMYY}"),
            ("a", "{DD}"),
            ("a", "{MMYY"),
        ] {
            assert!(period_in(name, pattern).is_err(), "{name} {pattern}");
        }
    }
}
