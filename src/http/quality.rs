//! Headers that weigh their items: Accept, Accept-Language (RFC 9110, section 12.4.2).

/// The items with their weights in thousandths, in the order of the header. Other parameters are left out.
pub fn weighed(header: &str) -> impl Iterator<Item = (&str, u16)> {
    header.split(',').filter_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let value = parts.next().filter(|value| !value.is_empty())?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((value, weight.map_or(1000, thousandths)))
    })
}

/// What is no weight counts as none.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{fraction:0<3}");
    match (whole, digits.get(..3).and_then(|digits| digits.parse::<u16>().ok())) {
        ("1", Some(0)) => 1000,
        ("0", Some(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_in_thousandths() {
        let items: Vec<_> = weighed("a/b;level=1;q=0.25, c/d ;q=1.0,e/f, ,g/h;q=0, i/j;q=7, k/l;q=0.1239").collect();
        let expected = [("a/b", 250), ("c/d", 1000), ("e/f", 1000), ("g/h", 0), ("i/j", 0), ("k/l", 123)];
        assert_eq!(items, expected);
    }
}
