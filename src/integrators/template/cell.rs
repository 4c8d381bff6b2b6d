//! One cell: from their text to ours. No arithmetic but moving a point.

use chrono::NaiveDate;
use entity::exact::YearMonth;

use super::rules::{Given, Rule};

/// What is known of the whole file.
#[derive(Clone, Debug)]
pub struct Known {
    pub period: Option<YearMonth>,
    pub exported_at: String,
}

impl Rule {
    /// `text` is what stands in the rule's column, trimmed.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn apply(&self, text: &str, known: &Known) -> Result<String, String> {
        if let Some(given) = self.given {
            return known.tell(given);
        }
        if let Some(value) = &self.value {
            return Ok(value.clone());
        }
        if text.is_empty() {
            return Ok(self.default.clone().unwrap_or_default());
        }
        if !self.words.is_empty() {
            let known: Vec<_> = self.words.keys().map(String::as_str).collect();
            return self.words.get(text).cloned().ok_or_else(|| format!("{text:?} is none of {}", known.join(", ")));
        }
        if let Some(format) = &self.date {
            let date = NaiveDate::parse_from_str(text, format);
            return date.map(|date| date.to_string()).map_err(|_| format!("{text:?} is no date like {format}"));
        }
        self.number(text)
    }

    fn number(&self, text: &str) -> Result<String, String> {
        if self.decimal.is_none() && !self.kopecks {
            return Ok(text.to_owned());
        }
        // Thousands are set apart by blanks, and by the one that does not break.
        let mut text: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}')).collect();
        if let Some(mark) = self.decimal.filter(|mark| *mark != '.') {
            if text.contains('.') {
                return Err(format!("{text:?} has a point where the decimal mark is {mark:?}"));
            }
            text = text.replace(mark, ".");
        }
        if self.kopecks { roubles(&text) } else { Ok(text) }
    }
}

/// `-5` is `-0.05`.
fn roubles(kopecks: &str) -> Result<String, String> {
    let (sign, digits) = kopecks.strip_prefix('-').map_or(("", kopecks), |digits| ("-", digits));
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{kopecks:?} is no whole number of kopecks"));
    }
    let digits = format!("{digits:0>3}");
    let (whole, part) = digits.split_at(digits.len() - 2);
    Ok(format!("{sign}{whole}.{part}"))
}

impl Known {
    fn tell(&self, given: Given) -> Result<String, String> {
        let period = || self.period.ok_or("the period is known neither from the file's name nor from --period");
        Ok(match given {
            Given::Period => period()?.to_string(),
            Given::PeriodEnd => last_day(period()?).to_string(),
            Given::ExportedAt => self.exported_at.clone(),
        })
    }
}

fn last_day(period: YearMonth) -> NaiveDate {
    let next = period.next().first_day();
    next.pred_opt().unwrap_or(next)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn known() -> Known {
        Known { period: Some(YearMonth(202_602)), exported_at: "2026-03-01T08:00:00+03:00".into() }
    }

    fn apply(rule: &Rule, text: &str) -> Result<String, String> {
        rule.apply(text, &known())
    }

    #[test]
    fn numbers_lose_their_comma_and_kopecks_become_roubles() {
        let comma = Rule { decimal: Some(','), ..Rule::default() };
        let kopecks = Rule { kopecks: true, ..Rule::default() };
        assert_eq!(apply(&comma, "1 234,50").unwrap(), "1234.50");
        assert!(apply(&comma, "1.234,50").is_err(), "a point that may mean thousands");
        for (text, expected) in [("5", "0.05"), ("-5", "-0.05"), ("123456", "1234.56"), ("0", "0.00")] {
            assert_eq!(apply(&kopecks, text).unwrap(), expected);
        }
        assert!(apply(&kopecks, "1.5").is_err() && apply(&kopecks, "-").is_err());
    }

    #[test]
    fn dates_words_and_empty_cells_are_translated() {
        let date = Rule { date: Some("%d.%m.%Y".into()), ..Rule::default() };
        assert_eq!(apply(&date, "28.02.2026").unwrap(), "2026-02-28");
        assert!(apply(&date, "30.02.2026").is_err());
        let words = Rule { words: BTreeMap::from([("куб.м".into(), "CUBIC_METRE".into())]), ..Rule::default() };
        assert_eq!(apply(&words, "куб.м").unwrap(), "CUBIC_METRE");
        assert!(apply(&words, "ведро").unwrap_err().contains("куб.м"));
        let default = Rule { default: Some("1".into()), ..Rule::default() };
        assert_eq!((apply(&default, "").unwrap(), apply(&default, "0").unwrap()), ("1".into(), "0".into()));
    }

    #[test]
    fn what_is_known_of_the_file_is_told_to_every_row() {
        let given = |given| Rule { given: Some(given), ..Rule::default() };
        assert_eq!(apply(&given(Given::Period), "").unwrap(), "2026-02");
        assert_eq!(apply(&given(Given::PeriodEnd), "").unwrap(), "2026-02-28");
        assert_eq!(apply(&given(Given::ExportedAt), "").unwrap(), known().exported_at);
        let unknown = Known { period: None, ..known() };
        assert!(given(Given::Period).apply("", &unknown).is_err());
    }
}
